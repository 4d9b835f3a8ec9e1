"""One result for each request, in order."""

import json

import pytest

from apps.graphapi import (
    BadAnswer,
    Client,
    InvalidRequest,
    Request,
    ServerFault,
    Throttled,
    TokenRefused,
    TooMuchData,
    Unreachable,
)
from tests.graphapi.conftest import SECRET, TOKEN, sample


def member(body, code=200, **headers):
    named = [{"name": name, "value": text} for name, text in headers.items()]
    return {"code": code, "headers": named, "body": body if isinstance(body, str) else json.dumps(body)}


def refusal(name):
    error = sample("errors")[name]
    return member(error["body"], error["status"])


def reads(n):
    return [Request("GET", f"act_{i}/insights", {"level": "campaign"}) for i in range(n)]


def test_the_form_goes_to_the_versioned_root(make_client, meta):
    meta.answer([member({"data": []}), member({"success": True}), member({"success": True})])

    make_client(app_secret=SECRET).batch(
        [
            Request("GET", "act_1/insights", {"fields": ["spend", "reach"], "filtering": [{"field": "a b"}]}),
            Request("POST", "42", {"status": "PAUSED", "name": "A & B"}),
            Request("DELETE", "act_1/subscribed_apps", {"app_id": 9}),
        ]
    )

    (seen,) = meta.requests
    assert (seen.method, seen.target) == ("POST", "/v26.0/")
    assert seen.headers["Authorization"] == f"Bearer {TOKEN}"
    assert seen.form["appsecret_proof"] == sample("proofs")["plain"]
    assert seen.form["include_headers"] == "true"
    assert seen.form["access_token"] == TOKEN
    filtering = "%5B%7B%22field%22%3A%22a%20b%22%7D%5D"
    assert seen.members == [
        {"method": "GET", "relative_url": f"act_1/insights?fields=spend%2Creach&filtering={filtering}"},
        {"method": "POST", "relative_url": "42", "body": "status=PAUSED&name=A%20%26%20B"},
        {"method": "DELETE", "relative_url": "act_1/subscribed_apps?app_id=9"},
    ]


def test_each_member_is_judged_by_itself(client, meta):
    meta.answer(sample("batch")[:2])

    good, bad = client.batch(reads(2))

    assert (good.ok, good.value, good.status) == (True, {"data": [], "paging": {}}, 200)
    assert (good.usage.peak, good.usage.readings[0].object_id) == (1, "111")
    assert (bad.ok, bad.value, bad.status, bad.usage) == (False, None, 400, None)
    assert type(bad.error) is InvalidRequest
    assert bad.error.path == "act_{id}/insights"
    assert good.unwrap() == good.value
    with pytest.raises(InvalidRequest):
        bad.unwrap()


def test_members_not_finished_are_asked_again_alone(client, meta, sleeps):
    meta.answer([member({"n": 0}), None, member({"n": 2}), None])
    meta.answer([member({"n": 1}), None])
    meta.answer([member({"n": 3})])

    results = client.batch(reads(4))

    assert [result.value for result in results] == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
    assert [[m["relative_url"][:5] for m in seen.members] for seen in meta.requests] == [
        ["act_0", "act_1", "act_2", "act_3"],
        ["act_1", "act_3"],
        ["act_3"],
    ]
    assert sleeps == [5.0, 10.0]


def test_members_that_never_finish_are_given_up(client, meta):
    for _ in range(5):
        meta.answer([None])

    (result,) = client.batch(reads(1))

    assert type(result.error) is Unreachable
    assert "not finished" in str(result.error)
    assert len(meta.requests) == 5


def test_a_write_that_was_not_finished_is_not_sent_again(client, meta):
    meta.answer([None, None])
    meta.answer([member({"success": True})])

    lost, repeated = client.batch(
        [
            Request("POST", "1", {"status": "PAUSED"}),
            Request("POST", "2", {"status": "PAUSED"}, idempotent=True),
        ]
    )

    assert type(lost.error) is Unreachable
    assert repeated.value == {"success": True}
    assert [m["relative_url"] for m in meta.requests[1].members] == ["2"]


def test_hiccups_of_members_are_asked_again_and_refusals_are_not(client, meta):
    meta.answer([refusal("overloaded"), refusal("app removed"), refusal("insights allowance spent")])
    meta.answer([member({"n": 0})])

    results = client.batch(reads(3))

    assert results[0].value == {"n": 0}
    assert type(results[1].error) is TokenRefused
    assert type(results[2].error) is Throttled
    assert len(meta.requests[1].members) == 1


