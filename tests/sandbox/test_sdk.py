"""Meta's own SDK, unchanged but for its host, finds nothing odd."""

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.business import Business
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.systemuser import SystemUser
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession


@pytest.fixture
def api(sandbox, monkeypatch):
    monkeypatch.setattr(FacebookSession, "GRAPH", sandbox.url)
    sandbox.configure(require_proof=True)
    return FacebookAdsApi.init(sandbox.app_id, sandbox.app_secret, sandbox.token("system"), crash_log=False)


def test_it_lists_accounts_page_by_page(api):
    accounts = User("me", api=api).get_ad_accounts(fields=["name", "currency"], params={"limit": 5})

    assert len({account["id"] for account in accounts}) == 12


def test_it_lists_campaigns_with_their_total(api, account):
    campaigns = AdAccount(account(), api=api).get_campaigns(
        fields=["name", "objective", "effective_status"], params={"limit": 2}
    )

    names = [campaign["name"] for campaign in campaigns]
    assert campaigns.total() == len(names) >= 4


def test_it_reads_and_writes_a_campaign(api, account):
    found = AdAccount(account(), api=api).get_campaigns(fields=["name"])[0]
    campaign = Campaign(found["id"], api=api)

    campaign.api_update(params={"status": "PAUSED"})

    assert campaign.api_get(fields=["status"])["status"] == "PAUSED"


def test_it_reads_insights(api, graph, account):
    rows = AdAccount(account(), api=api).get_insights(
        fields=["campaign_id", "spend", "actions"],
        params={
            "level": "campaign",
            "time_range": {"since": "2026-11-01", "until": "2026-11-07"},
            "limit": 2,
        },
    )

    told = [row.export_all_data() for row in rows]
    assert told == graph.rows(
        account(),
        appsecret_proof=api._session._gen_appsecret_proof(),
        level="campaign",
        fields="campaign_id,spend,actions",
        time_range={"since": "2026-11-01", "until": "2026-11-07"},
    )


def test_it_runs_a_report(api, sandbox, account):
    sandbox.configure(report_seconds=60)
    run = AdAccount(account(), api=api).get_insights_async(
        fields=["ad_id", "spend"], params={"level": "ad", "date_preset": "last_7d"}
    )
    assert run.api_get()["async_status"] == "Job Not Started"

    sandbox.advance(60)

    assert run.api_get()[AdReportRun.Field.async_percent_completion] == 100
    assert len(list(run.get_insights(params={"limit": 10}))) > 10


def test_it_sends_a_batch_and_keeps_the_unfinished_part(api, sandbox, account):
    sandbox.fail("null_item", path="/adsets")
    adsets = [row["id"] for row in AdAccount(account(), api=api).get_ad_sets(fields=["id"])][:3]
    batch, names, failures = api.new_batch(), [], []
    for adset in adsets:
        AdSet(adset, api=api).api_get(
            fields=["name"], batch=batch, success=lambda answer: names.append(answer.json()["name"])
        )
    AdSet("1", api=api).api_get(
        fields=["name"],
        batch=batch,
        failure=lambda answer: failures.append(answer.error().api_error_subcode()),
    )
    AdAccount(account(), api=api).get_ad_sets(fields=["name"], batch=batch)

    rest = batch.execute()

    assert len(names) == 3
    assert failures == [33]
    assert len(rest) == 1


def test_it_reads_our_errors(api, sandbox, account):
    sandbox.block("ads_insights", account=account())

    with pytest.raises(FacebookRequestError) as caught:
        AdAccount(account(), api=api).get_insights()

    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (80000, 2446079)


def test_it_makes_a_system_user_that_reaches_what_is_assigned(api, sandbox, graph):
    business = Business(
        sandbox._state.world.account_by_id[sandbox.accounts[0]["id"][4:]].business.id, api=api
    )
    made = business.create_system_user(params={"name": "nights", "role": "EMPLOYEE"})
    user = SystemUser(made["id"], api=api)
    assert list(user.get_assigned_ad_accounts()) == []

    mine = AdAccount(sandbox.accounts[0]["id"], api=api)
    mine.create_assigned_user(params={"user": made["id"], "tasks": ["ANALYZE"]})

    assert [one["id"] for one in user.get_assigned_ad_accounts()] == [mine["id"]]
    with pytest.raises(FacebookRequestError) as refused:
        mine.create_assigned_user(params={"user": made["id"], "tasks": ["ADVERTISE"]})
    assert (refused.value.api_error_code(), refused.value.api_error_subcode()) == (100, 1752129)
