"""Batches."""

import json
from urllib.parse import quote

import requests


def get(url, **more):
    return {"method": "GET", "relative_url": url} | more


def body(item):
    return json.loads(item["body"])


def test_items_are_answered_in_order_with_their_own_status(graph, account):
    items = [get("me"), get("act_1"), get(f"v26.0/{account()}/campaigns?limit=2"), get("nonsense/x/y/z")]

    answers = graph.post("", batch=items).json()

    assert [item["code"] for item in answers] == [200, 400, 200, 400]
    assert body(answers[0])["name"] == "reporting-prod"
    assert len(body(answers[2])["data"]) == 2


def test_the_root_without_a_version_takes_batches_too(sandbox, graph):
    answer = requests.post(
        f"{sandbox.url}/", data={"access_token": graph.token, "batch": json.dumps([get("me")])}, timeout=10
    )

    assert answer.json()[0]["code"] == 200


def test_usage_headers_stand_in_the_items(graph, account):
    url = f"{account()}/insights?fields=spend&time_range=" + quote(
        '{"since":"2026-11-01","until":"2026-11-07"}'
    )
    [item] = graph.post("", batch=[get(url)]).json()
    headers = {header["name"].lower(): header["value"] for header in item["headers"]}
    [bare] = graph.post("", batch=[get(url)], include_headers="false").json()

    assert account()[4:] in json.loads(headers["x-business-use-case-usage"])
    assert "headers" not in bare


def test_each_item_is_counted_as_a_call(sandbox, graph, account):
    def calls():
        found = [one for one in sandbox.state()["allowances"] if one["type"] == "score"]
        return found[0]["percent"] if found else 0

    graph.post("", batch=[get(account())] * 45)

    assert calls() == 0.5  # 45 of 9,000 points


def test_an_item_may_bring_its_own_token(sandbox, graph, account):
    outsider = sandbox.token("reporting")
    items = [get("me"), get(f"me?access_token={outsider}"), get("me?access_token=nonsense")]

    answers = graph.post("", batch=items).json()

    assert [item["code"] for item in answers] == [200, 200, 401]
    assert [body(item)["name"] for item in answers[:2]] == ["reporting-prod", "reporting-readonly"]


def test_a_bad_outer_token_fails_the_whole(sandbox, graph):
    dead = graph.post("", token=sandbox.token("revoked"), batch=[get("me")])

    assert (dead.status_code, graph.error(dead)["error_subcode"]) == (400, 458)
    assert graph.post("", token="nonsense", batch=[get("me")]).status_code == 401


def test_references_take_values_from_another_item(graph, account):
    items = [
        get("?ids={result=list:$.data.*.id}&fields=name"),
        get(f"{account()}/campaigns?limit=2", name="list", omit_response_on_success=False),
        get("{result=list:$.data.0.id}?fields=id", depends_on="list"),
    ]

    by_ids, listed, first = graph.post("", batch=items).json()

    ids = [row["id"] for row in body(listed)["data"]]
    assert list(body(by_ids)) == ids
    assert body(first) == {"id": ids[0]}


def test_a_referenced_item_is_left_out_unless_asked_for(graph, account):
    items = [
        get(f"{account()}/campaigns?limit=1", name="list"),
        get("?ids={result=list:$.data.*.id}"),
    ]

    answers = graph.post("", batch=items).json()

    assert answers[0] is None
    assert answers[1]["code"] == 200


def test_a_reference_to_a_failed_item_fails(graph):
    items = [get("act_1", name="first"), get("?ids={result=first:$.id}")]

    assert [item["code"] for item in graph.post("", batch=items).json()] == [400, 400]


def test_writes_have_a_body(graph, account):
    campaign = graph.data(f"{account()}/campaigns")[0]["id"]
    items = [
        {"method": "POST", "relative_url": campaign, "body": "name=" + quote("Neu & schön")},
        get(f"{campaign}?fields=name"),
    ]

    answers = graph.post("", batch=items).json()

    assert body(answers[0]) == {"success": True}
    assert body(answers[1])["name"] == "Neu & schön"


def test_items_can_be_left_unfinished_on_demand(sandbox, graph):
    sandbox.fail("null_item", times=2, path="/me")

    answers = graph.post("", batch=[get("me"), get("act_1"), get("me"), get("me")]).json()

    assert [item and item["code"] for item in answers] == [None, 400, None, 200]


def test_nonsense_is_refused(graph):
    for batch in ("no json", [], [{"method": "GET"}], ["me"], [get("{result=a:$.x}", name="b"), 1]):
        assert graph.post("", batch=batch).status_code == 400
    circle = [get("{result=b:$.x}", name="a"), get("{result=a:$.x}", name="b")]
    assert graph.post("", batch=circle).status_code == 400
