"""Scripted trouble, seen from the other end of the wire."""

import pytest
import requests


def test_an_error_of_choice_for_the_next_calls_only(sandbox, graph, account):
    script = sandbox.fail(
        times=2,
        path="/insights$",
        code=2,
        status=503,
        message="(#2) Service temporarily unavailable",
        is_transient=True,
    )

    assert graph.get("me").status_code == 200
    answers = [graph.get(f"{account()}/insights") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    error = graph.error(answers[0])
    assert (error["code"], error["is_transient"], error["type"]) == (2, True, "OAuthException")
    assert "fbtrace_id" in error
    assert "x-business-use-case-usage" in answers[0].headers
    assert (script.times, script.used) == (0, 2)


def test_only_the_method_asked_for_is_hit(sandbox, graph):
    sandbox.fail("html_502", method="POST", path="/me")

    assert graph.get("me").status_code == 200
    assert graph.post("me").status_code == 502


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("html_502", 502, "<!DOCTYPE html>"),
        ("empty", 200, ""),
        ("text", 200, "this is not JSON"),
        ("unavailable", 200, "Service Unavailable"),
        ("error_200", 200, '{"error"'),
    ],
)
def test_answers_that_are_not_what_they_should_be(sandbox, graph, kind, status, text):
    sandbox.fail(kind)

    answer = graph.get("me")

    assert answer.status_code == status
    assert answer.text.startswith(text)
    assert graph.get("me").status_code == 200


@pytest.mark.parametrize("kind", ["cut_off", "reset", "timeout"])
def test_connections_that_break(sandbox, graph, account, kind):
    sandbox.fail(kind, seconds=0.05)

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        graph.get(f"{account()}/ads")

    assert graph.get("me").status_code == 200
    assert kind in [call["status"] for call in sandbox.state()["last_calls"]]


def test_a_delay_longer_than_the_clients_patience(sandbox, graph):
    sandbox.fail("delay", seconds=5)

    with pytest.raises(requests.Timeout):
        graph.get("me", timeout=0.1)


def test_headers_can_be_changed_and_removed(sandbox, graph, account):
    sandbox.fail("headers", headers={"X-App-Usage": '{"call_count":95}', "x-ad-account-usage": None})

    headers = graph.get(account()).headers

    assert headers["x-app-usage"] == '{"call_count":95}'
    assert "x-ad-account-usage" not in headers


def test_items_of_a_batch_can_fail_one_by_one(sandbox, graph):
    sandbox.fail(code=1, status=500, path="/me$")
    items = [{"method": "GET", "relative_url": "me"}] * 2

    assert [item["code"] for item in graph.post("", batch=items).json()] == [500, 200]


def test_clearing_forgets_what_was_planned(sandbox, graph):
    sandbox.fail("html_502", times=100)
    sandbox.clear_faults()

    assert graph.get("me").status_code == 200


def statuses(graph, calls=400):
    return [graph.get("me").status_code for _ in range(calls)]


def test_a_rate_hits_a_share_of_all_calls_and_the_same_ones_again(sandbox, graph):
    script = sandbox.fail(code=2, status=503, path="/me$", rate=0.1, seed=3)
    first = statuses(graph)
    sandbox.reset()
    again = sandbox.fail(code=2, status=503, path="/me$", rate=0.1, seed=3)

    assert 20 < first.count(503) < 60
    assert statuses(graph) == first
    assert script.used == again.used == first.count(503)


def test_a_rate_hits_members_of_batches_and_ends_after_so_many_times_if_told(sandbox, graph):
    sandbox.fail(code=1, status=500, path="/me$", rate=0.5, times=4)
    items = [{"method": "GET", "relative_url": "me"}] * 50

    codes = [item["code"] for item in graph.post("", batch=items).json()]

    assert codes.count(500) == 4
    assert codes.index(500) < codes.index(200) + 20


def test_connections_are_reset_by_rate(sandbox, graph):
    script = sandbox.fail("reset", rate=0.2, seed=1)
    broken = 0
    for _ in range(100):
        try:
            graph.get("me")
        except requests.ConnectionError:
            broken += 1

    assert broken == script.used
    assert 5 < broken < 40
