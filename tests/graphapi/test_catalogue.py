"""Every code of the catalogue, written down here a second time, by hand, from Meta's pages."""

import json

import pytest

from apps.graphapi import CATALOGUE, Category, Mark, Retry, Scope, Who, classify
from apps.graphapi.answers import Asked, Reply, read_answer
from apps.graphapi.catalogue import is_new
from apps.graphapi.errors import BY_CATEGORY
from tests.graphapi.conftest import sample

# code, subcode, category, retry
TABLE = [
    (-1, None, "transient", "in a moment"),
    (-2, 2490547, "transient", "in a moment"),
    (-3, 1504045, "too_much_data", "with a smaller question"),
    (1, None, "transient", "in a moment"),
    (1, 99, "transient", "in a moment"),
    (1, 2853001, "account", "never"),
    (2, None, "transient", "in a moment"),
    (2, 1504038, "too_much_data", "with a smaller question"),
    (2, 1504041, "invalid", "never"),
    (2, 1504042, "invalid", "never"),
    (2, 1504043, "transient", "in a moment"),
    (2, 1504044, "transient", "in a moment"),
    (3, None, "permission", "never"),
    (4, None, "rate_limit", "after the wait"),
    (4, 1504022, "rate_limit", "after the wait"),
    (4, 1504039, "rate_limit", "after the wait"),
    (10, None, "permission", "never"),
    (10, 2332002, "permission", "never"),
    (17, None, "rate_limit", "after the wait"),
    (17, 2446079, "rate_limit", "after the wait"),
    (17, 1885172, "rate_limit", "after the wait"),
    (32, None, "rate_limit", "after the wait"),
    (100, None, "invalid", "never"),
    (100, 33, "permission", "never"),
    (100, 1487534, "too_much_data", "with a smaller question"),
    (100, 1504018, "too_much_data", "with a smaller question"),
    (100, 3191001, "permission", "never"),
    (100, 1487694, "invalid", "never"),
    (100, 1752129, "invalid", "never"),
    (100, 3858258, "invalid", "never"),
    (100, 2446289, "invalid", "never"),
    (100, 2804003, "invalid", "never"),
    (100, 2804008, "invalid", "never"),
    (100, 2804009, "invalid", "never"),
    (100, 2804016, "invalid", "never"),
    (100, 2804019, "invalid", "never"),
    (100, 2804050, "invalid", "never"),
    (100, 36007, "auth", "never"),
    (100, 36008, "auth", "never"),
    (100, 36009, "auth", "never"),
    (102, None, "auth", "never"),
    (104, None, "invalid", "once"),
    (190, None, "auth", "never"),
    (190, 458, "auth", "never"),
    (190, 459, "auth", "never"),
    (190, 460, "auth", "never"),
    (190, 463, "auth", "never"),
    (190, 464, "auth", "never"),
    (190, 467, "auth", "never"),
    (190, 492, "permission", "never"),
    (200, None, "permission", "never"),
    (200, 1870034, "account", "never"),
    (200, 1870047, "invalid", "never"),
    (230, None, "permission", "never"),
    (299, 5, "permission", "never"),
    (270, None, "permission", "never"),
    (272, None, "permission", "never"),
    (273, None, "permission", "never"),
    (274, None, "permission", "never"),
    (275, None, "permission", "never"),
    (278, None, "permission", "never"),
    (294, None, "permission", "never"),
    (341, None, "rate_limit", "after the wait"),
    (368, None, "policy", "never"),
    (506, None, "invalid", "never"),
    (613, None, "rate_limit", "after the wait"),
    (613, 1487225, "rate_limit", "after the wait"),
    (613, 1487632, "rate_limit", "after the wait"),
    (613, 1487742, "rate_limit", "after the wait"),
    (613, 1996, "rate_limit", "after the wait"),
    (613, 5044001, "rate_limit", "after the wait"),
    (960, None, "transient", "in a moment"),
    (100, 1487007, "invalid", "never"),
    (100, 1487033, "invalid", "never"),
    (100, 1487056, "invalid", "never"),
    (100, 1487566, "invalid", "never"),
    (100, 1487390, "unknown", "once"),
    (100, 1487470, "account", "never"),
    (100, 1487901, "invalid", "never"),
    (100, 1487990, "invalid", "never"),
    (100, 1404078, "policy", "never"),
    (100, 2859015, "policy", "never"),
    (100, 1404163, "policy", "never"),
    (100, 1870090, "account", "never"),
    (100, 1870092, "account", "never"),
    (100, 1885183, "invalid", "never"),
    (100, 1885272, "invalid", "never"),
    (100, 1885650, "invalid", "never"),
    (100, 1885621, "invalid", "never"),
    (100, 2446307, "invalid", "never"),
    (100, 2490427, "policy", "never"),
    (100, 2490468, "policy", "never"),
    (2200, None, "invalid", "never"),
    (2335, None, "invalid", "never"),
    (2500, None, "invalid", "never"),
    (2601, 1815107, "transient", "in a moment"),
    (2606, None, "invalid", "never"),
    (2607, None, "invalid", "never"),
    (2615, None, "invalid", "never"),
    (2635, None, "version", "never"),
    (2642, None, "invalid", "never"),
    (2654, 1713092, "permission", "never"),
    (2695, None, "invalid", "never"),
    (100, 2708008, "policy", "never"),
    (3018, None, "invalid", "never"),
    (100, 3910001, "account", "after the wait"),
    (5000, None, "unknown", "once"),
    (80000, 2446079, "rate_limit", "after the wait"),
    (80000, None, "rate_limit", "after the wait"),
    (80001, None, "rate_limit", "after the wait"),
    (80002, None, "rate_limit", "after the wait"),
    (80003, 2446079, "rate_limit", "after the wait"),
    (80004, 2446079, "rate_limit", "after the wait"),
    (80005, None, "rate_limit", "after the wait"),
    (80006, None, "rate_limit", "after the wait"),
    (80008, None, "rate_limit", "after the wait"),
    (80009, None, "rate_limit", "after the wait"),
    (80014, None, "rate_limit", "after the wait"),
]


