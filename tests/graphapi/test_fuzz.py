"""Whatever comes over the wire: a value or one of our errors, and never a secret in its words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.graphapi import GraphError, Usage, read_usage
from apps.graphapi.answers import Asked, Reply, read_answer
from apps.graphapi.batching import read_members
from apps.graphapi.paging import Trail
from apps.graphapi.tokens import read_token_info
from apps.graphapi.usage import HEADERS

TOKEN, APP_SECRET = "EAAtestTOKEN123", "zz-app-secret-zz"
ASKED = Asked(method="GET", path="act_{id}/insights", account_id="42", secrets=(TOKEN, APP_SECRET))

secrets = st.sampled_from([TOKEN, APP_SECRET, f"access_token={TOKEN}", f"Bearer {TOKEN}", f"x{APP_SECRET}y"])
words = st.text(max_size=30) | secrets | st.tuples(st.text(max_size=10), secrets).map(" ".join)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4)
)
error_keys = (
    "message", "type", "code", "error_subcode", "is_transient", "error_user_title", "error_user_msg",
    "error_data", "fbtrace_id",
)  # fmt: skip
errors = st.fixed_dictionaries({}, optional=dict.fromkeys(error_keys, values))
known = st.fixed_dictionaries(
    {"code": st.sampled_from([1, 2, 4, 17, 100, 190, 200, 613, 80000])} | {"message": words}
)
bodies = (
    st.binary(max_size=200)
    | values.map(lambda value: json.dumps(value).encode())
    | (errors | known).map(lambda error: json.dumps({"error": error}).encode())
    | words.map(lambda text: f"<html>{text}".encode("utf-8", "replace"))
)
statuses = st.none() | st.integers(200, 599)
headers = st.dictionaries(
    st.sampled_from(
        [*HEADERS, "X-App-Usage", "retry-after", "content-type", "location", "x-fb-trace-id", "x-fb-rev"]
    ),
    values.map(json.dumps) | words,
    max_size=4,
)

LEAKS = (TOKEN, APP_SECRET)


@settings(max_examples=300, deadline=None)
@given(body=bodies, status=statuses, named=headers)
def test_any_answer_is_a_value_or_one_of_our_errors(body, status, named):
    answer = read_answer(Reply(status=status, headers=named, body=body), ASKED)

    assert (answer.error is None) == (answer.value is not None)
    if answer.error is not None:
        assert isinstance(answer.error, GraphError)
        assert answer.error.retry_after >= 0
        told = f"{answer.error} {answer.error!r} {vars(answer.error)}"
        told += f"{answer.usage} {answer.fbtrace_id} {answer.request_id} {answer.rev}"
        told.encode()
        assert not any(secret in told for secret in LEAKS)


@settings(max_examples=200, deadline=None)
@given(
    items=st.lists(
        values | st.fixed_dictionaries({"code": st.integers(100, 600), "body": values}), max_size=4
    )
)
def test_any_batch_has_one_answer_for_each_member(items):
    answers = read_members(items, [ASKED] * 4)

    assert len(answers) == 4
    assert not any(secret in str(answer.error) for answer in answers for secret in LEAKS)


@settings(max_examples=300, deadline=None)
@given(named=headers)
def test_any_header_is_usage_or_nothing(named):
    usage = read_usage(named, "42")

    assert usage is None or isinstance(usage, Usage)
    if usage:
        assert usage.readings
        assert 0 <= usage.peak < float("inf")
        assert 0 <= usage.blocked_for < float("inf")


usage_bodies = st.dictionaries(
    st.sampled_from(
        ["call_count", "total_cputime", "total_time", "estimated_time_to_regain_access", "reset_time_duration",
         "acc_id_util_pct", "app_id_util_pct", "type", "ads_api_access_tier", "new_key"]
    ),
    leaves,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(body=usage_bodies, header=st.sampled_from(HEADERS))
def test_any_figures_are_finite_or_left_out(body, header):
    nested = {"7": [body]} if "business" in header else body
    usage = read_usage({header: json.dumps(nested)}, "42")

    assert usage is None or 0 <= usage.peak < float("inf")


@settings(max_examples=200, deadline=None)
@given(page=st.fixed_dictionaries({}, optional={"data": values, "paging": values}))
def test_any_page_has_rows_and_a_way_on_or_is_an_error(page):
    trail = Trail("act_42/ads")
    try:
        rows, cursor = trail.rows(page), trail.next(page)
    except GraphError:
        return

    assert all(isinstance(row, dict) for row in rows)
    assert cursor is None or "access_token" not in cursor


@settings(max_examples=200, deadline=None)
@given(
    data=st.dictionaries(
        st.sampled_from(["app_id", "scopes", "granular_scopes", "error", "expires_at"]), values
    )
)
def test_any_verdict_can_be_read(data):
    assert not read_token_info({"data": data}).is_valid


@pytest.mark.parametrize("depth", [900, 100_000])
def test_nesting_without_end_is_an_error_like_any_other(depth):
    body = b'{"error":{"code":100,"error_data":' + b"[" * depth + b"]" * depth + b"}}"

    assert isinstance(read_answer(Reply(status=400, body=body), ASKED).error, GraphError)
