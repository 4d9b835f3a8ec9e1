"""The knobs over HTTP, and the page for people."""

import pytest
import requests


def test_the_page_shows_tokens_accounts_and_calls(sandbox, graph):
    graph.get("me")
    answer = requests.get(f"{sandbox.url}/_sandbox/", timeout=10)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    answer.encoding = "utf-8"
    assert sandbox.token("system") in answer.text
    assert "青空コマース" in answer.text
    assert "&quot;Quick&quot;" in answer.text
    assert "/v26.0/me" in answer.text


def test_the_state_names_tokens_and_accounts_and_keeps_tokens_out_of_the_calls(
    sandbox, graph, account, control
):
    for name in ("Fjäll", "Harbor"):
        graph.get(f"{account(name)}/ads")
    requests.get(f"{sandbox.url}/v26.0/me", params={"access_token": graph.token}, timeout=10)
    state = control("state", method="GET").json()

    names = {token["name"] for token in state["tokens"]}
    assert {
        "system",
        "reporting",
        "no_ads_read",
        "sixty_day",
        "expired",
        "revoked",
        "password_changed",
        "user",
        "foreign_app",
    } <= names
    assert len(state["accounts"]) == 12
    assert state["last_calls"][-1].keys() == {"at", "method", "path", "status", "milliseconds"}
    assert state["last_calls"][-1]["path"] == "/v26.0/me"
    assert graph.token not in str(state["last_calls"])
    assert state["call_counts"] == {"GET /me 200": 1, "GET /{id}/ads 200": 2}


def test_the_clock_is_set_moved_frozen_and_sped_up(sandbox, control):
    assert control("clock", {"set": "2026-12-24T18:00:00Z"}).json()["now"] == "2026-12-24T18:00:00+00:00"
    assert control("clock", {"advance": 90}).json()["now"] == "2026-12-24T18:01:30+00:00"
    assert control("clock", {"freeze": False, "speed": 3600}).json()["speed"] == 3600
    assert control("clock", {"freeze": True}).json()["frozen"] is True
    assert sandbox.now.year == 2026


def test_a_fast_clock_runs(other_sandbox):
    sandbox, _ = other_sandbox(frozen=False, speed=100_000)
    before = sandbox.now

    while (sandbox.now - before).total_seconds() < 3600:
        pass


def test_every_control_works_over_http(sandbox, graph, account, control):
    node = account()
    ad = graph.data(f"{node}/ads", fields="id")[0]["id"]
    answers = [
        control("faults", {"kind": "error", "code": 1, "status": 500, "path": "/me$"}),
        control("allowance", {"type": "ads_insights", "account": node, "level": 95}),
        control("allowance", {"type": "ads_management", "account": node[4:], "minutes": 5}),
        control("revoke", {"token": sandbox.token("user"), "subcode": 460}),
        control("restate", {"account": node, "day": "2026-11-20", "conversions_percent": 20}),
        control("poison", {"object": ad}),
        control("clock", {"hold": True}),
        control("account", {"account": node, "account_status": 9}),
        control("reports", {"next": ["fail"]}),
        control("settings", {"report_seconds": 9, "short_pages": True}),
    ]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert graph.get("me").status_code == 500
    assert graph.error(graph.get(node))["code"] == 80004
    assert graph.error(graph.get("me", token=sandbox.token("user")))["error_subcode"] == 460
    assert sandbox.state()["settings"]["report_seconds"] == 9


def test_a_reset_brings_the_beginning_back(sandbox, graph, account, control):
    campaign = graph.data(f"{account()}/campaigns", fields="id,name")[0]
    started = sandbox.now
    graph.post(campaign["id"], name="Other")
    sandbox.advance(1000)
    sandbox.revoke("user")
    sandbox.fail("html_502", times=50, path="never")
    sandbox.configure(tier="limited")
    sandbox.block("score", account=account())

    assert control("reset").json()["reset"] is True

    assert sandbox.now == started
    assert graph.get(campaign["id"], fields="id,name").json() == campaign
    assert graph.get("me", token=sandbox.token("user")).status_code == 200
    state = sandbox.state()
    assert state["faults"] == []
    assert state["settings"]["tier"] == "full"
    assert state["calls"] == 2


@pytest.mark.parametrize(
    ("name", "body", "word"),
    [
        ("clock", {}, "advance"),
        ("clock", {"set": "soon"}, "2026-11-23T10:00:00Z"),
        ("clock", {"advance": "1"}, "number"),
        ("clock", {"speed": 0}, "speed"),
        ("clock", {"freeze": "yes"}, "true or false"),
        ("clock", {"forward": 1}, "Unknown key"),
        ("faults", {}, "html_502"),
        ("faults", {"kind": "flood"}, "kind must be"),
        ("faults", {"kind": "error", "path": "("}, "regular expression"),
        ("faults", {"kind": "error", "times": 0}, "times"),
        ("faults", {"kind": "error", "status": 42}, "status"),
        ("faults", {"kind": "error", "rate": 2}, "0.02"),
        ("faults", {"kind": "error", "rate": 0.1, "seed": "x"}, "seed"),
        ("poison", {"object": "404"}, "no object"),
        ("account", {"account": "act_1", "async_row_cap": 0}, "no account"),
        ("faults", {"kind": "error", "colour": 1}, "Unknown key"),
        ("allowance", {"type": "score"}, "no account"),
        ("allowance", {"type": "nonsense"}, "type must be"),
        ("allowance", {"type": "app"}, "level"),
        ("allowance", {"type": "app", "level": -1}, "level"),
        ("revoke", {"token": "nobody"}, "no such token"),
        ("revoke", {"token": "user", "subcode": 1}, "subcode"),
        ("restate", {"account": "act_1"}, "no account"),
        ("account", {"account": "act_1"}, "no account"),
        ("reports", {"next": "fail"}, "list"),
        ("settings", {"tier": "gold"}, "tier"),
        ("settings", {"short_pages": 1}, "true or false"),
        ("settings", {"nonsense": 1}, "Unknown key"),
        ("reset", {"everything": True}, "Unknown key"),
        ("reset", [1], "JSON object"),
    ],
)
def test_bad_input_is_refused_in_words(control, name, body, word):
    answer = control(name, body)

    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_unknown_controls_wrong_methods_and_broken_json(sandbox, control):
    assert control("nonsense", {}).status_code == 404
    assert control("clock", method="GET").status_code == 405
    assert control("state", method="POST").status_code == 405
    assert requests.post(f"{sandbox.url}/_sandbox/clock", data=b"{", timeout=10).status_code == 400


def test_versions(graph):
    assert graph.get("me", version="v26.0").status_code == 200
    assert graph.get("me", version="v25.0").status_code == 200
    for version in ("v24.0", "v99.0", "nonsense"):
        assert graph.error(graph.get("me", version=version))["code"] == 2635


def test_a_fault_of_its_own_is_a_graph_error_and_the_next_call_works(sandbox, graph, capsys, monkeypatch):
    monkeypatch.setattr(sandbox._state.tokens, "find", None)
    answer = graph.get("me")
    monkeypatch.undo()

    assert (answer.status_code, graph.error(answer)["code"]) == (500, 1)
    assert "Traceback" in capsys.readouterr().err
    assert graph.get("me").status_code == 200
