"""What Meta answers becomes values, digit for digit, or is refused with a sentence; never anything else."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from apps.reporting import rows
from apps.reporting.rows import Unreadable

SINCE, UNTIL = date(2026, 11, 1), date(2026, 11, 7)
AS_META_WRITES = {
    "account_id": "11",
    "account_currency": "EUR",
    "campaign_id": "620001",
    "campaign_name": "Herbst – Größe 42 🍂",
    "impressions": "18841",
    "reach": "12503",
    "frequency": "1.506918",
    "clicks": "412",
    "inline_link_clicks": "301",
    "spend": "123.40",
    "actions": [
        {"action_type": "link_click", "value": "301"},
        {"action_type": "omni_purchase", "value": "9", "1d_click": "6"},
    ],
    "action_values": [{"action_type": "omni_purchase", "value": "812.40"}],
    "date_start": "2026-11-03",
    "date_stop": "2026-11-03",
}


def read(raw=(), *, level="campaign", breakdown="", **more):
    return _read({**AS_META_WRITES, **dict(raw), **more}, level, breakdown)


def without(*names, level="campaign", breakdown=""):
    return _read(
        {name: value for name, value in AS_META_WRITES.items() if name not in names}, level, breakdown
    )


def _read(row, level, breakdown):
    """As the bytes that Meta sends; a row that was an object already gives the same."""
    asked = {"account_id": "11", "currency": "EUR", "level": level, "breakdown": breakdown}
    written = Raw(json.dumps(row).encode())
    try:
        found = rows.read(written, **asked, since=SINCE, until=UNTIL)
    except Unreadable as refusal:
        with pytest.raises(Unreadable) as other:
            rows.read(json.loads(bytes(written)), **asked, since=SINCE, until=UNTIL)
        assert str(other.value) == str(refusal)
        raise
    assert rows.read(json.loads(bytes(written)), **asked, since=SINCE, until=UNTIL) == found
    return found


def test_a_row_as_meta_writes_it():
    row = read()

    assert (row.day, row.level, row.object_id, row.campaign_id) == (
        date(2026, 11, 3),
        "campaign",
        "620001",
        "620001",
    )
    assert row.name == "Herbst – Größe 42 🍂"
    assert (row.impressions, row.clicks, row.inline_link_clicks, row.reach) == (
        "18841",
        "412",
        "301",
        "12503",
    )
    assert row.spend == "123.40"
    assert row.frequency == "1.506918"
    assert row.actions == '{"link_click":301,"omni_purchase":9}'
    assert row.action_values == '{"omni_purchase":812.40}'
    assert row.currency == "EUR"
    assert row.key == (date(2026, 11, 3), "campaign", "620001", "")


def test_numbers_may_be_numbers():
    row = read(impressions=18841, spend=123.4, reach=12503.0, actions=[{"action_type": "lead", "value": 2.5}])

    assert (row.impressions, row.spend, row.reach) == ("18841", "123.4", "12503")
    assert row.actions == '{"lead":2.5}'


def test_what_is_not_there_is_zero_for_counts_and_unknown_for_reach():
    row = without("impressions", "clicks", "inline_link_clicks", "spend", "reach", "frequency", "actions",
                  "action_values", "campaign_name", "account_currency", "account_id", "date_stop")  # fmt: skip

    assert (row.impressions, row.clicks, row.inline_link_clicks, row.spend) == ("0", "0", "0", "0")
    assert (row.reach, row.frequency) == (None, None)
    assert (row.actions, row.action_values) == ("{}", "{}")
    assert (row.name, row.currency) == ("", "EUR")


def test_a_zero_keeps_its_decimals():
    assert read(spend="0.00").spend == "0.00"


@pytest.mark.parametrize("level", ["account", "campaign", "adset", "ad"])
def test_each_level_is_known_by_its_own_id(level):
    row = read(level=level, adset_id="630001", ad_id="640001", adset_name="A", ad_name="B")

    assert row.object_id == {"account": "11", "campaign": "620001", "adset": "630001", "ad": "640001"}[level]
    assert row.name == {"account": "", "campaign": "Herbst – Größe 42 🍂", "adset": "A", "ad": "B"}[level]
    assert bool(row.ad_id) == (level == "ad")


def test_a_breakdown_names_the_segment_in_the_order_asked_for():
    row = read(level="account", breakdown="age,gender", gender="female", age="25-34")

    assert row.segment == "25-34,female"
    assert row.key == (date(2026, 11, 3), "account", "11", "25-34,female")


REFUSED = {
    "a day before the window": (
        {"date_start": "2026-10-31", "date_stop": "2026-10-31"},
        "a row of 2026-10-31",
    ),
    "a day after the window": (
        {"date_start": "2026-11-08", "date_stop": "2026-11-08"},
        "a row of 2026-11-08",
    ),
    "several days in one": ({"date_stop": "2026-11-04"}, "one row for 2026-11-03 to"),
    "an end that is none": ({"date_stop": None}, "one row for 2026-11-03 to"),
    "a day in words": ({"date_start": "yesterday"}, "without a readable date_start"),
    "no day": ({"date_start": None}, "without a readable date_start"),
    "a day with a zero byte": ({"date_start": "2026-11-03\x00"}, "without a readable date_start"),
    "another ad account": ({"account_id": "12"}, "ad account 12 when asked about 11"),
    "another ad account, odd": ({"account_id": "1\x002\ud800"}, "when asked about 11"),
    "no campaign": ({"campaign_id": None}, "without campaign_id"),
    "an empty campaign": ({"campaign_id": ""}, "without campaign_id"),
    "a campaign with an endless id": ({"campaign_id": "6" * 33}, "campaign_id"),
    "spend in words": ({"spend": "a lot"}, "spend as 'a lot', which is no number"),
    "spend that is no number": ({"spend": "NaN"}, "no number"),
    "spend without end": ({"spend": "Infinity"}, "no number"),
    "spend without end, JSON's way": ({"spend": float("inf")}, "no number"),
    "spend as a list": ({"spend": ["1"]}, "no number"),
    "spend as yes": ({"spend": True}, "no number"),
    "spend of another galaxy": ({"spend": "1e40"}, "too large"),
    "spend that would fill the memory": ({"spend": "1e999999"}, "too large"),
    "spend with a million decimals": ({"spend": "1e-999999"}, "decimals"),
    "half an impression": ({"impressions": "1.5"}, "no whole number"),
    "impressions beyond counting": ({"impressions": "9" * 19}, "too large"),
    "impressions that would fill the memory": ({"impressions": "1e999999999"}, "too large"),
    "impressions with commas": ({"impressions": "18,841"}, "no number"),
    "reach below zero": ({"reach": "-1"}, "below zero"),
    "impressions below zero": ({"impressions": "-5"}, "below zero"),
    "actions as a text": ({"actions": "link_click"}, "actions in an unknown form"),
    "actions as an object": ({"actions": {"link_click": 3}}, "actions in an unknown form"),
    "actions as a number": ({"actions": 3}, "actions in an unknown form"),
    "an action that is none": ({"actions": [{"action_type": "lead", "value": "many"}]}, "no number"),
    "a window that is none": (
        {"actions": [{"action_type": "lead", "value": "1", "7d_click": "many"}]},
        "7d_click as 'many', which is no number",
    ),
    "a window as a list": ({"actions": [{"action_type": "lead", "value": "1", "1d_ev": [1]}]}, "no number"),
    "an action without end": ({"action_values": [{"action_type": "lead", "value": "Infinity"}]}, "no number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_make_a_number_wrong_is_refused(case):
    changed, sentence = REFUSED[case]

    with pytest.raises(Unreadable) as caught:
        read(changed)

    told = str(caught.value)
    assert sentence in told
    assert len(told) < 200
    assert "\x00" not in told
    told.encode()


def test_a_breakdown_without_its_part_is_refused():
    """Such rows would all count as one segment, and the last of them win."""
    with pytest.raises(Unreadable, match="without gender"):
        read(level="account", breakdown="age,gender", age="25-34")


def test_a_segment_longer_than_any_is_refused():
    with pytest.raises(Unreadable, match="region"):
        read(level="account", breakdown="region", region="x" * 401)


def test_spend_taken_back_is_kept_as_it_is():
    assert read(spend="-12.50").spend == "-12.50"


def test_the_same_action_twice_is_added_up():
    row = read(actions=[{"action_type": "lead", "value": "1"}, {"action_type": "lead", "value": "2"}])

    assert row.actions == '{"lead":3}'


def test_windows_are_kept_by_type_digit_for_digit():
    row = read(
        actions=[
            {"action_type": "link_click", "value": "301", "1d_click": "301", "7d_click": "301"},
            {"action_type": "lead", "value": "2"},
            {"action_type": "omni_purchase", "value": "9", "1d_click": "6", "1d_view": "2", "1d_ev": "1"},
        ],
        action_values=[{"action_type": "omni_purchase", "value": "812.40", "28d_click": "900.10"}],
        attribution_setting="7d_click_1d_view",
    )

    assert row.action_windows == (
        '{"link_click":{"1d_click":301,"7d_click":301},"omni_purchase":{"1d_click":6,"1d_view":2,"1d_ev":1}}'
    )
    assert row.action_value_windows == '{"omni_purchase":{"28d_click":900.10}}'
    assert row.attribution_setting == "7d_click_1d_view"


def test_a_type_that_only_a_window_counts_stands_in_its_windows_alone():
    row = read(actions=[{"action_type": "lead", "value": "0", "28d_click": "1"}], action_values=[])

    assert (row.actions, row.action_windows) == ("{}", '{"lead":{"28d_click":1}}')
    assert (row.action_values, row.action_value_windows) == ("{}", "{}")


def test_windows_that_are_zero_or_that_nobody_asked_for_are_left_out():
    row = read(
        actions=[
            {"action_type": "lead", "value": "1", "1d_click": "0", "1d_view": "0.00", "7d_click": "", "dda": "4",
             "28d_click": None, "7d_click_first_conversion": "1", "inline": "1"},
        ]
    )  # fmt: skip

    assert (row.actions, row.action_windows) == ('{"lead":1}', "{}")


def test_the_same_action_twice_is_added_up_by_window_too():
    row = read(
        action_values=[
            {"action_type": "lead", "value": "1.10", "1d_click": "1.10"},
            {"action_type": "lead", "value": "2", "1d_click": "0.90", "1d_view": "3"},
        ]
    )

    assert row.action_values == '{"lead":3.10}'
    assert row.action_value_windows == '{"lead":{"1d_click":2.00,"1d_view":3}}'


def test_what_was_read_before_is_no_excuse_for_another_type():
    assert read(actions=[{"action_type": "lead", "value": 1}]).actions == '{"lead":1}'
    assert read(actions=[{"action_type": "lead", "value": 1.0}]).actions == '{"lead":1.0}'
    with pytest.raises(Unreadable, match="no number"):
        read(actions=[{"action_type": "lead", "value": True}])


def test_more_entries_than_are_remembered_are_read_all_the_same():
    for n in range(rows._MOST_ACTIONS + 10):
        assert read(actions=[{"action_type": "lead", "value": str(n)}]).actions == f'{{"lead":{n}}}'
    assert len(rows._actions) <= rows._MOST_ACTIONS


def test_odd_entries_of_an_action_array_are_left_out():
    row = read(
        actions=[
            None,
            "lead",
            3,
            {},
            {"value": "4"},
            {"action_type": "", "value": "5"},
            {"action_type": "lead"},
        ]
    )

    assert row.actions == '{"lead":0}'


def test_names_lose_only_what_the_database_can_not_hold():
    row = read(
        campaign_name="a\x00b \ud83d c\t\n\\N\"'—😀 مرحبا",
        actions=[{"action_type": "x\x00y\ud800", "value": "1"}],
    )

    assert row.name == "ab ? c\t\n\\N\"'—😀 مرحبا"
    assert json.loads(row.actions) == {"xy?": 1}


def test_a_name_is_cut_where_the_column_ends():
    assert len(read(campaign_name="x" * 5000).name) == 1000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-02T09:15:00-0800", "2026-11-02T09:15:00-08:00"),
        ("2026-11-02T09:15:00+0000", "2026-11-02T09:15:00+00:00"),
        ("2026-11-02", None),
        ("0001-01-01T00:00:00+1400", None),  # before the first year of the calendar, seen from Greenwich
        ("soon", None),
        ("", None),
        (None, None),
        (1795428000, None),
    ],
)
def test_a_moment_is_read_or_is_none(text, moment):
    assert rows.moment(text) == (datetime.fromisoformat(moment) if moment else None)


@pytest.mark.parametrize(
    "written", [b"null", b"3", b'"a"', b"[]", b"[[", b'{"spend": "\xff"}', b'{"actions": [{"a":]}']
)
def test_bytes_that_are_no_row_are_refused(written):
    with pytest.raises(Unreadable, match="that is no"):
        rows.read(
            Raw(written), account_id="11", currency="EUR", level="ad", breakdown="", since=SINCE, until=UNTIL
        )


# --- anything at all -----------------------------------------------------------------------------

_numbers_in_words = st.from_regex(r"-?\d{1,4}(\.\d+)?(e\d{1,7})?")
_keys = st.sampled_from(["action_type", "value", "1d_click", "x"])
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | _numbers_in_words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
_FIELDS = [*AS_META_WRITES, "age", "adset_id", "ad_id"]


# How fast inputs are made says nothing on a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    changed=st.dictionaries(st.sampled_from(_FIELDS), _anything, max_size=4),
    level=st.sampled_from(["account", "campaign", "adset", "ad"]),
    breakdown=st.sampled_from(["", "age"]),
)
def test_whatever_comes_it_is_a_row_that_can_be_stored_or_a_sentence(changed, level, breakdown):
    try:
        row = read(changed, level=level, breakdown=breakdown)
    except Unreadable as refusal:
        text = str(refusal)
        text.encode()
        assert "\x00" not in text
        return
    assert SINCE <= row.day <= UNTIL
    for name in ("object_id", "campaign_id", "adset_id", "ad_id", "segment", "name", "currency"):
        text = getattr(row, name)
        text.encode()
        assert "\x00" not in text
    assert 0 < len(row.object_id) <= 32
    for count in (row.impressions, row.clicks, row.inline_link_clicks, row.reach or "0"):
        assert 0 <= int(count) < 2**63
    assert Decimal(row.spend).is_finite()
    assert len(row.spend) < 100
    for windows in (row.action_windows, row.action_value_windows):
        assert all(
            isinstance(value, int | float)
            for numbers in json.loads(windows).values()
            for value in numbers.values()
        )
    for numbers in (row.actions, row.action_values):
        assert all(isinstance(value, int | float) for value in json.loads(numbers).values())
        assert len(numbers) < 10_000
        json.dumps(json.loads(numbers), ensure_ascii=False).encode()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_money_keeps_every_digit(amount):
    assert read(spend=f"{amount:f}").spend == f"{amount:f}"
