"""Days are the account's own; today grows; the last 28 days are restated."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

FIELDS = "impressions,clicks,spend,actions"


def today(graph, node):
    rows = graph.rows(node, fields=FIELDS, date_preset="today")
    return (int(rows[0]["impressions"]), rows[0]["date_start"]) if rows else (0, None)


def purchases(row):
    return sum(int(one["value"]) for one in row.get("actions", []) if one["action_type"] == "omni_purchase")


def test_a_new_day_begins_at_the_accounts_own_midnight(sandbox, graph, account):
    midnights = {"Fjäll": 23, "Harbor": 5, "青空": 15, "São João": 3}  # hours of UTC in November
    for name, hour in midnights.items():
        node = account(name)
        begins = datetime(2026, 11, 24, hour, tzinfo=UTC) - timedelta(days=1 if hour > 12 else 0)

        sandbox.set_clock(begins - timedelta(minutes=1))
        before = today(graph, node)
        sandbox.set_clock(begins + timedelta(minutes=30))
        after = today(graph, node)

        assert before[1] == "2026-11-23", name
        assert after[1] == "2026-11-24", name
        assert after[0] < before[0] / 10


def test_two_accounts_live_different_days_at_the_same_moment(sandbox, graph, account):
    sandbox.set_clock("2026-11-23T20:00:00Z")

    assert today(graph, account("青空"))[1] == "2026-11-24"
    assert today(graph, account("Harbor"))[1] == "2026-11-23"


def test_today_grows_with_the_hours_and_never_shrinks(sandbox, graph, account):
    node = account()
    sandbox.set_clock("2026-11-22T23:15:00Z")
    seen = []
    for _ in range(12):
        [row] = graph.rows(node, fields=FIELDS, date_preset="today")
        seen.append((int(row["impressions"]), int(row["clicks"]), Decimal(row["spend"]), purchases(row)))
        sandbox.advance(2 * 3600 - 600)

    for earlier, later in pairwise(seen):
        assert all(before <= after for before, after in zip(earlier, later, strict=True))
    assert seen[-1][0] > 10 * seen[0][0]


def test_figures_stand_still_between_two_quarters_of_an_hour(sandbox, graph, account):
    before = today(graph, account())
    sandbox.advance(14 * 60)
    assert today(graph, account()) == before

    sandbox.advance(60)
    assert today(graph, account()) > before


def test_a_day_gains_conversions_for_28_days_and_then_is_final(sandbox, graph, account):
    node, day = account(), {"since": "2026-11-22", "until": "2026-11-22"}
    seen, spend = [], []
    for _ in range(30):
        [row] = graph.rows(node, fields=FIELDS, time_range=day)
        seen.append(purchases(row))
        spend.append(Decimal(row["spend"]))
        sandbox.advance(86400)

    assert seen == sorted(seen)
    assert spend == sorted(spend)
    assert seen[0] < seen[27]
    assert spend[0] < spend[-1] < spend[0] * Decimal("1.05")
    assert seen[28] == seen[29]
    assert spend[28] == spend[29]


def test_impressions_of_a_finished_day_are_not_restated(sandbox, graph, account):
    asked = {"fields": "impressions,clicks", "date_preset": "yesterday"}
    [before] = graph.rows(account(), **asked)
    day = {"since": before["date_start"], "until": before["date_start"]}
    sandbox.advance(10 * 86400)

    assert graph.rows(account(), fields="impressions,clicks", time_range=day) == [before]


def test_the_past_beyond_28_days_is_the_same_whenever_it_is_asked(sandbox, graph, account):
    asked = {
        "level": "campaign",
        "fields": "campaign_id," + FIELDS,
        "time_range": {"since": "2026-09-01", "until": "2026-10-20"},
        "time_increment": "1",
    }
    before = graph.rows(account(), **asked)
    sandbox.advance(33 * 86400 + 5 * 3600)

    assert graph.rows(account(), **asked) == before


def test_a_day_can_be_restated_by_hand(sandbox, graph, account):
    node, day = account(), {"since": "2026-09-01", "until": "2026-09-01"}
    [before] = graph.rows(node, fields=FIELDS, time_range=day)

    sandbox.restate(node, "2026-09-01", conversions_percent=50)

    [after] = graph.rows(node, fields=FIELDS, time_range=day)
    assert purchases(after) > purchases(before) * 1.3
    assert after["impressions"] == before["impressions"]


def test_hours_of_today_stop_at_now(graph, account):
    rows = graph.rows(
        account(),
        fields="impressions,reach",
        date_preset="today",
        breakdowns="hourly_stats_aggregated_by_advertiser_time_zone",
    )

    hours = [row["hourly_stats_aggregated_by_advertiser_time_zone"] for row in rows]
    assert hours[0] == "00:00:00 - 00:59:59"
    assert hours[-1] == "10:00:00 - 10:59:59"  # 11:00 in Berlin
    assert {row["reach"] for row in rows} == {"0"}


def test_the_days_of_a_clock_change_do_not_run_backwards(sandbox, graph, account):
    sandbox.set_clock("2026-10-24T22:30:00Z")  # the long night in Berlin
    seen = []
    for _ in range(8):
        seen.append(today(graph, account())[0])
        sandbox.advance(1800)

    assert seen == sorted(seen)


def test_pausing_a_campaign_stops_its_delivery(sandbox, graph, account):
    node = account()
    campaign = graph.rows(node, level="campaign", fields="campaign_id,spend", date_preset="today")[0][
        "campaign_id"
    ]
    asked = {"fields": "impressions", "date_preset": "today"}

    assert graph.post(campaign, status="PAUSED").json() == {"success": True}
    at_pause = graph.rows(campaign, **asked)
    sandbox.advance(4 * 3600)

    assert graph.rows(campaign, **asked) == at_pause
    graph.post(campaign, status="ACTIVE")
    sandbox.advance(4 * 3600)
    assert int(graph.rows(campaign, **asked)[0]["impressions"]) > int(at_pause[0]["impressions"])


def test_closing_an_account_stops_all_of_it(sandbox, graph, account):
    node = account()
    sandbox.set_account(node, account_status=2)
    sandbox.advance(2 * 86400)

    assert graph.get(node, fields="account_status").json()["account_status"] == 2
    assert graph.rows(node, fields="spend", date_preset="yesterday") == []
