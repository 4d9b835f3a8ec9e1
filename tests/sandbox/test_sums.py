"""What can be added adds up exactly; what counts people does not."""

from collections import defaultdict
from decimal import Decimal

import pytest

FIELDS = (
    "account_id,campaign_id,adset_id,ad_id,impressions,clicks,inline_link_clicks,spend,actions,action_values"
)
WINDOWS = ["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]
SPLITS = [
    "age",
    "gender",
    "age,gender",
    "country",
    "publisher_platform",
    "publisher_platform,platform_position",
    "publisher_platform,impression_device",
    "device_platform",
    "impression_device",
]


def sums(rows, *keys):
    """Per key: every additive figure under its own name."""
    total = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        bucket = total[tuple(row.get(key) for key in keys)]
        for name in ("impressions", "clicks", "inline_link_clicks", "spend"):
            bucket[name] += Decimal(row[name])
        for name in ("actions", "action_values"):
            for action in row.get(name, []):
                kind = action["action_type"]
                for window, value in action.items():
                    if window != "action_type":
                        bucket[name, kind, window] += Decimal(value)
    return {key: {name: value for name, value in bucket.items() if value} for key, bucket in total.items()}


def ask(graph, node, level, preset="last_14d", **more):
    return graph.rows(
        node,
        level=level,
        fields=FIELDS,
        time_increment="1",
        date_preset=preset,
        action_attribution_windows=WINDOWS,
        **more,
    )


@pytest.mark.parametrize("name", ["Fjäll", "青空", "São João", "Liberty", "Kintsugi"])
def test_ads_add_up_to_ad_sets_campaigns_and_the_account(graph, account, name):
    node = account(name)
    ads = ask(graph, node, "ad")

    assert sums(ads, "adset_id", "date_start") == sums(ask(graph, node, "adset"), "adset_id", "date_start")
    assert sums(ads, "campaign_id", "date_start") == sums(
        ask(graph, node, "campaign"), "campaign_id", "date_start"
    )
    assert sums(ads, "date_start") == sums(ask(graph, node, "account"), "date_start")


def test_days_add_up_to_weeks_months_and_the_whole(graph, account):
    node = account()
    asked = {"fields": FIELDS, "time_range": {"since": "2026-08-20", "until": "2026-11-22"}}
    days = sums(graph.rows(node, time_increment="1", **asked))

    assert days == sums(graph.rows(node, time_increment="7", **asked))
    assert days == sums(graph.rows(node, time_increment="monthly", **asked))
    assert days == sums(graph.rows(node, **asked))


def test_campaigns_asked_alone_add_up_to_the_account(graph, account):
    node = account()
    whole = sums(ask(graph, node, "account"))
    campaigns = {row["campaign_id"] for row in ask(graph, node, "campaign")}

    rows = [
        row
        for campaign in campaigns
        for row in graph.rows(
            campaign, fields=FIELDS, date_preset="last_14d", action_attribution_windows=WINDOWS
        )
    ]

    assert sums(rows) == whole


@pytest.mark.parametrize("breakdowns", SPLITS)
def test_a_breakdown_adds_up_to_the_unbroken_row(graph, account, breakdowns):
    node = account()

    broken = ask(graph, node, "ad", "last_3d", breakdowns=breakdowns)

    assert sums(broken, "ad_id", "date_start") == sums(
        ask(graph, node, "ad", "last_3d"), "ad_id", "date_start"
    )


@pytest.mark.parametrize("breakdowns", ["region", "hourly_stats_aggregated_by_advertiser_time_zone"])
def test_region_and_hour_lose_conversions_outside_meta_and_nothing_else(graph, account, breakdowns):
    node = account()
    plain = sums(ask(graph, node, "campaign"), "campaign_id")
    outside = (
        "fb_pixel",
        "omni_",
        "view_content",
        "add_to_cart",
        "initiate_checkout",
        "purchase",
        "mobile_app",
    )

    broken = sums(ask(graph, node, "campaign", breakdowns=breakdowns), "campaign_id")

    for bucket in plain.values():
        for name in list(bucket):
            if isinstance(name, tuple) and any(word in name[1] for word in outside):
                del bucket[name]
    assert broken == plain


def test_a_broken_row_keeps_clicks_within_impressions(graph, account):
    rows = ask(graph, account(), "ad", "last_3d", breakdowns="age,gender")

    assert all(
        int(row["impressions"]) >= int(row["clicks"]) >= int(row["inline_link_clicks"]) for row in rows
    )


def test_reach_is_neither_the_sum_of_the_ads_nor_of_the_days(graph, account):
    node = account()
    asked = {"fields": "impressions,reach", "date_preset": "last_28d"}
    whole = int(graph.rows(node, **asked)[0]["reach"])
    ads = [int(row["reach"]) for row in graph.rows(node, level="ad", **asked)]
    days = [int(row["reach"]) for row in graph.rows(node, time_increment="1", **asked)]

    for parts in (ads, days):
        assert max(parts) < whole < sum(parts)


def test_frequency_is_impressions_for_each_person(graph, account):
    for row in graph.rows(
        account(), level="campaign", fields="impressions,reach,frequency,unique_clicks,clicks"
    ):
        assert int(row["reach"]) <= int(row["impressions"])
        assert int(row["unique_clicks"]) <= int(row["clicks"])
        frequency = Decimal(row["impressions"]) / Decimal(row["reach"])
        assert abs(frequency - Decimal(row["frequency"])) < Decimal("0.000001")
