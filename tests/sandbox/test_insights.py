"""Parameters of an insights query, and what is refused."""

from decimal import Decimal

import pytest

WEEK = {"since": "2026-11-16", "until": "2026-11-22"}


def error_of(graph, node, **params):
    answer = graph.get(f"{node}/insights", **params)
    assert answer.status_code >= 400, answer.text
    return graph.error(answer)


def test_without_parameters_it_tells_the_last_30_days(graph, account):
    [row] = graph.get(f"{account()}/insights").json()["data"]

    assert row.keys() == {"account_id", "impressions", "spend", "date_start", "date_stop"}
    assert (row["date_start"], row["date_stop"]) == ("2026-10-24", "2026-11-22")


@pytest.mark.parametrize(
    ("preset", "since", "until"),
    [
        ("today", "2026-11-23", "2026-11-23"),
        ("yesterday", "2026-11-22", "2026-11-22"),
        ("last_7d", "2026-11-16", "2026-11-22"),
        ("last_28d", "2026-10-26", "2026-11-22"),
        ("this_week_mon_today", "2026-11-23", "2026-11-23"),
        ("this_week_sun_today", "2026-11-22", "2026-11-23"),
        ("last_week_mon_sun", "2026-11-16", "2026-11-22"),
        ("last_week_sun_sat", "2026-11-15", "2026-11-21"),
        ("this_month", "2026-11-01", "2026-11-23"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_quarter", "2026-10-01", "2026-11-23"),
        ("last_quarter", "2026-07-01", "2026-09-30"),
        ("this_year", "2026-01-01", "2026-11-23"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("maximum", "2023-10-23", "2026-11-23"),
    ],
)
def test_presets(graph, account, preset, since, until):
    [row] = graph.rows(account(), fields="spend", date_preset=preset)

    assert (row["date_start"], row["date_stop"]) == (since, until)


def test_increments_cut_the_range(graph, account):
    whole = {"since": "2026-10-25", "until": "2026-11-22"}

    def bounds(increment):
        rows = graph.rows(account(), fields="spend", time_range=whole, time_increment=increment)
        return [(row["date_start"], row["date_stop"]) for row in rows]

    assert len(bounds("1")) == 29
    assert bounds("14") == [
        ("2026-10-25", "2026-11-07"),
        ("2026-11-08", "2026-11-21"),
        ("2026-11-22", "2026-11-22"),
    ]
    assert bounds("monthly") == [("2026-10-25", "2026-10-31"), ("2026-11-01", "2026-11-22")]
    assert bounds("all_days") == [("2026-10-25", "2026-11-22")]


def test_several_ranges_give_one_set_of_rows_each(graph, account):
    rows = graph.rows(
        account(), fields="spend", time_ranges=[WEEK, {"since": "2026-11-01", "until": "2026-11-30"}]
    )

    assert [row["date_start"] for row in rows] == ["2026-11-16", "2026-11-01"]


def test_every_number_is_text(graph, account):
    [row] = graph.rows(
        account(),
        fields="impressions,reach,frequency,spend,cpm,cpc,cpp,ctr,unique_clicks,cost_per_inline_link_click,"
        "inline_link_click_ctr,outbound_clicks,actions,cost_per_action_type,purchase_roas,website_purchase_roas",
        time_range=WEEK,
    )

    def leaves(value):
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]

    assert all(isinstance(leaf, str) for leaf in leaves(row))
    assert Decimal(row["cpm"]) == round(Decimal(row["spend"]) * 1000 / int(row["impressions"]), 6)


def test_no_delivery_is_no_row(graph, account):
    assert (
        graph.rows(account(), fields="spend", time_range={"since": "2026-12-01", "until": "2026-12-05"}) == []
    )


def test_windows_add_keys_and_dead_windows_add_nothing(graph, account):
    [row] = graph.rows(
        account(),
        fields="actions,attribution_setting",
        time_range=WEEK,
        action_attribution_windows=[
            "1d_click",
            "7d_click",
            "28d_click",
            "1d_view",
            "1d_ev",
            "7d_view",
            "28d_view",
        ],
    )
    bought = next(one for one in row["actions"] if one["action_type"] == "omni_purchase")

    assert bought.keys() <= {"action_type", "value", "1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"}
    assert int(bought["1d_click"]) < int(bought["7d_click"]) <= int(bought["28d_click"])
    assert "7d_view" not in str(row)


def test_names_of_the_same_sales_overlap(graph, account):
    [row] = graph.rows(account(), fields="actions", time_range=WEEK)
    counts = {one["action_type"]: int(one["value"]) for one in row["actions"]}

    assert counts["purchase"] == counts["omni_purchase"] == counts["offsite_conversion.fb_pixel_purchase"]
    assert (
        counts["page_engagement"]
        > counts["post_engagement"]
        > counts["link_click"]
        > counts["landing_page_view"]
    )


def test_the_default_value_follows_the_attribution_setting(graph, account):
    asked = {
        "level": "campaign",
        "fields": "attribution_setting,actions",
        "time_range": WEEK,
        "action_attribution_windows": ["1d_click", "7d_click", "1d_view"],
    }
    seen = set()
    for name in ("Fjäll", "Liberty", "Zahnklinik"):
        for row in graph.rows(account(name), **asked):
            for one in row.get("actions", []):
                if "view_content" in one["action_type"]:
                    parts = {"1d_click": ["1d_click"], "7d_click": ["7d_click"]}.get(
                        row["attribution_setting"], ["7d_click", "1d_view"]
                    )
                    assert int(one["value"]) == sum(int(one.get(part, 0)) for part in parts)
                    seen.add(row["attribution_setting"])
    assert seen == {"1d_click", "7d_click", "7d_click_1d_view"}


def test_rows_can_be_filtered_by_object_and_by_figure(graph, account):
    asked = {"level": "ad", "fields": "ad_id,campaign_id,impressions", "time_range": WEEK}
    everything = graph.rows(account(), **asked)
    campaign = everything[0]["campaign_id"]

    by_campaign = graph.rows(
        account(), filtering=[{"field": "campaign.id", "operator": "IN", "value": [campaign]}], **asked
    )
    busy = graph.rows(
        account(),
        filtering=[{"field": "ad.impressions", "operator": "GREATER_THAN", "value": 50_000}],
        **asked,
    )
    active = graph.rows(
        account(),
        filtering=[{"field": "ad.effective_status", "operator": "IN", "value": ["ACTIVE"]}],
        **asked,
    )

    assert by_campaign == [row for row in everything if row["campaign_id"] == campaign]
    assert busy == [row for row in everything if int(row["impressions"]) > 50_000]
    assert 0 < len(active) < len(everything)


def test_rows_can_be_sorted_and_summed_up(graph, account):
    body = graph.get(
        f"{account()}/insights",
        level="campaign",
        fields="campaign_id,spend,impressions",
        time_range=WEEK,
        sort=["spend_descending"],
        summary=["spend"],
        limit="2",
    ).json()
    spends = [Decimal(row["spend"]) for row in body["data"]]

    assert spends == sorted(spends, reverse=True)
    [whole] = graph.rows(account(), fields="spend", time_range=WEEK)
    assert body["summary"] == whole
    assert "next" in body["paging"]


def test_pages_of_rows_add_up_to_the_whole(graph, account):
    asked = {"level": "ad", "fields": "ad_id,spend", "time_increment": "1", "time_range": WEEK}

    assert graph.data(f"{account()}/insights", limit="13", **asked) == graph.rows(account(), **asked)


def test_days_older_than_37_months_are_refused(graph, account):
    error = error_of(graph, account(), time_range={"since": "2023-10-22", "until": "2026-11-01"})

    assert error["code"] == 3018
    assert graph.rows(account(), fields="spend", time_range={"since": "2023-10-23", "until": "2023-10-25"})


def test_reach_is_left_out_of_breakdowns_older_than_13_months(graph, account):
    asked = {"fields": "impressions,reach,frequency", "breakdowns": "gender"}
    old = graph.rows(account(), time_range={"since": "2025-10-22", "until": "2025-10-25"}, **asked)
    new = graph.rows(account(), time_range={"since": "2025-10-24", "until": "2025-10-25"}, **asked)
    plain = graph.rows(account(), fields="reach", time_range={"since": "2025-10-22", "until": "2025-10-25"})

    assert all("reach" not in row and "frequency" not in row for row in old)
    assert all("reach" in row for row in [*new, *plain])


@pytest.mark.parametrize(
    "params",
    [
        {"time_range": {"since": "2026-11-20", "until": "2026-11-01"}},
        {"time_range": {"since": "2026-11-20"}},
        {"time_range": {"since": "20.11.2026", "until": "2026-11-21"}},
        {"time_range": "no json"},
        {"date_preset": "lifetime"},
        {"time_increment": "91"},
        {"time_increment": "weekly"},
        {"level": "creative"},
        {"fields": "impressions,nonsense"},
        {"breakdowns": "nonsense"},
        {"breakdowns": "age,country"},
        {"breakdowns": "region,age"},
        {"breakdowns": "platform_position"},
        {"action_attribution_windows": ["2d_click"]},
        {"sort": ["spend"]},
        {"sort": ["spend_descending", "reach_ascending"]},
        {"limit": "none"},
        {"limit": "0"},
        {"fields": "spend", "summary": ["reach"]},
    ],
)
def test_bad_parameters_are_refused_with_100(graph, account, params):
    assert error_of(graph, account(), **params)["code"] == 100


def test_a_level_above_the_object_is_an_unknown_error(graph, account):
    campaign = graph.data(f"{account()}/campaigns")[0]["id"]
    error = error_of(graph, campaign, level="account")

    assert (error["code"], error["error_subcode"]) == (1, 99)


def test_too_much_for_a_direct_answer_must_be_split(sandbox, graph, account):
    sandbox.configure(sync_row_cap=500)
    asked = {"level": "ad", "time_increment": "1", "fields": "spend"}

    error = error_of(graph, account(), date_preset="last_90d", **asked)

    assert (error["code"], error["error_subcode"]) == (100, 1487534)
    assert graph.rows(account(), date_preset="yesterday", **asked)


def test_gated_breakdowns_are_empty_without_an_error(sandbox, graph, account):
    assert graph.rows(account(), breakdowns="impression_device")
    sandbox.set_account(account(), gated_breakdowns=True)

    assert graph.rows(account(), breakdowns="impression_device") == []
    assert graph.rows(account(), breakdowns="product_id") == []


def test_breakdown_rows_name_their_cell(graph, account):
    rows = graph.rows(account(), fields="spend", breakdowns="age,gender")

    assert {row["gender"] for row in rows} == {"female", "male", "unknown"}
    assert {row["age"] for row in rows} == {"18-24", "25-34", "35-44", "45-54", "55-64", "65+"}


def test_names_come_with_their_level(graph, account):
    fields = "account_name,campaign_name,adset_name,ad_name,objective"
    by_level = {
        level: graph.rows(account(), level=level, fields=fields)[0].keys() - {"date_start", "date_stop"}
        for level in ("account", "adset")
    }

    assert by_level["account"] == {"account_name"}
    assert by_level["adset"] == {"account_name", "campaign_name", "adset_name", "objective"}
