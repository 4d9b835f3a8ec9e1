"""Headers in, allowances out."""

import json

import pytest

from apps.graphapi import Scope, Throttled, classify, read_usage
from tests.graphapi.conftest import sample

HEADERS = sample("usage_headers")
ACCOUNT = "111222333444555"


def one(header, body, account=None):
    return read_usage({header: json.dumps(body)}, account)


def test_all_headers_are_read():
    usage = read_usage(HEADERS, ACCOUNT)

    told = [(r.scope, r.object_id, r.type, r.peak) for r in usage.readings]
    assert told == [
        ("app", "", "", 28),
        ("account", ACCOUNT, "", 9.67),
        ("business_use_case", ACCOUNT, "ads_insights", 97),
        ("business_use_case", ACCOUNT, "ads_management", 12),
        ("insights_app", "", "", 12.5),
        ("insights_account", ACCOUNT, "", 40),
    ]
    insights = usage.readings[2]
    assert (insights.call_count, insights.total_cputime, insights.total_time) == (97, 23, 23)
    assert insights.tier == "development_access"
    assert usage.readings[1].regain_seconds == 100
    assert usage.peak == 97
    assert usage.blocked_for == 0


def test_the_reach_header_is_read_like_its_sister_and_kept_raw():
    usage = one("x-fb-ads-insights-reach-throttle", {"acc_id_util_pct": 70}, "42")

    assert [(r.scope, r.object_id, r.percent) for r in usage.readings] == [
        ("insights_reach_account", "42", 70)
    ]
    assert usage.raw == (("x-fb-ads-insights-reach-throttle", '{"acc_id_util_pct": 70}'),)


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_names_of_headers_come_in_any_case(spell):
    assert read_usage({spell(name): text for name, text in HEADERS.items()}, ACCOUNT) == read_usage(
        HEADERS, ACCOUNT
    )


def test_no_header_no_value():
    assert read_usage({"content-type": "application/json"}) is None


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "7", '"x"', "{}", '{"call_count":"many"}', "[" * 5000]
)
def test_a_header_that_makes_no_sense_is_no_value(text):
    assert read_usage({"X-App-Usage": text}) is None


def test_values_may_be_fractions_text_and_above_a_hundred():
    reading = one("X-App-Usage", {"call_count": 118, "total_cputime": "3.5", "total_time": None}).readings[0]

    assert (reading.call_count, reading.total_cputime, reading.total_time) == (118, 3.5, None)
    assert reading.peak == 118


@pytest.mark.parametrize("value", [True, -1, float("nan"), float("inf"), [], {}, 10**400, "1e999"])
def test_a_figure_that_is_none_is_left_out(value):
    assert one("X-App-Usage", {"call_count": value, "total_time": 5}).readings[0].call_count is None


def test_unknown_types_and_other_objects_are_kept():
    usage = one(
        "X-Business-Use-Case-Usage",
        {"7": [{"type": "ads_telepathy", "call_count": 1}], "8": {"type": "pages", "call_count": 2}, "9": 3},
    )

    assert [(r.object_id, r.type) for r in usage.readings] == [("7", "ads_telepathy"), ("8", "pages")]


def test_minutes_and_seconds_both_become_seconds():
    blocked = one(
        "X-Business-Use-Case-Usage", {"7": [{"estimated_time_to_regain_access": 47, "call_count": 118}]}
    )
    score = one("X-Ad-Account-Usage", {"acc_id_util_pct": 100.0, "reset_time_duration": 270}, "7")

    assert blocked.blocked_for == 47 * 60
    assert score.blocked_for == 270


def test_a_score_below_a_hundred_blocks_nothing_however_long_it_decays():
    assert one("X-Ad-Account-Usage", {"acc_id_util_pct": 99.9, "reset_time_duration": 299}).blocked_for == 0


@pytest.mark.parametrize(
    ("tier", "seconds"), [("development_access", 300), ("standard_access", 60), ("", 60)]
)
def test_a_full_allowance_without_a_time_is_blocked_for_the_shortest_block_of_the_tier(tier, seconds):
    usage = one("X-FB-Ads-Insights-Throttle", {"app_id_util_pct": 100, "ads_api_access_tier": tier})

    assert usage.blocked_for == seconds
    assert usage.tier == tier


def test_one_account_can_be_picked_out():
    usage = one("X-Business-Use-Case-Usage", {"7": [{"call_count": 10}], "8": [{"call_count": 90}]})

    assert usage.for_account("act_7").peak == 10
    assert usage.for_account("8").peak == 90
    assert not usage.for_account("9")
    assert usage.for_account("9").peak == 0


def test_the_app_can_be_picked_out():
    scopes = {reading.scope for reading in read_usage(HEADERS, ACCOUNT).for_app().readings}

    assert scopes == {Scope.APP, Scope.INSIGHTS_APP}


# How long to stay away


def throttled(code, subcode=None, headers=None, account=None, **rest):
    return Throttled(
        entry=classify(code, subcode), code=code, subcode=subcode, account_id=account,
        usage=read_usage(headers or {}, account), **rest,
    )  # fmt: skip


def use_cases(**minutes):
    entries = [
        {"type": kind, "call_count": 100, "estimated_time_to_regain_access": n} for kind, n in minutes.items()
    ]
    return {"X-Business-Use-Case-Usage": json.dumps({"42": entries})}


def test_the_minutes_of_the_header_are_obeyed():
    error = throttled(80000, 2446079, use_cases(ads_insights=47), "42")

    assert error.retry_after == 47 * 60
    assert (error.scope, error.use_case) == (Scope.BUSINESS_USE_CASE, "ads_insights")


def test_another_use_case_or_account_does_not_lengthen_the_wait():
    mine = throttled(80004, 2446079, use_cases(ads_insights=47, ads_management=3), "42")
    others = throttled(80004, 2446079, use_cases(ads_management=47) | {
        "X-Ad-Account-Usage": '{"acc_id_util_pct":100,"reset_time_duration":90}'}, "7")  # fmt: skip

    assert mine.retry_after == 180
    assert others.retry_after == 90


def test_without_a_named_account_the_longest_time_counts():
    assert throttled(80000, 2446079, use_cases(ads_insights=5)).retry_after == 300


@pytest.mark.parametrize(("tier", "seconds"), [("development_access", 300), ("standard_access", 60)])
def test_a_wait_is_never_shorter_than_a_block_of_the_tier(tier, seconds):
    header = {"X-Ad-Account-Usage": json.dumps(
        {"acc_id_util_pct": 100, "reset_time_duration": 4, "ads_api_access_tier": tier})}  # fmt: skip

    assert throttled(17, 2446079, header, "42").retry_after == seconds


def test_without_any_header_it_is_a_minute():
    assert throttled(80004, 2446079).retry_after == 60


@pytest.mark.parametrize(
    ("code", "subcode", "least"),
    [(613, None, 900), (613, 1996, 900), (613, 12345, 900), (613, 1487632, 3600), (17, 1885172, 86400)],
)
def test_codes_without_a_hint_have_their_own_wait(code, subcode, least):
    assert throttled(code, subcode).retry_after == least


def test_a_retry_after_header_can_only_lengthen_it():
    assert throttled(4, retry_after=500).retry_after == 500
    assert throttled(613, retry_after=5).retry_after == 900
