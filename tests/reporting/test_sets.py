"""Which numbers an ad account keeps, and what Meta would refuse, known before it is asked."""

import io
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from apps.reporting import insights, ledger, sets, sync
from apps.reporting.models import Insight, SyncPlan, SyncRun
from apps.reporting.store import Window

from .factories import unsaved

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    "breakdown",
    [
        "",
        "age",
        "gender,age",
        "country",
        "publisher_platform,platform_position",
        "device_platform",
        "body_asset,age",
    ],
)
def test_combinations_of_metas_table_are_let_through(breakdown):
    assert sets.refusal(breakdown, date(2026, 11, 1), TODAY) == ""


@pytest.mark.parametrize(
    ("breakdown", "since", "sentence"),
    [
        ("age,country", date(2026, 11, 1), "does not combine age with country"),
        ("country,publisher_platform", date(2026, 11, 1), "does not combine"),
        ("age,age", date(2026, 11, 1), "does not combine"),
        ("shoe_size", date(2026, 11, 1), "shoe_size is no breakdown"),
        ("", date(2023, 10, 22), "37 months"),
        ("age", date(2023, 10, 22), "37 months"),
        ("hourly_stats_aggregated_by_advertiser_time_zone", date(2025, 10, 22), "13 months"),
        ("frequency_value", date(2026, 5, 22), "6 months"),
    ],
)
def test_what_meta_would_refuse_gets_a_sentence(breakdown, since, sentence):
    assert sentence in sets.refusal(breakdown, since, TODAY)


def test_a_refusal_names_what_can_be_asked_instead():
    assert "age,gender" in sets.refusal("age,country", None, TODAY)


def test_reach_with_a_breakdown_is_asked_for_only_as_far_back_as_meta_keeps_it():
    names = ["impressions", "reach", "frequency"]

    assert sets.metrics(names, "age,gender", date(2025, 10, 23), TODAY) == names
    assert sets.metrics(names, "age,gender", date(2025, 10, 22), TODAY) == ["impressions"]
    assert sets.metrics(names, "", date(2024, 1, 1), TODAY) == names


@pytest.mark.django_db
@pytest.mark.services
class TestAnAccount:
    @pytest.fixture
    def account(self, make_account):
        return make_account("Fjäll")

    def test_keeps_every_set_unless_someone_chose(self, account):
        assert [one.name for one in sets.kept(account)] == sets.DEFAULT

    def test_keeps_what_was_chosen_and_always_what_the_pages_need(self, account):
        sets.keep(account, ["ad"])

        assert [one.name for one in sets.kept(account)] == ["account", "campaign", "ad"]

    def test_that_goes_back_to_everything_follows_the_default_again(self, account):
        sets.keep(account, ["ad"])
        sets.keep(account, sets.DEFAULT)

        assert SyncPlan.objects.get().sets == []

    def test_at_night_has_one_run_for_the_small_sets_and_one_for_each_large_one(self, account):
        sets.keep(account, ["adset", "campaign:age,gender"])

        runs = sync.request_restated([account])

        assert [(run.levels, run.breakdowns) for run in runs] == [
            (["account", "campaign"], []),
            (["adset"], []),
            (["campaign"], ["age,gender"]),
        ]
        assert {(run.since, run.until) for run in runs} == {(date(2026, 10, 27), TODAY)}

    def test_a_run_of_a_breakdown_goes_by_report_and_leaves_the_whole_alone(self, account, clock):
        sets.keep(account, ["campaign:age,gender"])
        run = sync.perform(sync.request_restated([account])[-1].pk)

        while run.state == "waiting":
            assert "Meta prepares the reports" in run.error
            clock.advance(30)
            run = sync.perform(run.pk)

        assert run.state == "done"
        assert (
            ledger.gaps([account], run.since, run.until, {account.pk: [sets.SETS["campaign:age,gender"]]})
            == []
        )
        assert set(Insight.objects.values_list("level", "breakdown")) == {("campaign", "age,gender")}

    def test_counts_its_nights_by_its_own_calendar(self, make_account, clock):
        account = make_account("Fjäll")
        account.timezone_name = "Pacific/Auckland"
        account.save()
        clock.set(datetime(2026, 11, 23, 20, 0, tzinfo=UTC))

        assert sync.request_restated([account])[0].until == date(2026, 11, 24)

    def test_is_changed_by_people_who_may_change_settings_alone(self, account, admin, marketer, signed_in):
        address = f"/accounts/{account.act_id}/sets/"

        assert signed_in(admin).post(address, {"sets": ["ad"]}).status_code == 302
        assert [one.name for one in sets.kept(account)] == ["account", "campaign", "ad"]
        assert signed_in(marketer).post(address, {"sets": []}).status_code == 403
        assert [one.name for one in sets.kept(account)] == ["account", "campaign", "ad"]

    def test_does_not_take_a_set_that_does_not_exist(self, account, admin, signed_in):
        signed_in(admin).post(f"/accounts/{account.act_id}/sets/", {"sets": ["galaxy"]})

        assert not SyncPlan.objects.exists()

    @pytest.mark.parametrize("breakdown", ["age,country", "shoe_size"])
    @pytest.mark.usefixtures("account")
    def test_command_refuses_a_bad_breakdown_before_any_call(self, sandbox, breakdown):
        before = sandbox.state()["calls"]

        with pytest.raises(CommandError, match=f"--breakdown {breakdown}"):
            call_command("sync", breakdown=[breakdown], stdout=io.StringIO())

        assert not SyncRun.objects.exists()
        assert sandbox.state()["calls"] == before


def test_what_meta_has_no_more_is_not_asked_for():
    account = unsaved()
    today = account.today()

    def asked(breakdown, months):
        since = sets.months_back(today, months)
        window = Window("campaign", since, since, breakdown)
        return set(insights.question(account, window).params["fields"])

    assert {"reach", "frequency"} <= asked("age,gender", 12)
    assert not {"reach", "frequency"} & asked("age,gender", 14)
    assert {"spend", "actions"} <= asked("age,gender", 14)
    assert {"reach", "frequency"} <= asked("", 14)