def test_a_member_throttled_has_its_own_wait(client, meta):
    usage = json.dumps(
        {"0": [{"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 9}]}
    )
    error = sample("errors")["insights allowance spent"]["body"]
    meta.answer([member(error, 400, **{"x-business-use-case-usage": usage}), member({})])

    blocked, fine = client.batch(reads(2))

    assert blocked.error.retry_after == 540
    assert blocked.error.account_id == "0"
    assert fine.usage is None


def test_more_than_fifty_go_in_chunks(client, meta):
    for size in (50, 50, 20):
        meta.answer([member({"n": n}) for n in range(size)])

    results = client.batch(reads(120))

    assert [len(seen.members) for seen in meta.requests] == [50, 50, 20]
    assert [result.value["n"] for result in results] == [*range(50), *range(50), *range(20)]


def test_chunks_can_be_smaller_but_never_larger(client, meta):
    for _ in range(3):
        meta.answer([member({})] * 50)

    client.batch(reads(2), size=1)
    client.batch(reads(50), size=500)

    assert [len(seen.members) for seen in meta.requests] == [1, 1, 50]


def test_nothing_asked_nothing_sent(client, meta):
    assert client.batch([]) == []
    assert meta.requests == []


@pytest.mark.parametrize("name", ["batch too large", "batch timed out"])
def test_a_batch_refused_as_a_whole_is_asked_in_halves(client, meta, sleeps, name):
    meta.refuse(name)
    meta.answer([member({"n": 0})])
    meta.refuse(name)
    meta.answer([member({"n": 1})])
    meta.answer([member({"n": 2})])

    results = client.batch(reads(3))

    assert [result.value["n"] for result in results] == [0, 1, 2]
    assert [len(seen.members) for seen in meta.requests] == [3, 1, 2, 1, 1]
    assert sleeps == []


def test_a_batch_with_writes_is_not_sent_again_when_it_timed_out(client, meta):
    meta.refuse("batch timed out")

    results = client.batch([Request("POST", "1", {"a": 1}), Request("POST", "2", {"a": 1})])

    assert [type(result.error) for result in results] == [ServerFault, ServerFault]
    assert len(meta.requests) == 1


def test_a_single_member_that_is_too_big_says_so(client, meta):
    meta.refuse("batch too large")

    (result,) = client.batch(reads(1))

    assert type(result.error) is TooMuchData


@pytest.mark.parametrize(
    ("name", "kind"), [("token unreadable", TokenRefused), ("insights closed for the app", Throttled)]
)
def test_what_refuses_the_whole_is_not_tried_with_the_other_chunks(client, meta, name, kind):
    meta.refuse(name)

    results = client.batch(reads(120))

    assert len(results) == 120
    assert {type(result.error) for result in results} == {kind}
    assert len(meta.requests) == 1


def test_an_outage_is_waited_out_for_the_whole_batch(client, meta, sleeps):
    meta.answer(b"<html>", 502)
    meta.answer([member({}), member({})])

    assert all(result.ok for result in client.batch(reads(2)))
    assert sleeps == [5.0]


def test_no_answer_at_all_is_a_result_too(make_client):
    client = make_client(base_url="http://127.0.0.1:1", retries=None)

    assert [type(result.error) for result in client.batch(reads(2))] == [Unreachable, Unreachable]


@pytest.mark.parametrize("body", [{"data": []}, "text", 7])
def test_an_answer_that_is_no_list_is_an_error_of_every_member(client, meta, body):
    meta.answer(body)

    assert {type(result.error) for result in client.batch(reads(2))} == {BadAnswer}


@pytest.mark.parametrize(
    "odd", ["x", 7, [], {}, {"code": "200"}, {"code": 200, "body": "<html>"}, {"code": 200, "body": None},
            {"code": 200, "headers": [None, {"name": 1}], "body": "[]"}]
)  # fmt: skip
def test_an_odd_member_is_its_own_error_only(make_client, meta, odd):
    meta.answer([odd, member({"n": 1})])

    first, second = make_client(retries=None).batch(reads(2))

    assert first.error is not None
    assert second.value == {"n": 1}


def test_a_list_shorter_or_longer_than_asked(make_client, meta):
    client = make_client(retries=None)
    meta.answer([member({})])
    meta.answer([member({})] * 5)

    assert [result.ok for result in client.batch(reads(2))] == [True, False]
    assert [result.ok for result in client.batch(reads(2))] == [True, True]


def test_a_body_that_is_already_an_object_is_read(client, meta):
    meta.answer([{"code": 200, "body": {"id": "1"}}])

    assert client.batch(reads(1))[0].value == {"id": "1"}


def test_the_hook_is_told_the_envelope_and_each_member(client, meta, calls):
    meta.answer(sample("batch")[:2])

    client.batch([Request("GET", "act_111/insights"), Request("GET", "6200000000001")])

    assert [(c.method, c.path, c.account_id, c.status, c.batch_size, c.envelope) for c in calls] == [
        ("POST", "batch", None, 200, 2, True),
        ("GET", "act_{id}/insights", "111", 200, 2, False),
        ("GET", "{id}", None, 400, 2, False),
    ]
    assert calls[1].usage.for_account("111").peak == 1
    assert (calls[2].code, calls[2].fbtrace_id) == (100, "A1")
    assert calls[1].milliseconds == calls[0].milliseconds


def test_the_hook_is_told_of_a_batch_that_failed_as_a_whole_once(client, meta, calls):
    meta.refuse("token unreadable")

    client.batch(reads(3))

    assert [(c.path, c.envelope, c.batch_size, c.code) for c in calls] == [("batch", True, 3, 190)]


def test_secrets_of_all_members_are_struck_out_of_the_envelopes_error(client, meta):
    meta.answer({"error": {"code": 100, "message": "bad zz-strange-zz"}}, 400)

    (result,) = client.batch([Request("GET", "debug_token", {"input_token": "zz-strange-zz"})])

    assert result.error.message == "bad ***"


def test_a_token_has_no_place_in_a_member(client, meta):
    with pytest.raises(ValueError, match="Client"):
        client.batch([Request("GET", "me", {"access_token": "EAABother"})])

    assert meta.requests == []


def test_a_request_does_not_show_its_parameters():
    assert "zz" not in repr(Request("GET", "debug_token", {"input_token": "zz"}))


def test_requests_can_be_a_generator(client: Client, meta):
    meta.answer([member({}), member({})])

    assert len(client.batch(request for request in reads(2))) == 2
