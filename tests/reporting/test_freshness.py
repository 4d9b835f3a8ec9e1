"""How old an ad account's numbers are, and what stands in the way of newer ones."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.connections.models import AdAccount, Connection
from apps.graphapi import ServerFault, Throttled, TokenRefused
from apps.reporting import freshness, ledger, sync
from apps.reporting.models import SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def account(make_account):
    return make_account("Fjäll")


def run_of(account, *, since=27, until=0, reason=SyncRun.Reason.HOURLY):
    """A run that a worker has begun, over days counted back from today."""
    today = account.today()
    (run,) = sync.request(
        [account], reason, since=today - timedelta(days=since), until=today - timedelta(days=until)
    )
    run.start()
    return run


def finish(run):
    """What a run does that brought everything."""
    for window in sync.windows(run):
        ledger.complete(run.account, window)
    run.done()


def of(account):
    return freshness.of([account])[account.pk]


def test_an_account_that_was_never_synced_says_so(account):
    state = of(account)

    assert (state.kind, state.sentence) == ("info", "It was never synced.")
    assert (state.at, state.earliest) == (None, None)


def test_the_first_sync_is_told_while_it_lasts(account):
    run_of(account)

    assert of(account).words == "is being synced for the first time"


def test_numbers_of_this_hour_are_fine(account, clock):
    finish(run_of(account))
    clock.advance(80 * 60)

    state = of(account)

    assert (state.kind, state.words) == ("ok", "")
    assert timezone.now() - state.at >= timedelta(minutes=80)
    assert state.earliest == account.today() - timedelta(days=27)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(91, "is 91 min behind"), (119, "is 119 min behind"), (121, "is 2 h behind"), (47 * 60, "is 47 h behind"),
     (49 * 60, "is 2 d behind")],
)  # fmt: skip
def test_older_numbers_say_how_old_they_are(account, clock, minutes, words):
    finish(run_of(account))
    clock.advance(minutes * 60)

    assert (of(account).kind, of(account).words) == ("warn", words)


def test_a_failed_run_is_told_until_a_later_one_works(account, clock):
    finish(run_of(account))
    clock.advance(60)
    run_of(account).fail(ServerFault("gone"))

    assert (of(account).kind, of(account).words) == ("crit", "failed to sync")
    assert of(account).at is not None
    clock.advance(60)
    finish(run_of(account))
    assert of(account).kind == "ok"


def test_waiting_for_meta_is_told(account):
    run_of(account).wait(timezone.now() + timedelta(minutes=5), Throttled("spent"))

    assert (of(account).kind, of(account).words) == ("warn", "waits for Meta")


def test_an_account_that_nobody_reaches_is_told_before_all_else(account):
    finish(run_of(account))
    Connection.objects.get().refuse(TokenRefused("gone"))

    assert (of(account).kind, of(account).words) == ("crit", "is reached by no working connection")


def test_one_working_connection_is_enough(account, make_connection):
    make_connection("Zoë", "user").refuse(TokenRefused("gone"))
    account.reach.filter(connection__name="reporting").update(lost_at=None)

    assert of(account).kind == "info"


def test_a_connection_that_needs_its_owner_still_reads(account):
    finish(run_of(account))
    Connection.objects.update(state=Connection.State.NEEDS_OWNER)

    assert of(account).kind == "ok"


def test_a_lost_reach_is_none(account):
    account.reach.update(lost_at=timezone.now())

    assert of(account).kind == "crit"


def test_a_run_over_old_days_says_nothing_about_today(account, clock):
    finish(run_of(account))
    clock.advance(26 * 3600)

    finish(run_of(account, since=400, until=390, reason=SyncRun.Reason.COMMAND))

    assert of(account).words == "is 26 h behind"
    assert of(account).earliest == account.today() - timedelta(days=400)


def test_who_has_only_old_days_is_not_being_synced(account):
    finish(run_of(account, since=400, until=390, reason=SyncRun.Reason.COMMAND))

    assert (of(account).kind, of(account).words) == ("info", "has no recent numbers")


def test_more_accounts_cost_no_more_queries(add_accounts, count_queries):
    add_accounts(2)
    before = count_queries(lambda: freshness.of(AdAccount.objects.all()))

    for account in add_accounts(30):
        finish(run_of(account))

    assert count_queries(lambda: freshness.of(AdAccount.objects.all())) == before


def test_of_nobody_there_is_nothing():
    assert freshness.of([]) == {}


# --- the line at the foot ------------------------------------------------------------------------


def test_the_pulse_tells_the_oldest_age_a_person_sees(make_account, support, marketer, clock):
    from apps.reporting import pulse

    assert pulse.synced(support) is None
    first, second = make_account("Fjäll"), make_account("Brauhaus")
    AdAccount.objects.exclude(pk__in=[first.pk, second.pk]).delete()
    assert pulse.synced(support).word == "not yet"
    finish(run_of(first))
    clock.advance(30 * 60)
    finish(run_of(second))

    assert (pulse.synced(support).word, pulse.synced(support).kind) == ("30 min ago", "ok")
    assert pulse.synced(marketer) is None


def test_the_pulse_counts_what_failed(make_account, support):
    from apps.reporting import pulse

    run_of(make_account("Fjäll")).fail(ServerFault("gone"))

    assert (pulse.synced(support).word, pulse.synced(support).kind) == ("1 failed", "crit")
