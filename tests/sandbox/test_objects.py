"""Lists and single objects: fields, pages, filters and writes."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests


def test_lists_give_ids_and_25_rows_unless_asked_otherwise(graph, account):
    body = graph.get(f"{account()}/ads").json()

    assert len(body["data"]) == 25
    assert all(row.keys() == {"id"} for row in body["data"])
    assert "next" in body["paging"]
    assert "previous" not in body["paging"]


@pytest.mark.parametrize("limit", ["1", "7", "100"])
def test_pages_give_every_row_once(graph, account, limit):
    node = account()
    whole = graph.get(f"{node}/ads", limit="500").json()["data"]

    assert graph.data(f"{node}/ads", limit=limit) == whole
    assert len({row["id"] for row in whole}) == len(whole)


def test_next_is_there_only_when_there_is_more_and_previous_leads_back(graph, account):
    first = graph.get(f"{account()}/ads", limit="20").json()
    second = graph.get(f"{account()}/ads", limit="20", after=first["paging"]["cursors"]["after"]).json()
    last = graph.get(f"{account()}/ads", limit="500").json()
    back = graph.get(f"{account()}/ads", limit="20", before=second["paging"]["cursors"]["before"]).json()

    assert "previous" in second["paging"]
    assert "next" not in last["paging"]
    assert back["data"] == first["data"]


def test_next_carries_the_token_only_when_it_came_as_a_parameter(sandbox, graph, account):
    by_header = graph.get(f"{account()}/ads", limit="5").json()["paging"]["next"]
    url = f"{sandbox.url}/v26.0/{account()}/ads"
    by_query = requests.get(url, params={"access_token": graph.token, "limit": 5}, timeout=10).json()

    assert "access_token" not in by_header
    link = by_query["paging"]["next"]
    assert parse_qs(urlsplit(link).query)["access_token"] == [graph.token]
    following = requests.get(link, timeout=10).json()
    assert following["data"] == graph.get(f"{account()}/ads", limit="10").json()["data"][5:]


def test_short_pages_hide_an_empty_one_in_the_middle_and_lose_nothing(sandbox, graph, account):
    node = account()
    whole = graph.data(f"{node}/ads", limit="500")
    sandbox.configure(short_pages=True)
    sizes, after, rows = [], {}, []
    while True:
        body = graph.get(f"{node}/ads", limit="9", **after).json()
        sizes.append(len(body["data"]))
        rows += body["data"]
        if "next" not in body["paging"]:
            break
        after = {"after": body["paging"]["cursors"]["after"]}

    assert rows == whole
    assert sizes[:3] == [6, 0, 6]
    assert max(sizes) < 9


def test_a_cursor_outlives_a_campaign_that_comes_or_goes(graph, account):
    first = graph.get(f"{account()}/campaigns", limit="2").json()
    second = graph.get(f"{account()}/campaigns", limit="2", after=first["paging"]["cursors"]["after"]).json()
    graph.post(first["data"][1]["id"], status="ARCHIVED")

    again = graph.get(f"{account()}/campaigns", limit="2", after=first["paging"]["cursors"]["after"]).json()
    assert again["data"] == second["data"]


def test_a_made_up_cursor_is_refused(graph, account):
    assert graph.error(graph.get(f"{account()}/ads", after="nonsense"))["code"] == 2642


def test_a_field_without_a_value_is_absent(graph, account):
    rows = graph.data(f"{account()}/campaigns", fields="id,daily_budget,spend_cap,issues_info")

    assert any("daily_budget" not in row for row in rows)
    assert all(value is not None for row in rows for value in row.values())
    assert all("spend_cap" not in row for row in rows)


def test_an_unknown_field_is_refused(graph, account):
    for path in (account(), f"{account()}/ads"):
        error = graph.error(graph.get(path, fields="id,nonsense"))
        assert error["code"] == 100
        assert "nonexisting field (nonsense)" in error["message"]


def test_fields_nest(graph, account):
    fields = "name,creative{id,name,thumbnail_url},adset{name,campaign{id}},campaign{name}"
    row = graph.get(f"{account()}/ads", fields=fields, limit="1").json()["data"][0]

    assert row["creative"].keys() == {"id", "name", "thumbnail_url"}
    assert row["adset"].keys() == {"id", "name", "campaign"}
    assert row["campaign"].keys() == {"id", "name"}
    assert graph.get(row["creative"]["id"], fields="name").json()["name"] == row["creative"]["name"]


def test_edges_can_be_asked_for_as_fields(graph, account):
    fields = "name,campaigns.limit(2){id,name},insights.date_preset(last_7d){spend}"
    row = graph.get(account(), fields=fields).json()

    assert len(row["campaigns"]["data"]) == 2
    assert row["campaigns"]["data"][0].keys() == {"id", "name"}
    assert row["insights"]["data"] == graph.rows(account(), fields="spend", date_preset="last_7d")


def test_children_of_a_campaign_and_an_ad_set(graph, account):
    ad = graph.get(f"{account()}/ads", fields="adset_id,campaign_id", limit="1").json()["data"][0]

    assert ad["id"] in {row["id"] for row in graph.data(f"{ad['campaign_id']}/ads")}
    assert ad["id"] in {row["id"] for row in graph.data(f"{ad['adset_id']}/ads")}
    assert ad["adset_id"] in {row["id"] for row in graph.data(f"{ad['campaign_id']}/adsets")}


def test_many_objects_are_read_by_their_ids(graph, account):
    ids = [row["id"] for row in graph.data(f"{account()}/campaigns")][:3]
    body = graph.get("", ids=",".join(ids), fields="name").json()

    assert list(body) == ids
    assert body[ids[0]] == graph.get(ids[0], fields="name").json()
    nested = graph.get("insights", ids=",".join(ids), fields="spend", date_preset="last_7d").json()
    assert nested[ids[0]]["data"] == graph.rows(ids[0], fields="spend", date_preset="last_7d")


def test_the_summary_counts_all_rows(graph, account):
    body = graph.get(f"{account()}/ads", limit="1", summary="true").json()

    assert body["summary"]["total_count"] == len(graph.data(f"{account()}/ads"))


def test_a_page_that_is_too_heavy_answers_500(graph, account):
    answer = graph.get(f"{account()}/ads", limit="5000")

    assert answer.status_code == 500
    assert "reduce the amount of data" in graph.error(answer)["message"]


@pytest.mark.parametrize(
    ("field", "operator", "value", "check"),
    [
        ("ad.effective_status", "IN", ["PAUSED"], lambda row: row["effective_status"] == "PAUSED"),
        ("ad.effective_status", "IN", ["ARCHIVED"], lambda row: row["effective_status"] == "ARCHIVED"),
        ("name", "CONTAIN", "reel", lambda row: "Reel" in row["name"]),
        ("ad.name", "NOT_CONTAIN", "reel", lambda row: "Reel" not in row["name"]),
    ],
)
def test_filters(graph, account, field, operator, value, check):
    node = account("Harbor")
    filtering = [{"field": field, "operator": operator, "value": value}]
    rows = graph.data(f"{node}/ads", fields="id,name,effective_status", filtering=filtering)

    assert rows
    assert all(check(row) for row in rows)


def test_changes_since_a_moment_are_found_by_updated_time(sandbox, graph, account):
    campaign = graph.data(f"{account()}/campaigns")[0]["id"]
    since = int(sandbox.now.timestamp())
    sandbox.advance(60)
    graph.post(campaign, name="Renamed ✏️")
    filtering = [{"field": "campaign.updated_time", "operator": "GREATER_THAN", "value": since}]

    rows = graph.data(f"{account()}/campaigns", fields="id,name", filtering=filtering)

    assert rows == [{"id": campaign, "name": "Renamed ✏️"}]


def test_a_filter_the_sandbox_does_not_understand_is_refused(graph, account):
    for filtering in (
        [{"field": "name", "operator": "RHYMES_WITH", "value": "x"}],
        [{"field": "nonsense", "operator": "EQUAL", "value": "x"}],
        "no json",
    ):
        assert graph.error(graph.get(f"{account()}/ads", filtering=filtering))["code"] == 100


def test_writes_are_read_back_and_validation_alone_changes_nothing(graph, account):
    campaign = next(
        row for row in graph.data(f"{account()}/campaigns", fields="id,daily_budget") if "daily_budget" in row
    )

    only_checked = graph.post(campaign["id"], daily_budget="12300", execution_options=["validate_only"])
    assert only_checked.json() == {"success": True}
    assert graph.get(campaign["id"], fields="daily_budget").json() == campaign
    written = graph.post(campaign["id"], daily_budget="12300", fields="daily_budget")
    assert written.json() == {"success": True, "daily_budget": "12300", "id": campaign["id"]}
    assert graph.get(campaign["id"], fields="daily_budget").json()["daily_budget"] == "12300"


def test_a_paused_campaign_shows_in_its_children(graph, account):
    campaign = graph.get(f"{account()}/campaigns", fields="id", effective_status=["ACTIVE"]).json()["data"][
        0
    ]["id"]
    graph.post(campaign, status="PAUSED")

    statuses = {row["effective_status"] for row in graph.data(f"{campaign}/ads", fields="effective_status")}
    assert "CAMPAIGN_PAUSED" in statuses
    assert "ACTIVE" not in statuses


@pytest.mark.parametrize(
    ("params", "subcode"),
    [({"daily_budget": "5"}, 1487901), ({"status": "GONE"}, None), ({"daily_budget": "much"}, None)],
)
def test_bad_writes_are_refused(graph, account, params, subcode):
    campaign = graph.data(f"{account()}/campaigns")[0]["id"]
    error = graph.error(graph.post(campaign, **params))

    assert (error["code"], error.get("error_subcode")) == (100, subcode)


def test_an_ad_set_budget_changes_four_times_an_hour(sandbox, graph, account):
    adset = next(
        row["id"]
        for row in graph.data(f"{account()}/adsets", fields="id,daily_budget", limit="100")
        if "daily_budget" in row
    )
    for n in range(4):
        assert graph.post(adset, daily_budget=str(5000 + n)).status_code == 200

    assert graph.error(graph.post(adset, daily_budget="9000"))["error_subcode"] == 1487632
    sandbox.advance(3601)
    assert graph.post(adset, daily_budget="9000").status_code == 200


def test_a_deleted_ad_is_not_listed_but_can_be_read(graph, account):
    ad = graph.data(f"{account()}/ads")[0]["id"]
    assert graph.delete(ad).json() == {"success": True}

    assert ad not in {row["id"] for row in graph.data(f"{account()}/ads")}
    assert graph.get(ad, fields="status").json()["status"] == "DELETED"
