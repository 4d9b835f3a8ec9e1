"""Older days: month by month, newest first, resumable, and only while nothing else is due."""

from datetime import date, timedelta

import pytest

from apps.connections import pacing
from apps.connections.models import Allowance
from apps.reporting import backfill, ledger, sets, sync
from apps.reporting.models import Coverage, Insight, SyncPlan, SyncRun
from apps.reporting.store import Window

pytestmark = [pytest.mark.django_db, pytest.mark.services]

TODAY = date(2026, 11, 23)
NEWEST = TODAY - timedelta(days=28)  # the last day that nightly runs leave to the backfill


@pytest.fixture(autouse=True)
def quick(no_pauses):
    """Hiccups are not waited out."""


@pytest.fixture
def account(make_account, sandbox):
    """One that keeps the small sets alone."""
    account = make_account("Fjäll")
    sets.keep(account, [])
    return account


def windows(runs) -> list[tuple]:
    return [(run.levels, run.breakdowns, run.since, run.until) for run in runs]


SMALL = (["account", "campaign"], [])


def test_nothing_is_filled_before_somebody_asks(account):
    assert backfill.step() == []
    assert backfill.progress(account).sentence == "No backfill is asked for."


def test_the_newest_month_comes_first_and_each_step_goes_one_month_back(account):
    backfill.start(account, date(2026, 8, 10))
    taken = []
    while runs := backfill.step():
        taken += windows(runs)
        for run in runs:
            assert sync.perform(run.pk).state == "done"

    assert taken == [
        (*SMALL, date(2026, 10, 1), date(2026, 10, 26)),
        (*SMALL, date(2026, 9, 1), date(2026, 9, 30)),
        (*SMALL, date(2026, 8, 10), date(2026, 8, 31)),
    ]
    assert Insight.objects.filter(account=account, day=date(2026, 8, 12)).exists()
    progress = backfill.progress(account)
    assert (progress.done, progress.percent) == (progress.all, 100)
    assert progress.sentence == "Everything back to 10 Aug 2026 is there."


def test_every_set_that_is_kept_is_filled_the_small_ones_before_the_large(account):
    sets.keep(account, ["ad", "campaign:country"])
    backfill.start(account, date(2026, 10, 1))
    taken = []
    for _ in range(3):
        runs = backfill.step()
        taken += windows(runs)
        for run in runs:  # as if it had come
            for window in sync.windows(run):
                ledger.complete(account, window)
            run.done()

    days = (date(2026, 10, 1), NEWEST)
    assert taken == [(*SMALL, *days), (["ad"], [], *days), (["campaign"], ["country"], *days)]
    assert backfill.step() == []


def test_what_is_there_already_is_not_fetched_again(account):
    for level in ("account", "campaign"):
        ledger.complete(account, Window(level, date(2026, 9, 1), NEWEST))
    backfill.start(account, date(2026, 8, 1))

    assert windows(backfill.step()) == [(*SMALL, date(2026, 8, 1), date(2026, 8, 31))]


def test_days_that_were_fetched_before_windows_were_asked_for_are_fetched_again(account):
    for level in ("account", "campaign"):
        ledger.complete(account, Window(level, date(2026, 8, 1), NEWEST))
    Coverage.objects.filter(day__month=9).update(windows=False)
    backfill.start(account, date(2026, 8, 1))

    progress = backfill.progress(account)
    assert progress.all - progress.done == 2 * 30
    (run,) = backfill.step()
    assert windows([run]) == [(*SMALL, date(2026, 9, 1), date(2026, 9, 30))]
    assert sync.perform(run.pk).state == "done"

    assert backfill.step() == []
    assert backfill.progress(account).percent == 100
    assert not Coverage.objects.filter(windows=False).exists()
    assert not Insight.objects.filter(action_windows=None).exists()


def test_it_goes_on_where_it_was_stopped(account):
    backfill.start(account, date(2026, 8, 1))
    sync.perform(backfill.step()[0].pk)
    backfill.stop(account)
    assert backfill.step() == []

    backfill.start(account, date(2026, 8, 1))

    assert windows(backfill.step()) == [(*SMALL, date(2026, 9, 1), date(2026, 9, 30))]


def test_stopping_drops_the_step_that_nobody_has_begun(account):
    backfill.start(account, date(2026, 8, 1))
    backfill.step()

    backfill.stop(account)

    assert not SyncRun.objects.filter(reason="backfill").exists()


def test_one_step_at_a_time(account):
    backfill.start(account, date(2026, 8, 1))

    assert len(backfill.step()) == 1
    assert backfill.step() == []
    assert "A step is under way" in backfill.progress(account).sentence


@pytest.mark.parametrize("reason", ["hourly", "nightly", "page"])
def test_it_waits_while_a_run_of_daily_work_is_due(account, reason):
    backfill.start(account, date(2026, 8, 1))
    sync.request([account], reason)

    assert backfill.step() == []
    assert "other syncs of this ad account come first" in backfill.progress(account).sentence