@pytest.mark.parametrize(("code", "subcode", "category", "retry"), TABLE)
def test_the_catalogue_knows(code, subcode, category, retry):
    entry = classify(code, subcode)

    assert (entry.category, entry.retry) == (category, retry)
    assert entry.meaning.endswith(".")
    assert entry.action.endswith(".")


def test_every_row_of_the_catalogue_is_in_the_table_above():
    pairs = {(code, subcode) for code, subcode, _, _ in TABLE}
    alone = {subcode for _, subcode in pairs}

    missing = [
        (row.code, row.subcode)
        for row in CATALOGUE
        if (row.code, row.subcode) not in pairs and not (row.code is None and row.subcode in alone)
        if (row.code, row.subcode) not in {(80003, None), (80004, None)}
    ]

    assert missing == []


def test_no_pair_is_listed_twice():
    pairs = [(row.code, row.subcode) for row in CATALOGUE]

    assert len(pairs) == len(set(pairs))


def test_every_category_has_its_own_class():
    assert set(BY_CATEGORY) == set(Category)
    assert len(set(BY_CATEGORY.values())) == len(Category)


def test_who_acts_is_named_wherever_retrying_does_not_help():
    idle = [row for row in CATALOGUE if row.retry is Retry.NEVER and row.who is Who.NOBODY]

    assert idle == []


@pytest.mark.parametrize("value", [1487901, 1404163, 1870090, 3910001])
def test_a_seven_digit_value_means_the_same_as_subcode_of_any_code_and_as_code(value):
    assert classify(100, value) == classify(200, value) == classify(613, value) == classify(value, None)
    assert classify(100, value).subcode == value


def test_a_subcode_decides_before_its_code():
    assert classify(4, 1504041).category is Category.INVALID
    assert classify(100, 2446079).scope is Scope.ACCOUNT


def test_an_unlisted_subcode_leaves_the_code_to_decide():
    assert classify(190, 999) is classify(190)
    assert classify(100, 7654321) is classify(100)
    assert classify(17, 1234567) is classify(17)


def test_events_of_the_conversions_api_are_never_sent_again_unchanged():
    assert classify(100, 2804777).category is Category.INVALID


@pytest.mark.parametrize(
    ("code", "message", "category"),
    [
        (1, "Please reduce the amount of data you're asking for, then retry your request", "too_much_data"),
        (100, "(#100) Missing Permission", "permission"),
        (100, "Missing permission(s): ads_read", "permission"),
        (100, "(#100) Cannot include spend in summary param because", "transient"),
        (1, "Error validating client secret.", "invalid"),
        (100, "Invalid appsecret_proof provided in the API argument", "invalid"),
        (424242, "Please reduce the amount of data you're asking for", "too_much_data"),
        (200, "Cannot include spend in summary param because", "permission"),
    ],
)
def test_few_messages_decide_where_the_code_does_not(code, message, category):
    assert classify(code, None, message=message).category == category


