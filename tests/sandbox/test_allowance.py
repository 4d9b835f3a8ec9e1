"""Usage headers, blocks, and who calls during one."""

import json
import threading

import pytest


def header(answer, name):
    return json.loads(answer.headers[name])


def use_case(answer, account, kind):
    entries = header(answer, "x-business-use-case-usage")[account[4:]]
    return next(entry for entry in entries if entry["type"] == kind)


def test_every_ads_answer_tells_the_usage_errors_included(graph, account):
    node = account()
    for answer in (
        graph.get(node),
        graph.get(f"{node}/insights", level="nonsense"),
        graph.get(f"{node}/nonsense"),
    ):
        names = {name.lower() for name in answer.headers}
        assert {"x-app-usage", "x-ad-account-usage", "x-business-use-case-usage"} <= names
        assert answer.headers["facebook-api-version"] == "v26.0"
        assert {"x-fb-trace-id", "x-fb-request-id", "x-fb-rev"} <= names
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert graph.get(node, version="v25.0").headers["facebook-api-version"] == "v25.0"


def test_points_are_counted_and_fade_within_five_minutes(sandbox, graph, account):
    sandbox.configure(tier="limited")
    node = account()
    campaign = graph.data(f"{node}/campaigns")[0]["id"]
    before = header(graph.get(node), "x-ad-account-usage")["acc_id_util_pct"]

    after = header(graph.post(campaign, name="x"), "x-ad-account-usage")
    assert after["acc_id_util_pct"] == before + 5  # three of sixty points
    assert after["ads_api_access_tier"] == "development_access"
    assert after["reset_time_duration"] == 25
    sandbox.advance(300)
    assert header(graph.get(node), "x-ad-account-usage")["acc_id_util_pct"] == pytest.approx(1.67)


def test_sixty_reads_block_a_limited_app_for_five_minutes(sandbox, graph, account):
    sandbox.configure(tier="limited")
    node = account()
    answers = [graph.get(node) for _ in range(60)]

    assert {answer.status_code for answer in answers} == {200}
    assert header(answers[-1], "x-ad-account-usage")["acc_id_util_pct"] == 100
    refused = graph.get(node)
    assert (graph.error(refused)["code"], graph.error(refused)["error_subcode"]) == (17, 2446079)
    assert header(refused, "x-ad-account-usage")["reset_time_duration"] >= 300
    assert graph.get(account("Harbor")).status_code == 200
    sandbox.advance(320)
    assert graph.get(node).status_code == 200


@pytest.mark.parametrize(
    ("kind", "path", "code"), [("ads_insights", "/insights", 80000), ("ads_management", "/campaigns", 80004)]
)
def test_a_spent_use_case_is_refused_with_minutes_in_the_header(sandbox, graph, account, kind, path, code):
    node = account()
    sandbox.set_allowance(kind, 118, account=node)

    refused = graph.get(node + path)

    assert graph.error(refused)["code"] == code
    usage = use_case(refused, node, kind)
    assert usage["call_count"] == 118
    assert 55 <= usage["estimated_time_to_regain_access"] <= 60
    assert graph.get(account("Harbor") + path).status_code == 200
    sandbox.advance(usage["estimated_time_to_regain_access"] * 60)
    assert graph.get(node + path).status_code == 200


def test_a_level_below_100_only_shows(sandbox, graph, account):
    sandbox.set_allowance("ads_insights", 97, account=account())

    answer = graph.get(f"{account()}/insights")

    assert answer.status_code == 200
    assert use_case(answer, account(), "ads_insights")["call_count"] == 97


def test_the_hourly_quota_of_a_limited_app_runs_out_by_itself(sandbox, graph, account):
    sandbox.configure(tier="limited")
    node = account("Größenwahn")
    sandbox.set_allowance("ads_management", 99.9, account=node)
    answers = []
    for _ in range(4):
        answers.append(graph.get(node))
        sandbox.advance(20)

    assert answers[0].status_code == 200
    assert graph.error(answers[-1])["code"] == 80004


def test_the_insights_throttle_stops_insights_of_every_account(sandbox, graph, account):
    sandbox.block("insights_app", 3)

    for name in ("Fjäll", "Harbor"):
        refused = graph.get(f"{account(name)}/insights")
        assert (graph.error(refused)["code"], graph.error(refused)["error_subcode"]) == (4, 1504022)
        assert header(refused, "x-fb-ads-insights-throttle")["app_id_util_pct"] >= 100
    assert graph.get(account()).status_code == 200
    sandbox.advance(600)
    assert graph.get(f"{account()}/insights").status_code == 200


def test_a_block_of_the_app_stops_everything(sandbox, graph, account):
    sandbox.block("app", 5)

    assert graph.error(graph.get("me"))["code"] == 4
    assert graph.error(graph.get(account()))["code"] == 4


def test_the_first_refusal_tells_of_the_block_and_later_calls_are_counted(sandbox, graph, account):
    node = account()
    sandbox.block("ads_insights", 5, account=node)

    first = graph.get(f"{node}/insights")
    assert sandbox.calls_while_blocked() == 0
    second = graph.get(f"{node}/insights")

    assert first.status_code == second.status_code == 400
    assert sandbox.calls_while_blocked() == 1
    assert sandbox.state()["refused_calls"] == 2
    assert graph.get(node).status_code == 200
    assert sandbox.calls_while_blocked() == 1


def test_calling_during_a_block_makes_it_longer(sandbox, graph, account):
    node = account()
    sandbox.block("score", 1, account=node)
    for _ in range(4):
        graph.get(node)

    sandbox.advance(61)
    assert graph.get(node).status_code == 400
    sandbox.advance(60)
    assert graph.get(node).status_code == 200


def test_a_block_that_its_header_told_of_counts_at_once(sandbox, graph, account):
    sandbox.configure(tier="limited")
    node = account()
    sandbox.set_allowance("score", 99, account=node)
    assert header(graph.get(node), "x-ad-account-usage")["acc_id_util_pct"] >= 100

    graph.get(node)
    assert sandbox.calls_while_blocked() == 1


def test_the_items_of_one_batch_could_not_know(sandbox, graph, account):
    sandbox.block("ads_management", 5, account=account())
    items = [{"method": "GET", "relative_url": account()}] * 5

    answers = graph.post("", batch=items).json()

    assert {item["code"] for item in answers} == {400}
    assert sandbox.calls_while_blocked() == 0
    assert sandbox.state()["refused_calls"] == 5


def test_several_accounts_share_one_header(graph, account):
    ids = [account("Fjäll"), account("Harbor")]
    answer = graph.get("", ids=",".join(ids))

    assert set(header(answer, "x-business-use-case-usage")) == {one[4:] for one in ids}


def test_many_at_once_are_all_counted(sandbox, graph, account, other_sandbox):
    node = account()
    before = sandbox.state()["calls"]

    def read():
        from .conftest import Graph

        mine = Graph(sandbox, graph.token)
        for _ in range(10):
            assert mine.get(node).status_code == 200

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sandbox.state()["calls"] == before + 80
    [score] = [one for one in sandbox.state()["allowances"] if one["type"] == "score"]
    assert score["percent"] == round(80 / 90, 2)
