"""Asynchronous reports."""

import pytest

ASKED = {"level": "ad", "fields": "ad_id,spend,actions", "time_increment": "1", "date_preset": "last_7d"}


@pytest.fixture
def start(sandbox, graph, account):
    sandbox.configure(report_seconds=100)

    def post(node=None, **params):
        return graph.post(f"{node or account()}/insights", **(ASKED | params)).json()["report_run_id"]

    return post


def state(graph, run):
    body = graph.get(run).json()
    return body["async_status"], body["async_percent_completion"]


def test_a_run_goes_through_its_states_and_gives_the_same_rows(sandbox, graph, account, start):
    run = start()
    seen = []
    for _ in range(21):
        seen.append(state(graph, run))
        sandbox.advance(5)

    assert list(dict.fromkeys(status for status, _ in seen)) == [
        "Job Not Started",
        "Job Started",
        "Job Running",
        "Job Completed",
    ]
    assert ("Job Running", 100) in seen
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert graph.data(f"{run}/insights", limit="40") == graph.rows(account(), **ASKED)


def test_reading_early_is_refused_even_at_100_percent(sandbox, graph, start):
    run = start()
    for wait in (0, 50, 40):
        sandbox.advance(wait)
        error = graph.error(graph.get(f"{run}/insights"))
        assert (error["code"], error["error_subcode"]) == (2601, 1815107)
    assert state(graph, run) == ("Job Running", 100)


@pytest.mark.parametrize(("outcome", "status"), [("fail", "Job Failed"), ("skip", "Job Skipped")])
def test_scripted_ends(sandbox, graph, start, outcome, status):
    sandbox.script_reports(outcome)
    run, next_run = start(), start()
    sandbox.advance(200)

    assert state(graph, run)[0] == status
    assert state(graph, next_run)[0] == "Job Completed"
    five = {"error_code", "error_message", "error_subcode", "error_user_title", "error_user_msg"}
    assert (five <= graph.get(run).json().keys()) == (outcome == "fail")


def test_a_stuck_run_stays_at_100_percent(sandbox, graph, start):
    sandbox.script_reports("stuck")
    run = start()
    sandbox.advance(86400)

    assert state(graph, run) == ("Job Running", 100)


def test_a_late_run_is_unknown_at_first(sandbox, graph, start):
    sandbox.script_reports("late")
    run = start()

    assert graph.error(graph.get(run))["error_subcode"] == 33
    assert state(graph, run) == ("Job Not Started", 0)


def test_a_report_that_is_too_large_fails(sandbox, graph, start):
    sandbox.configure(async_row_cap=10)
    run = start()
    sandbox.advance(200)

    assert graph.get(run).json()["error_subcode"] == 1504045


def test_runs_are_forgotten_after_30_days_and_unknown_ones_never_were(sandbox, graph, start):
    run = start()
    sandbox.advance(29 * 86400)
    assert state(graph, run) == ("Job Completed", 100)
    sandbox.advance(2 * 86400)

    assert graph.error(graph.get(run))["error_subcode"] == 33
    assert graph.error(graph.get("60239000000"))["error_subcode"] == 33


def test_bad_parameters_are_refused_when_the_run_is_asked_for(graph, account):
    answer = graph.post(f"{account()}/insights", breakdowns="age,country")

    assert graph.error(answer)["code"] == 100


def test_the_rows_are_those_of_the_day_the_run_was_made(sandbox, graph, account, start):
    direct = graph.rows(account(), **ASKED)
    run = start()
    sandbox.advance(5 * 86400)

    assert graph.data(f"{run}/insights", limit="500") == direct


def test_a_run_belongs_to_those_who_reach_its_account(sandbox, graph, account, start):
    run = start(account("Harbor"))
    outsider = sandbox.token("reporting")

    assert graph.error(graph.get(run, token=outsider))["error_subcode"] == 33


def test_fields_choose_what_is_told(graph, start):
    assert graph.get(start(), fields="async_status").json().keys() == {"id", "async_status"}


def busiest(graph, account, level="ad"):
    rows = graph.rows(account(), **(ASKED | {"level": level, "fields": f"{level}_id,impressions"}))
    return max(rows, key=lambda row: int(row["impressions"]))[f"{level}_id"]


def test_a_poisoned_ad_fails_what_has_its_rows_and_nothing_else(sandbox, graph, account, start):
    ad = busiest(graph, account)
    without = {"filtering": [{"field": "ad.id", "operator": "NOT_IN", "value": [ad]}]}
    sandbox.poison(ad)

    ill, well, above = start(), start(**without), start(level="campaign", fields="campaign_id,spend")
    sandbox.advance(101)

    body = graph.get(ill).json()
    assert (body["async_status"], body["error_code"], body["error_subcode"]) == ("Job Failed", -2, 2490547)
    assert state(graph, well) == state(graph, above) == ("Job Completed", 100)
    read = graph.get(f"{account()}/insights", **ASKED)
    assert (read.status_code, graph.error(read)["code"]) == (500, 1)
    assert graph.get(f"{account()}/insights", **(ASKED | without)).status_code == 200
    sandbox.reset()
    assert graph.get(f"{account()}/insights", **ASKED).status_code == 200


def test_an_account_has_a_ceiling_of_its_own_that_fewer_objects_pass(sandbox, graph, account, start):
    sandbox.set_account(account(), async_row_cap=20, sync_row_cap=20)
    one = {
        "filtering": [{"field": "ad.id", "operator": "IN", "value": [busiest_ad(sandbox, graph, account)]}]
    }

    large, small, elsewhere = start(), start(**one), start(account("Harbor"))
    sandbox.advance(101)

    assert graph.get(large).json()["error_subcode"] == 1504045
    assert state(graph, small) == state(graph, elsewhere) == ("Job Completed", 100)
    assert graph.error(graph.get(f"{account()}/insights", **ASKED))["error_subcode"] == 1487534
    assert graph.get(f"{account()}/insights", **(ASKED | one)).status_code == 200


def busiest_ad(sandbox, graph, account):
    sandbox.set_account(account(), sync_row_cap=10**6)
    ad = busiest(graph, account)
    sandbox.set_account(account(), sync_row_cap=20)
    return ad


def test_figures_that_are_held_stay_while_the_time_goes_on(sandbox, graph, account, start):
    today = ASKED | {"date_preset": "today"}
    sandbox.hold_figures()
    before = graph.rows(account(), **today)

    run = start()
    sandbox.advance(3 * 3600)

    assert graph.rows(account(), **today) == before
    held = graph.data(f"{run}/insights", limit="5000")
    assert held == graph.rows(account(), **ASKED)
    sandbox.hold_figures(False)
    assert graph.rows(account(), **today) != before
