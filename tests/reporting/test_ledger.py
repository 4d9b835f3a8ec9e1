"""The gap ledger: what is there, what is not and why, for every day of a set."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.graphapi import ServerFault
from apps.reporting import daystrip, foreground, ledger, reports, sets, sync, tasks
from apps.reporting.ledger import Stretch
from apps.reporting.models import Coverage, Insight, SyncRun
from apps.reporting.store import Window

pytestmark = [pytest.mark.django_db, pytest.mark.services]

TODAY = date(2026, 11, 23)
CAMPAIGN = sets.SETS["campaign"]


@pytest.fixture(autouse=True)
def quick(no_pauses):
    """Hiccups are not waited out."""


@pytest.fixture
def account(make_account):
    return make_account("Fjäll")


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def stretches(account, since, until=TODAY, one=CAMPAIGN) -> list[Stretch]:
    return ledger.stretches([account], since, until, {account.pk: [one]})


def states(account, since, until=TODAY, one=CAMPAIGN) -> list[tuple[str, int]]:
    return [(stretch.state, stretch.length) for stretch in stretches(account, since, until, one)]


def run_of(account, since, until=TODAY, reason="nightly", **options) -> SyncRun:
    (run,) = sync.request([account], reason, since=since, until=until, **options)
    return sync.perform(run.pk)


def test_days_that_were_never_fetched_are_missing_and_today_is_not_due_yet(account):
    assert states(account, days_ago(9)) == [("missing", 9), ("pending", 1)]
    assert "Never fetched" in stretches(account, days_ago(9))[0].sentence


def test_a_nightly_set_is_not_missed_before_its_night_is_over(account):
    assert states(account, days_ago(9), one=sets.SETS["ad"]) == [("missing", 8), ("pending", 2)]


def test_what_is_stored_is_written_down_with_its_rows(account, sandbox):
    run_of(account, days_ago(9))

    assert states(account, days_ago(9)) == [("restating", 10)]
    assert Insight.objects.filter(account=account).exists()
    assert Coverage.objects.filter(account=account).count() == 20


def test_older_days_are_complete_and_younger_ones_may_still_be_restated(account):
    run_of(account, days_ago(40))

    assert states(account, days_ago(40)) == [("complete", 13), ("restating", 28)]


def test_days_that_have_not_begun_are_not_judged(account):
    run_of(account, days_ago(1), TODAY + timedelta(days=1))

    assert not Coverage.objects.filter(day__gt=TODAY).exists()
    assert states(account, days_ago(1), TODAY + timedelta(days=5)) == [("restating", 2)]


def test_a_failure_says_why_and_never_turns_stored_numbers_into_missing_ones(account, sandbox):
    run_of(account, days_ago(2))
    stored = list(Insight.objects.order_by("pk").values_list("pk", "spend"))
    sandbox.fail(
        "error", code=100, subcode=33, status=400, message="Unsupported get request.", path="/insights$"
    )

    run = run_of(account, days_ago(4))

    assert run.state == "failed"
    assert states(account, days_ago(4)) == [("missing", 2), ("stale", 3)]
    missing, stale = stretches(account, days_ago(4))
    assert (missing.code, missing.subcode) == (100, 33)
    assert "100/33" in missing.sentence
    assert "older numbers are shown" in stale.sentence
    assert list(Insight.objects.order_by("pk").values_list("pk", "spend")) == stored


def test_the_next_success_clears_what_was_written(account, sandbox):
    sandbox.fail("error", code=100, status=400, message="no", path="/insights$", times=1)
    run_of(account, days_ago(4))

    run_of(account, days_ago(4))

    assert states(account, days_ago(4)) == [("restating", 5)]


def test_what_waits_for_allowance_says_until_when(account, sandbox):
    sandbox.block("ads_insights", 10, account=account.act_id)

    run = run_of(account, days_ago(4))

    assert run.state == "waiting"
    (gap,) = ledger.gaps([account], days_ago(4), TODAY, {account.pk: [CAMPAIGN]})
    assert gap.state == "waiting"
    assert gap.waiting_until == run.not_before
    assert gap.waiting_until > timezone.now()


def test_a_wait_that_is_over_is_no_longer_one(account, sandbox, clock):
    sandbox.block("ads_insights", 10, account=account.act_id)
    run_of(account, days_ago(4))

    clock.advance(7200)

    assert states(account, days_ago(4)) == [("missing", 5)]


def test_days_left_behind_while_they_could_change_are_stale_when_they_are_old(account, clock):
    run_of(account, days_ago(9))

    clock.advance(40 * 86400)

    assert states(account, days_ago(9), days_ago(0)) == [("stale", 10)]


def test_a_partial_day_keeps_what_it_lacks_when_a_later_fetch_fails(account):
    window = Window("campaign", days_ago(3), days_ago(2))
    ledger.partial(account, window, "Campaign 7 is left out: Meta can not report it.", code=2)

    ledger.hindered(account, [window], ServerFault("down"))

    (partial,) = stretches(account, days_ago(3), days_ago(2))
    assert partial.state == "partial"
    assert partial.reason == "Campaign 7 is left out: Meta can not report it."


def test_neighbours_with_the_same_reason_are_one_range_and_others_are_not(account):
    for day, reason in ((5, "A."), (4, "A."), (3, "B."), (1, "B.")):
        ledger.partial(account, Window("campaign", days_ago(day), days_ago(day)), reason)

    found = [
        (one.since, one.until, one.state, one.reason) for one in stretches(account, days_ago(5), days_ago(1))
    ]

    assert found == [
        (days_ago(5), days_ago(4), "partial", "A."),
        (days_ago(3), days_ago(3), "partial", "B."),
        (days_ago(2), days_ago(2), "missing", ledger.NEVER),
        (days_ago(1), days_ago(1), "partial", "B."),
    ]


def test_the_ledger_is_read_in_one_query_however_many_accounts_and_days(account, add_accounts, count_queries):
    accounts = [account, *add_accounts(20)]
    wanted = {one.pk: list(sets.SETS.values()) for one in accounts}

    assert count_queries(lambda: ledger.stretches(accounts, days_ago(1000), TODAY, wanted)) == 1


def test_writing_the_same_days_again_changes_only_their_time(account, clock):
    window = Window("campaign", days_ago(3), TODAY)
    ledger.complete(account, window)
    clock.advance(60)

    ledger.complete(account, window)

    assert Coverage.objects.count() == 4
    assert min(Coverage.objects.values_list("fetched_at", flat=True)) > datetime(
        2026, 11, 23, 10, 0, 30, tzinfo=UTC
    )


def test_the_day_strip_tells_each_state_by_tone_and_height(account):
    ledger.complete(account, Window("campaign", days_ago(40), days_ago(20)))

    (row,) = daystrip.rows(stretches(account, days_ago(40)), days_ago(40), TODAY)

    assert [(mark.state, mark.x, mark.width) for mark in row.marks] == [
        ("complete", 0, 13), ("restating", 13, 8), ("missing", 21, 19), ("pending", 40, 1),
    ]  # fmt: skip
    assert len({(mark.tone, mark.height) for mark in row.marks}) == 4
    assert row.label == "Campaigns: 13 days complete, 8 days restating, 19 days missing, 1 days pending"


# --- the command ---------------------------------------------------------------------------------


def command(**options) -> dict:
    out = io.StringIO()
    try:
        call_command("sync", json=True, stdout=out, **options)
    except CommandError as error:
        return json.loads(out.getvalue()) | {"failed": str(error)}
    return json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
def test_the_command_reports_no_gaps_when_all_is_there(account):
    told = command(account=[account.act_id], since=days_ago(4), until=TODAY)

    assert told["gaps"] == []
    assert told["runs"][0]["state"] == "done"


@pytest.mark.django_db(transaction=True)
def test_the_command_names_the_gaps_of_what_was_asked_for_and_fails(account, sandbox):
    sandbox.fail("error", code=200, status=403, message="(#200) no", path="/insights$")

    told = command(account=[account.act_id], since=days_ago(4), until=TODAY)

    assert "1 failed" in told["failed"]
    assert told["gaps"] == [
        {
            "account": account.act_id, "level": level, "breakdown": "", "since": "2026-11-19", "until": "2026-11-23",
            "state": "missing", "reason": told["runs"][0]["error"], "code": 200, "subcode": None,
            "waiting_until": None,
        }
        for level in ("account", "campaign")
    ]  # fmt: skip


# --- pages ---------------------------------------------------------------------------------------


def test_the_performance_page_names_the_gaps_beside_the_numbers(account, sandbox, admin, signed_in):
    run_of(account, days_ago(27))
    sandbox.fail("error", code=100, status=400, message="no", path="/insights$")
    run_of(account, days_ago(3))

    page = signed_in(admin).get(f"/performance/?accounts={account.act_id}").content.decode()

    assert "has gaps in these days" in page
    assert "were not fetched again; older numbers are shown" in page


def test_the_account_page_shows_the_strip_and_nothing_is_styled_inline(account, marketer, admin, signed_in):
    run_of(account, days_ago(27))

    page = signed_in(admin).get(f"/accounts/{account.act_id}/").content.decode()

    assert 'aria-label="Campaigns: ' in page
    assert "Campaigns by age and gender" in page
    assert "style=" not in page
    assert "28 of 90" in page


# --- reports -------------------------------------------------------------------------------------


def lack(since, until, reason, *, everything=False) -> reports.Gap:
    window = Window("campaign", days_ago(5), days_ago(0))
    return reports.Gap(window, since, until, reason, 2, None, everything)


def test_each_day_names_what_its_reports_did_not_bring(account):
    window = Window("campaign", days_ago(5), days_ago(0))

    ledger.reported(
        account,
        window,
        [
            lack(days_ago(4), days_ago(3), "Reach of campaign 7 did not come."),
            lack(days_ago(3), days_ago(3), "Clicks of campaign 8 did not come."),
            lack(days_ago(2), days_ago(2), "Nothing came.", everything=True),
        ],
    )

    assert [(one.state, one.length, one.reason) for one in stretches(account, days_ago(5))] == [
        ("restating", 1, ""),
        ("partial", 1, "Reach of campaign 7 did not come."),
        ("partial", 1, "Reach of campaign 7 did not come. Clicks of campaign 8 did not come."),
        ("missing", 1, "Nothing came."),
        ("restating", 2, ""),
    ]


def test_a_day_of_which_reports_bring_nothing_keeps_what_it_had(account):
    ledger.complete(account, Window("campaign", days_ago(5), days_ago(0)))

    ledger.reported(
        account,
        Window("campaign", days_ago(5), days_ago(0)),
        [lack(days_ago(2), days_ago(2), "Nothing came.", everything=True)],
    )

    assert states(account, days_ago(5)) == [("restating", 3), ("stale", 1), ("restating", 2)]


def test_what_no_single_answer_can_hold_is_ordered_as_a_report(account, sandbox, clock):
    sandbox.configure(sync_row_cap=3)
    runs = sync.request([account], "command", since=days_ago(1), until=TODAY, levels=["ad"])

    (run,) = foreground.work_off(runs, sleep=lambda seconds: clock.advance(max(seconds, 30)))

    assert run.state == "done"
    assert run.reports.exists()
    assert Insight.objects.filter(account=account, level="ad").count() > 3
    assert states(account, days_ago(1), one=sets.SETS["ad"]) == [("restating", 2)]


# --- beat ----------------------------------------------------------------------------------------


def test_the_night_queues_every_set_and_the_morning_checks_the_sums(account):
    tasks.sync_restated()
    tasks.check_sums()

    runs = SyncRun.objects.filter(account=account)
    assert runs.count() == 7
    assert set(runs.values_list("reason", flat=True)) == {"nightly"}


def test_filling_back_is_a_nudge_that_may_come_at_any_time(account):
    tasks.fill_back()

    assert not SyncRun.objects.exists()
