"""A window of days holds exactly what was stored last, byte for byte, and nothing beside it is touched."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from apps.connections.models import AdAccount
from apps.reporting import store
from apps.reporting.models import Insight
from apps.reporting.store import Changes, Window

from .factories import incoming_row

pytestmark = [pytest.mark.django_db, pytest.mark.services]

MON = date(2026, 11, 2)
WEEK = Window("campaign", MON, MON + timedelta(days=6))
HOSTILE = [
    "a\tb", "a\nb", "a\r\nb", "\\N", "\\.", "\\", "\\\\N", "a\\tb", '"', "'", '","', "\x01\x7f", "\x0b", "", " ",
    "é ü ß ø", "😀 👩‍👩‍👧 🏳️‍🌈", "مرحبا بالعالم", "שלום", "\u202eevil", "東京 ほうじ茶", "\u2028\u2029", "%s %(a)s {}",
    "'); DROP TABLE reporting_insight; --", "NULL", "null", "x" * 1000, "\ufeff", "\x85",
]  # fmt: skip


@pytest.fixture
def accounts():
    return [
        AdAccount.objects.create(meta_id=str(n), name=f"Shop {n}", currency="EUR", timezone_name="UTC")
        for n in (11, 12)
    ]


@pytest.fixture
def account(accounts):
    return accounts[0]


def row(campaign="c1", day=MON, **more):
    values = {
        "day": day, "level": "campaign", "object_id": campaign, "segment": "", "campaign_id": campaign, "adset_id": "",
        "ad_id": "", "name": f"Campaign {campaign}", "currency": "EUR", "impressions": 1000, "clicks": 10,
        "inline_link_clicks": 7, "spend": Decimal("12.30"), "reach": 800, "frequency": Decimal("1.25"),
        "actions": '{"lead":3}', "action_values": '{"omni_purchase":45.60}',
    } | more  # fmt: skip
    return incoming_row(**values)


def put(account, rows, window=WEEK):
    with transaction.atomic():
        return store.replace(account, window, rows)


def stored(**filters):
    """Rows as they are, with the transaction that wrote them."""
    rows = Insight.objects.filter(**filters).extra(select={"xmin": "xmin::text", "xmax": "xmax::text"})
    return sorted(
        rows.values_list("account_id", "day", "object_id", "segment", "clicks", "changed_at", "xmin")
    )


def test_twenty_thousand_rows_of_hostile_text_come_back_as_they_were(account):
    rows = [
        row(
            f"c{n % 2500}",
            MON + timedelta(days=n // 2500),
            name=HOSTILE[n % len(HOSTILE)],
            spend=Decimal(n) / 100,
            reach=None if n % 3 else n,
            frequency=None if n % 5 else Decimal("1.506918"),
            impressions=n * 10**9,
            actions=json.dumps({HOSTILE[n % len(HOSTILE)] or "x": n}),
        )
        for n in range(20_000)
    ]

    changes = put(account, rows, Window("campaign", MON, MON + timedelta(days=7)))

    assert changes == Changes(rows=20_000, added=20_000)
    given = {(r.day, r.object_id): r for r in rows}
    assert Insight.objects.count() == 20_000
    for found in Insight.objects.iterator():
        expected = given[found.day, found.object_id]
        assert found.name == expected.name
        for name in ("spend", "impressions", "reach", "frequency"):
            value = getattr(found, name)
            assert (None if value is None else str(value)) == getattr(expected, name)
        assert found.actions == json.loads(expected.actions)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_is_only_a_text_wherever_it_stands(account, text):
    kind = text or "x"

    put(account, [row("c1", name=text, segment=text[:400], campaign_id=text[:32], currency=text[:3],
                      actions=json.dumps({kind: 2}),
                      action_values=json.dumps({kind: 3.5}, ensure_ascii=False))])  # fmt: skip

    found = Insight.objects.get()
    assert (found.name, found.segment, found.campaign_id, found.currency) == (
        text,
        text[:400],
        text[:32],
        text[:3],
    )
    assert found.actions == {kind: 2}
    assert found.action_values == {kind: 3.5}


@pytest.mark.parametrize(
    "amount", ["0", "0.00", "12.30", "0.1", "123456789012345.678901", "-12.50", "1E-7", "1E+3"]
)
def test_money_is_kept_digit_for_digit(account, amount):
    put(account, [row(spend=Decimal(amount))])

    assert Insight.objects.get().spend == Decimal(amount)
    assert f"{Insight.objects.get().spend:f}" == f"{Decimal(amount):f}"


def test_purchases_are_of_one_action_type(account):
    put(
        account,
        [
            row("c1", actions='{"omni_purchase":9,"purchase":8,"offsite_conversion.fb_pixel_purchase":7}'),
            row("c2", actions='{"purchase":8,"offsite_conversion.fb_pixel_purchase":7}'),
            row("c3", actions='{"offsite_conversion.fb_pixel_purchase":7.5}'),
            row("c4", actions='{"lead":3}', action_values='{"omni_purchase":812.40}'),
        ],
    )

    found = dict(Insight.objects.values_list("object_id", "purchases"))
    assert found == {"c1": 9, "c2": 8, "c3": Decimal("7.5"), "c4": None}
    assert str(Insight.objects.get(object_id="c4").purchase_value) == "812.40"


def test_the_same_again_writes_nothing(account):
    rows = [
        row("c1"),
        row("c2", reach=None, frequency=None),
        row("c1", MON + timedelta(days=1), actions="{}"),
    ]
    put(account, rows)
    before = stored()

    changes = put(account, rows)

    assert changes == Changes(rows=3)
    assert stored() == before


def test_the_same_numbers_written_otherwise_are_the_same(account):
    put(account, [row(spend=Decimal("12.30"), actions='{"a":1,"b":2.0}')])
    before = stored()

    changes = put(account, [row(spend=Decimal("12.3"), actions='{"b":2,"a":1.0}')])

    assert changes == Changes(rows=1)
    assert stored() == before


def test_only_what_changed_is_written(account):
    put(account, [row("c1"), row("c2"), row("c3")])
    before = {line[2]: line for line in stored()}

    changes = put(account, [row("c1"), row("c2", clicks=11), row("c4")])

    after = {line[2]: line for line in stored()}
    assert changes == Changes(rows=3, added=1, changed=1, removed=1)
    assert set(after) == {"c1", "c2", "c4"}
    assert after["c1"] == before["c1"]
    assert after["c2"][4] == 11
    assert after["c2"][5] > before["c2"][5]


@pytest.mark.parametrize(
    "change",
    [{"name": "New"}, {"currency": "USD"}, {"impressions": 1}, {"clicks": 1}, {"inline_link_clicks": 1},
     {"spend": Decimal("1")}, {"reach": None}, {"frequency": None}, {"actions": "{}"},
     {"action_values": "{}"}, {"campaign_id": "c9"}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_change_of_any_value_is_a_change(account, change):
    put(account, [row()])

    assert put(account, [row(**change)]) == Changes(rows=1, changed=1)
    assert put(account, [row(**change)]) == Changes(rows=1)


def test_a_window_without_rows_is_emptied(account):
    put(account, [row(day=MON + timedelta(days=d)) for d in range(7)])

    assert put(account, []) == Changes(removed=7)
    assert not Insight.objects.exists()


def test_nothing_beside_the_window_is_touched(accounts):
    one, other = accounts
    everyday = [row(day=MON + timedelta(days=d)) for d in range(-1, 8)]
    put(one, everyday, Window("campaign", MON - timedelta(days=1), MON + timedelta(days=7)))
    put(other, everyday[1:8])
    put(one, [row("11", day=r.day, level="account") for r in everyday[1:8]], replace(WEEK, level="account"))
    put(one, [row(segment="25-34")], replace(WEEK, breakdown="age"))
    put(one, [row(segment="female")], replace(WEEK, breakdown="gender"))
    inside = {"account": one, "level": "campaign", "breakdown": "", "day__range": (WEEK.since, WEEK.until)}
    kept = [line for line in stored() if line not in stored(**inside)]

    put(one, [])

    assert not stored(**inside)
    assert stored() == kept
    assert len(kept) == 2 + 7 + 7 + 1 + 1


def test_the_first_and_the_last_day_belong_to_the_window(account):
    put(account, [row(day=WEEK.since), row(day=WEEK.until)])

    assert put(account, []) == Changes(removed=2)


def test_segments_of_one_object_and_day_stand_side_by_side(account):
    window = replace(WEEK, breakdown="age,gender")

    put(account, [row(segment="25-34,female"), row(segment="25-34,male")], window)

    assert put(account, [row(segment="25-34,male"), row(segment="35-44,male")], window) == Changes(2, 1, 0, 1)
    assert set(Insight.objects.values_list("segment", flat=True)) == {"25-34,male", "35-44,male"}


def test_a_store_that_fails_changes_nothing(account):
    put(account, [row("c1"), row("c2")])
    before = stored()

    def rows():
        yield row("c3")
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        put(account, rows())

    assert stored() == before
    assert put(account, [row("c1"), row("c2")]) == Changes(rows=2)


def test_several_windows_in_one_transaction(accounts):
    with transaction.atomic():
        changes = sum((store.replace(one, WEEK, [row(), row("c2")]) for one in accounts), Changes())

    assert changes == Changes(rows=4, added=4)


def test_a_table_of_somebody_elses_that_is_called_the_same_is_left_alone(account):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.incoming (precious text)")
        cursor.execute("INSERT INTO public.incoming VALUES ('thing')")

    put(account, [row()])

    with connection.cursor() as cursor:
        cursor.execute("SELECT precious FROM public.incoming")
        assert cursor.fetchall() == [("thing",)]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_store_the_same_window_at_once_one_is_what_stands(account, at_once):
    def store_clicks(number):
        return lambda: put(account, [row(f"c{n}", clicks=number) for n in range(500)])

    results = at_once(store_clicks(1), store_clicks(2))

    assert all(isinstance(result, Changes) for result in results), results
    assert Insight.objects.count() == 500
    assert len(set(Insight.objects.values_list("clicks", flat=True))) == 1
