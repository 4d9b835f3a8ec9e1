"""A night in which everything goes wrong at once: complete but for what the ledger names, and it names just that."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from apps.connections.models import AdAccount
from apps.reporting import ledger, reports, sets, sync, tasks, together
from apps.reporting.models import ReportRun, SyncRun
from apps.reporting.periods import Period
from tests.conftest import MONDAY, Clock

from . import truth

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEED = 20261123
SINCE, UNTIL = date(2026, 10, 27), date(2026, 11, 23)


@pytest.fixture
def clock(running_sandbox):
    """Monday, 10:00 UTC. Time passes only where somebody waits, so that the same seeds make the same night."""
    running_sandbox.reset()
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield Clock(traveller, running_sandbox)


@pytest.fixture
def accounts(make_connection, sandbox, clock, settings):
    """Four ad accounts, and what becomes of them."""
    make_connection()
    sandbox.hold_figures()
    settings.GRAPH_CLIENT_OPTIONS = {"sleep": clock.advance}
    pieces = {"throttled": "Harbor", "too large": "青空", "poisoned": "Fjäll", "spared": "Praia"}
    found = {what: AdAccount.objects.get(name__contains=piece) for what, piece in pieces.items()}
    AdAccount.objects.exclude(pk__in=[account.pk for account in found.values()]).delete()
    return found


def work(clock, until):
    """What workers and the sweep do, until nothing is left to do or it is this late."""
    while (runs := SyncRun.objects.open()).exists() and datetime.now(UTC) < until:
        sync.sweep()
        due = SyncRun.objects.due()
        alone = set(due.filter(failures__gt=0).values_list("pk", flat=True))
        alone.update(together.perform(due.filter(failures=0).values_list("pk", flat=True)).alone)
        for pk in sorted(alone):
            sync.perform(pk)
        soonest = min((run.not_before for run in runs if run.not_before), default=datetime.now(UTC))
        clock.set(min(until, max(soonest, datetime.now(UTC) + timedelta(seconds=1))))


def gaps_of(*accounts):
    return ledger.gaps(accounts, SINCE, UNTIL, sets.kept_by(accounts))


def everything_of(sandbox, accounts):
    found = {}
    for account in accounts:
        found |= truth.told(sandbox, account.act_id, SINCE, UNTIL)
    return found


def days_of(gaps):
    return {gap.since + timedelta(days=n) for gap in gaps for n in range(gap.length)}


def test_a_night_of_trouble_is_complete_but_for_what_the_ledger_names(accounts, sandbox, clock):
    random.seed(SEED)
    throttled, ill = accounts["throttled"], accounts["poisoned"]
    others = [account for account in accounts.values() if account != throttled]
    theirs = everything_of(sandbox, accounts.values())
    ad, lost = worst_ad(theirs, ill)
    trouble = [
        sandbox.fail(code=1, status=500, rate=0.01, seed=SEED),
        sandbox.fail(code=2, status=503, is_transient=True, rate=0.01, seed=SEED + 1),
        sandbox.fail("reset", rate=0.01, seed=SEED + 2),
    ]
    sandbox.poison(ad)
    sandbox.set_account(accounts["too large"].act_id, async_row_cap=400, sync_row_cap=400)
    sandbox.block("ads_insights", minutes=60, account=throttled.act_id)
    over = datetime.now(UTC) + timedelta(minutes=60)

    tasks.sync_restated()
    tasks.sync_recent()
    work(clock, over - timedelta(minutes=2))

    # The hour is not over: the account waits and says until when, all others are done.
    waits = gaps_of(throttled)
    assert {gap.state for gap in waits} == {"waiting"}
    for key in truth.SETS:
        assert days_of(gap for gap in waits if gap.set.key == key) == set(Period(SINCE, UNTIL))
    assert {abs(gap.waiting_until - over) < timedelta(minutes=2) for gap in waits} == {True}
    assert set(SyncRun.objects.open().values_list("account__name", flat=True)) == {throttled.name}
    assert {(gap.account, gap.set.key) for gap in gaps_of(*others)} == {(ill, ("ad", ""))}

    work(clock, over + timedelta(hours=4))

    # It is over: the ledger names the poisoned ad on each of its days, and nothing else.
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"done"}
    gaps = gaps_of(*accounts.values())
    assert {(gap.account, gap.set.key, gap.state) for gap in gaps} == {(ill, ("ad", ""), "partial")}
    assert {(gap.code, gap.subcode) for gap in gaps} == {(-2, 2490547)}
    assert {gap.reason for gap in gaps} == {
        f"All fields of ad {ad} on {day} did not come. Meta answered -2/2490547: Meta could not produce the report."
        for day in days_of(gaps)
    }
    assert days_of(gaps) == {key[3] for key in lost}
    # And every other row is there, and right.
    with connection.cursor() as cursor:
        ours = truth.stored(cursor, *(account.act_id for account in accounts.values()))
    assert truth.differences(ours, theirs) == lost == theirs.keys() - ours.keys()
    # What was meant to happen did.
    split = ReportRun.objects.filter(
        sync_run__account=accounts["too large"], state="split", error_subcode=1504045
    )
    assert split.exists()
    assert all(script.used for script in trouble), [script.used for script in trouble]
    assert sandbox.calls_while_blocked() == 0
    assert reports.sweep() == 0


def worst_ad(rows, account):
    """The ad with the most rows, and those rows."""
    of_ads = [key for key in rows if key[:2] == (account.act_id, "ad")]
    ids = [key[4] for key in of_ads]
    ad = max(sorted(set(ids)), key=ids.count)
    return ad, {key for key in of_ads if key[4] == ad}
