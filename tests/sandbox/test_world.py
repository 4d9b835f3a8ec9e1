"""A seed is a world: the same today and next week."""

from datetime import timedelta
from decimal import Decimal

from .conftest import MONDAY

OBJECTS = "id,name,objective,created_time"
EVERY_STATUS = [
    "ACTIVE",
    "PAUSED",
    "ARCHIVED",
    "DELETED",
    "WITH_ISSUES",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "DISAPPROVED",
    "PENDING_REVIEW",
]
SPRING = {"since": "2026-03-01", "until": "2026-05-31"}


def all_objects(graph, edge, fields="id"):
    accounts = [row["id"] for row in graph.data("me/adaccounts")]
    return [
        row
        for account in accounts
        for row in graph.data(f"{account}/{edge}", fields=fields, limit="500", effective_status=EVERY_STATUS)
    ]


def test_the_agency_has_twelve_accounts_in_four_currencies_and_zones(graph):
    rows = graph.data("me/adaccounts", fields="name,currency,timezone_name,account_status,business{name}")

    assert len(rows) == 12
    assert {row["currency"] for row in rows} == {"EUR", "USD", "JPY", "BRL"}
    assert {row["timezone_name"] for row in rows} == {
        "Europe/Berlin",
        "America/New_York",
        "Asia/Tokyo",
        "America/Sao_Paulo",
    }
    assert sorted(row["account_status"] for row in rows) == [1] * 10 + [2, 3]
    assert len({row["business"]["id"] for row in rows}) == 3


def test_there_are_a_few_hundred_ads_of_every_kind(graph):
    campaigns = all_objects(graph, "campaigns", "id,name,objective,effective_status,daily_budget,issues_info")
    adsets = all_objects(graph, "adsets", "id,daily_budget,learning_stage_info")
    ads = all_objects(graph, "ads", "id,effective_status,issues_info")

    assert 50 <= len(campaigns) <= 80
    assert 120 <= len(adsets) <= 200
    assert 300 <= len(ads) <= 450
    objectives = {row["objective"] for row in campaigns}
    assert {"OUTCOME_SALES", "OUTCOME_TRAFFIC"} <= objectives
    assert any(not objective.startswith("OUTCOME_") for objective in objectives)
    assert any("daily_budget" in row for row in campaigns)
    assert any("daily_budget" not in row for row in campaigns)
    assert any("daily_budget" in row for row in adsets)
    assert {"ACTIVE", "PAUSED", "ARCHIVED", "DISAPPROVED", "WITH_ISSUES", "CAMPAIGN_PAUSED"} <= {
        row["effective_status"] for row in ads
    }
    assert any("issues_info" in row for row in ads)
    assert {"SUCCESS", "FAIL"} <= {row["learning_stage_info"]["status"] for row in adsets}
    names = " ".join(row["name"] for row in campaigns)
    assert all(piece in names for piece in ("é", "🔥", "新商品", '"Big"', "„"))
    assert max(len(row["name"]) for row in campaigns) > 250


def test_the_same_seed_gives_the_same_world_and_another_seed_another(graph, other_sandbox):
    _, twin = other_sandbox(seed=7)
    _, stranger = other_sandbox(seed=8)

    assert all_objects(graph, "ads", OBJECTS.replace("objective,", "")) == all_objects(
        twin, "ads", OBJECTS.replace("objective,", "")
    )
    assert {row["id"] for row in graph.data("me/adaccounts")} == {
        row["id"] for row in twin.data("me/adaccounts")
    }
    assert {row["id"] for row in graph.data("me/adaccounts")}.isdisjoint(
        row["id"] for row in stranger.data("me/adaccounts")
    )
    assert graph.token == twin.token != stranger.token


def test_a_sandbox_started_weeks_later_tells_the_same_past(graph, account, other_sandbox):
    _, later = other_sandbox(seed=7, now=MONDAY + timedelta(days=45))
    fields = "ad_id,impressions,spend,reach,actions,action_values"

    for name in ("Fjäll", "青空", "Harbor"):
        node = account(name)
        asked = {"level": "ad", "fields": fields, "time_range": SPRING, "time_increment": "7"}
        assert graph.rows(node, **asked) == later.rows(node, **asked)


def test_campaigns_come_and_none_is_renumbered_as_time_passes(sandbox, graph):
    before = {row["id"]: row["created_time"] for row in all_objects(graph, "campaigns", OBJECTS)}
    sandbox.advance(120 * 86400)
    after = {row["id"]: row["created_time"] for row in all_objects(graph, "campaigns", OBJECTS)}

    assert before.items() < after.items()


def test_a_disabled_account_has_delivered_nothing_since(graph, account):
    node = account("Größenwahn")

    rows = graph.rows(node, fields="spend", time_increment="1", date_preset="last_90d")

    assert graph.get(node, fields="account_status,disable_reason").json() == {
        "account_status": 2,
        "disable_reason": 1,
        "id": node,
    }
    assert max(row["date_start"] for row in rows) == "2026-09-13"


def test_figures_are_believable(graph):
    """Per account over 90 days; money in major units."""
    worth = {"EUR": (4, 12), "USD": (5, 18), "JPY": (350, 1300), "BRL": (7, 28)}
    for row in graph.data("me/adaccounts", fields="id,currency"):
        [total] = graph.rows(row["id"], fields="cpm,ctr,spend,purchase_roas", date_preset="last_90d")
        low, high = worth[row["currency"]]
        assert low < Decimal(total["cpm"]) < high
        assert Decimal("0.6") < Decimal(total["ctr"]) < Decimal("2.5")
        if row["currency"] == "JPY":
            assert "." not in total["spend"]


def test_shops_earn_more_than_they_spend_but_for_a_few_campaigns(graph, account):
    returns = []
    for name in ("Fjäll", "Brauhaus", "Harbor", "青空", "São João"):
        rows = graph.rows(
            account(name), level="campaign", fields="objective,purchase_roas", date_preset="last_90d"
        )
        returns += [
            Decimal(row["purchase_roas"][0]["value"])
            for row in rows
            if row["objective"] in ("OUTCOME_SALES", "CONVERSIONS", "PRODUCT_CATALOG_SALES")
        ]

    good = [value for value in returns if Decimal("1.5") <= value <= 6]
    assert len(good) >= len(returns) * 0.6
    assert all(value > 0 for value in returns)


def test_weekends_differ_from_weekdays_and_campaigns_start_and_stop(graph, account):
    rows = graph.rows(
        account(), level="campaign", fields="campaign_id,spend", time_increment="1", date_preset="last_90d"
    )
    days = {}
    for row in rows:
        days.setdefault(row["campaign_id"], set()).add(row["date_start"])

    assert any(len(seen) == 90 for seen in days.values())
    assert any(len(seen) < 80 for seen in days.values())


def test_archived_campaigns_are_listed_only_when_asked_for_but_keep_their_insights(graph, account):
    node = account()
    shown = {row["id"] for row in graph.data(f"{node}/campaigns", limit="100")}
    buried = {
        row["id"]
        for row in graph.data(f"{node}/campaigns", limit="100", effective_status=["ARCHIVED", "DELETED"])
    }

    rows = graph.rows(node, level="campaign", fields="campaign_id,spend", time_range=SPRING)

    assert buried
    assert shown.isdisjoint(buried)
    assert buried & {row["campaign_id"] for row in rows}