def test_it_waits_while_an_allowance_is_used_beyond_the_level_at_which_people_are_told(account, settings):
    (run,) = sync.request([account], "command")
    sync.perform(run.pk)  # so that the pace book knows the account
    backfill.start(account, date(2026, 8, 1))
    assert pacing.level(account) < settings.META_PACE_TELL
    row = Allowance.objects.get(key=f"business_use_case:{account.meta_id}:ads_insights")
    row.gauge |= {"told": 72.0, "told_at": pacing.meta_clock()}
    row.save()

    assert pacing.level(account) >= settings.META_PACE_TELL
    assert backfill.step() == []
    assert "of an allowance is used; it goes on below 70%" in backfill.progress(account).sentence


def test_a_closed_allowance_counts_as_full(account):
    Allowance.objects.create(key="insights_app", gauge={"closed_until": pacing.meta_clock() + 60})

    assert pacing.level(account) == 100


def test_other_accounts_do_not_wait_for_one(account):
    other = _others(account).first()
    sets.keep(other, [])
    backfill.start(account, date(2026, 8, 1))
    backfill.start(other, date(2026, 8, 1))
    sync.request([account], "hourly")

    assert [run.account for run in backfill.step()] == [other]


def _others(account):
    return type(account).objects.exclude(pk=account.pk)


def test_a_round_takes_a_bounded_number_of_steps_and_those_that_waited_longest_first(account, clock):
    for other in _others(account):
        sets.keep(other, [])
        backfill.start(other, date(2026, 8, 1))
        clock.advance(1)

    first = backfill.step(most=3)
    second = backfill.step(most=3)

    assert (len(first), len(second)) == (3, 3)
    assert not {run.account_id for run in first} & {run.account_id for run in second}


def test_a_step_that_meta_refused_is_not_asked_again_until_somebody_starts_anew(account, sandbox, clock):
    sandbox.fail("error", code=100, status=400, message="no", path="/insights$", times=1)
    backfill.start(account, date(2026, 9, 1))
    assert sync.perform(backfill.step()[0].pk).state == "failed"

    while runs := backfill.step():
        sync.perform(runs[0].pk)

    progress = backfill.progress(account)
    assert progress.refused == 1
    assert "One step was refused" in progress.sentence
    clock.advance(60)
    backfill.start(account, date(2026, 9, 1))
    assert windows(backfill.step()) == [(*SMALL, date(2026, 10, 1), NEWEST)]


def test_it_goes_no_further_back_than_metas_memory(account):
    backfill.start(account, date(2001, 1, 1))

    assert SyncPlan.objects.get(account=account).backfill_since == date(2023, 10, 24)


def test_an_account_that_nobody_reaches_is_left_alone(account):
    backfill.start(account, date(2026, 8, 1))
    account.reach.update(lost_at="2026-11-23T00:00:00Z")

    assert backfill.step() == []


def test_days_that_an_outage_left_behind_are_filled_like_older_ones(account, clock):
    (run,) = sync.request([account], "nightly", since=TODAY - timedelta(days=9), until=TODAY)
    sync.perform(run.pk)
    backfill.start(account, NEWEST)
    clock.advance(45 * 86400)

    (step,) = backfill.step()

    assert step.until >= TODAY
    assert Coverage.objects.filter(account=account).exists()


# --- pages ---------------------------------------------------------------------------------------


def test_an_admin_starts_and_stops_it_on_the_page(account, admin, signed_in):
    browser, address = signed_in(admin), f"/accounts/{account.act_id}/backfill/"

    page = browser.post(address, {"since": "2026-08-01"}, follow=True).content.decode()
    assert "is filled back to 1 Aug 2026" in page
    assert 'class="meter info' in page

    page = browser.post(f"{address}stop/", follow=True).content.decode()
    assert "What was fetched stays" in page
    assert SyncPlan.objects.get(account=account).backfill_since is None


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        ("", "Choose the day"),
        ("soon", "can not be read"),
        ("2001-01-01", "37 months"),
        ("2026-12-24", "that is over"),
    ],
)
def test_a_day_that_can_not_be_gets_a_sentence_and_changes_nothing(
    account, admin, signed_in, since, sentence
):
    page = signed_in(admin).post(f"/accounts/{account.act_id}/backfill/", {"since": since}, follow=True)

    assert sentence in page.content.decode()
    assert SyncPlan.objects.get(account=account).backfill_since is None


def test_people_who_may_not_change_settings_see_it_and_can_not_start_it(account, support, signed_in):
    browser = signed_in(support)

    assert browser.post(f"/accounts/{account.act_id}/backfill/", {"since": "2026-08-01"}).status_code == 403
    assert not SyncRun.objects.exists()