def test_a_pair_wins_over_a_message():
    assert classify(100, 33, message="missing permissions").meaning.startswith("The object does not exist")


@pytest.mark.parametrize(
    ("facts", "category"),
    [
        ({"is_transient": True}, "transient"),
        ({"is_transient": False}, "unknown"),
        ({"status": 503}, "transient"),
        ({"status": 400}, "unknown"),
        ({"is_transient": False, "status": 500}, "transient"),
        ({"type": "GraphBatchException"}, "too_much_data"),
        ({}, "unknown"),
    ],
)
def test_what_the_catalogue_does_not_know_is_judged_by_flag_and_status(facts, category):
    assert classify(424242, 7, **facts).category == category


def test_codes_decide_before_flag_and_status():
    assert classify(100, None, is_transient=True, status=500).category is Category.INVALID
    assert classify(2, 1504041, is_transient=True).category is Category.INVALID


@pytest.mark.parametrize(
    ("code", "subcode", "scope", "use_case"),
    [
        (4, None, "app", ""),
        (4, 1504022, "insights_app", ""),
        (4, 1504039, "insights_app", ""),
        (17, None, "user", ""),
        (17, 2446079, "account", ""),
        (613, 1487742, "account", ""),
        (613, 1487632, "object", ""),
        (32, None, "page", ""),
        (80000, 2446079, "business_use_case", "ads_insights"),
        (80001, None, "business_use_case", "pages"),
        (80003, 2446079, "business_use_case", "custom_audience"),
        (80004, 2446079, "business_use_case", "ads_management"),
    ],
)
def test_a_limit_says_what_is_blocked(code, subcode, scope, use_case):
    entry = classify(code, subcode)

    assert (entry.scope, entry.use_case) == (scope, use_case)


def test_what_only_guides_claim_is_marked_so():
    assert {row.subcode or row.code for row in CATALOGUE if row.mark is Mark.GUIDE} == {273, 1487390, 1487470}


RECORDED = {
    "insights allowance spent": "Throttled",
    "management allowance spent": "Throttled",
    "account score spent": "Throttled",
    "insights closed for the app": "Throttled",
    "too many mutations": "Throttled",
    "pages allowance spent": "Throttled",
    "page limit": "Throttled",
    "missing permission": "PermissionMissing",
    "unknown path": "InvalidRequest",
    "no such object": "PermissionMissing",
    "app removed": "TokenRefused",
    "password changed": "TokenRefused",
    "token unreadable": "TokenRefused",
    "business permission missing": "PermissionMissing",
    "service unavailable": "ServerFault",
    "profile without page": "AccountBlocked",
    "page too heavy": "TooMuchData",
    "overloaded": "ServerFault",
    "budget too low": "InvalidRequest",
    "event too old": "InvalidRequest",
    "version ended": "VersionEnded",
    "batch too large": "TooMuchData",
    "batch timed out": "ServerFault",
    "bad cursor": "InvalidRequest",
    "too far back": "InvalidRequest",
    "report read early": "ServerFault",
    "summary quirk": "ServerFault",
    "proof missing": "InvalidRequest",
    "client secret wrong": "InvalidRequest",
    "login code used": "TokenRefused",
}


@pytest.mark.parametrize(("name", "body"), sample("errors").items())
def test_recorded_errors_become_their_class_with_all_their_fields(name, body):
    said = body["body"]["error"]

    error = read_answer(
        Reply(status=body["status"], body=json.dumps(body["body"]).encode()), Asked(method="GET", path="x")
    ).error

    assert type(error).__name__ == RECORDED[name]
    assert (error.code, error.subcode) == (said.get("code"), said.get("error_subcode"))
    assert (error.type, error.message) == (said.get("type", ""), said["message"])
    assert (error.user_title, error.is_transient) == (
        said.get("error_user_title", ""),
        said.get("is_transient"),
    )
    assert (error.fbtrace_id, error.status) == (said.get("fbtrace_id", ""), body["status"])


@pytest.mark.parametrize(
    ("code", "subcode", "message", "new"),
    [
        (424242, None, "", True),
        (424242, 7, "", True),
        (100, 717171, "", True),  # the code is known, the subcode is not
        (80004, 717171, "", True),
        (100, None, "", False),
        (100, 33, "", False),
        (100, 1487390, "", True),  # listed as unknown
        (100, 2804003, "", False),  # of a range that is known
        (1, 717171, "Please reduce the amount of data", False),  # the message tells it
    ],
)
def test_what_no_row_tells_of_is_new(code, subcode, message, new):
    assert is_new(code, subcode, classify(code, subcode, message=message)) is new
