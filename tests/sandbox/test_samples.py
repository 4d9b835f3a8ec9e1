"""The sandbox is held to bodies from Meta's manual."""

import json

import pytest

from .shapes import differences, sample

ROW = (
    "account_id,account_currency,campaign_id,campaign_name,impressions,reach,frequency,clicks,spend,cpm,cpc,ctr,"
    "inline_link_clicks,attribution_setting,actions,action_values,cost_per_action_type,purchase_roas"
)
ACCOUNT = (
    "id,account_id,name,account_status,disable_reason,currency,timezone_id,timezone_name,"
    "timezone_offset_hours_utc,amount_spent,balance,spend_cap,min_daily_budget,business{id,name},user_tasks"
)
CAMPAIGN = (
    "id,name,objective,status,configured_status,effective_status,daily_budget,budget_remaining,"
    "special_ad_categories,start_time,created_time,updated_time"
)


def assert_error(answer, name, status=400):
    expected = sample(name)

    assert answer.status_code == status
    assert differences(expected, answer.json(), optional=("error_user_msg",)) == []
    for key in ("code", "error_subcode", "type", "message", "is_transient", "error_user_title"):
        assert answer.json()["error"].get(key) == expected["error"].get(key)


@pytest.mark.parametrize("name", ["revoked", "password_changed"])
def test_dead_tokens_answer_like_the_manual(sandbox, graph, name):
    assert_error(graph.get("me", token=sandbox.token(name)), f"error_{name}")


def test_a_text_that_is_no_token_answers_401(graph):
    assert_error(graph.get("me", token="nonsense"), "error_unparsable_token", status=401)


def test_errors_of_path_and_version(graph):
    expected = sample("error_missing_object")
    answer = graph.get("act_1")

    assert answer.status_code == 400
    assert differences(expected, answer.json()) == []
    assert answer.json()["error"]["message"] == expected["error"]["message"].replace("'xxx'", "'act_1'")
    assert_error(graph.get("me", version="v20.0"), "error_deprecated_version")
    assert differences(sample("error_unknown_path"), graph.get("me/nonsense").json()) == []


def test_proof_errors(sandbox, graph):
    sandbox.configure(require_proof=True)

    assert_error(graph.get("me"), "error_missing_proof")
    assert_error(graph.get("me", appsecret_proof="0" * 64), "error_wrong_proof")


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("ads_insights", "insights", "error_insights_limit"),
        ("ads_management", "campaigns", "error_management_limit"),
        ("score", "campaigns", "error_account_limit"),
        ("insights_app", "insights", "error_app_insights_limit"),
    ],
)
def test_refusals_for_a_spent_allowance(sandbox, graph, account, kind, path, name):
    sandbox.block(kind, account=None if kind == "insights_app" else account())

    assert_error(graph.get(f"{account()}/{path}"), name)


def test_debug_token(sandbox, graph):
    def told(text):
        answer = graph.get("debug_token", token=sandbox.app_token, input_token=text)
        assert answer.status_code == 200
        return answer.json()

    assert differences(sample("debug_token_system_user"), told(sandbox.token("reporting"))) == []
    expired = told(sandbox.token("expired"))
    assert differences(sample("debug_token_expired"), expired, optional=("granular_scopes",)) == []
    assert expired["data"]["error"]["subcode"] == 463
    assert told("nonsense") == sample("debug_token_garbage")


def test_permissions_and_an_exchanged_token(sandbox, graph):
    graph.delete("me/permissions/ads_management", token=sandbox.token("user"))
    answer = graph.get("me/permissions", token=sandbox.token("user"))
    assert differences(sample("permissions"), answer.json()) == []
    assert {"permission": "ads_management", "status": "declined"} in answer.json()["data"]

    answer = graph.get(
        "oauth/access_token",
        token="",
        grant_type="fb_exchange_token",
        client_id=sandbox.app_id,
        client_secret=sandbox.app_secret,
        set_token_expires_in_60_days="true",
        fb_exchange_token=sandbox.token("sixty_day"),
    )
    assert differences(sample("exchanged_token"), answer.json()) == []


def test_a_page_of_accounts_and_an_account(graph, account):
    page = graph.get("me/adaccounts", fields="name,account_status,currency", limit="3").json()

    assert differences(sample("adaccounts_page"), page) == []
    assert differences(sample("adaccount"), graph.get(account(), fields=ACCOUNT).json()) == []


def test_a_campaign(graph, account):
    rows = graph.data(f"{account()}/campaigns", fields=CAMPAIGN)
    with_budget = [row for row in rows if "daily_budget" in row]

    assert with_budget
    for row in with_budget:
        assert differences(sample("campaign"), row) == []


def test_an_insights_row(graph, account):
    windows = ["1d_click", "7d_click", "1d_view"]
    rows = graph.rows(
        account(), level="campaign", fields=ROW, date_preset="last_7d", action_attribution_windows=windows
    )
    # A campaign without sales has no values, and each type only the windows that hold something.
    may_lack = ("action_values", "purchase_roas", *windows)

    assert rows
    for row in rows:
        assert differences(sample("insights_row"), row, optional=may_lack) == []


def test_report_runs(sandbox, graph, account):
    sandbox.configure(report_seconds=60)
    sandbox.script_reports("complete", "fail")
    asked = {"level": "campaign", "date_preset": "last_7d"}
    started = graph.post(f"{account()}/insights", **asked).json()
    failing = graph.post(f"{account()}/insights", **asked).json()
    assert differences(sample("report_started"), started) == []

    sandbox.advance(30)
    run = started["report_run_id"]
    assert differences(sample("report_running"), graph.get(run).json()) == []
    assert_error(graph.get(f"{run}/insights"), "error_report_early")

    sandbox.advance(31)
    assert differences(sample("report_completed"), graph.get(run).json()) == []
    failed = graph.get(failing["report_run_id"]).json()
    assert (
        differences(sample("report_failed"), failed, optional=("time_ref", "date_start", "date_stop")) == []
    )


def test_a_batch_item_and_a_batch_that_is_too_long(graph, account):
    item = {"method": "GET", "relative_url": f"{account()}/campaigns?limit=1"}
    [answer] = graph.post("", batch=[item]).json()

    assert differences(sample("batch_item"), answer) == []
    assert graph.post("", batch=[item] * 51).json() == sample("error_batch_too_long")


def test_usage_headers(graph, account):
    headers = graph.get(f"{account()}/insights").headers
    by_account = json.loads(headers["x-business-use-case-usage"])

    assert differences(sample("header_app_usage"), json.loads(headers["x-app-usage"])) == []
    assert list(by_account) == [account().removeprefix("act_")]
    assert differences(sample("header_business_use_case_usage"), by_account[account()[4:]]) == []
    account_usage = json.loads(headers["x-ad-account-usage"])
    assert differences(sample("header_ad_account_usage"), account_usage) == []
    assert (
        json.loads(headers["x-fb-ads-insights-throttle"]).keys() == sample("header_insights_throttle").keys()
    )
