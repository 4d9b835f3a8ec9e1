"""A second connection that reaches the same ad account reads on where the first one is refused, and says so."""

import pytest

from apps.connections import checking, paths, stakes
from apps.connections.models import AdAccount, Connection
from apps.reporting import foreground, sync, tasks, together
from apps.reporting.models import SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def account(make_connection, sandbox):
    """Reached by a system user, by another one, and by a person: in this order they read it."""
    make_connection("first", "system")
    make_connection("second", "reporting")
    make_connection("Zoë", "user")
    second = Connection.objects.get(name="second")
    return AdAccount.objects.filter(reach__connection=second).in_order().first()


def reader(account):
    return paths.to([account])[account.pk].reader.name


def test_the_run_goes_on_with_the_next_connection(account, sandbox, no_pauses):
    sandbox.revoke("system", 460)

    (run,) = foreground.work_off(sync.request([account], SyncRun.Reason.COMMAND), sleep=lambda seconds: None)

    assert (run.state, run.error) == ("done", "")
    assert Connection.objects.get(name="first").state == "refused"
    assert reader(account) == "second"


def test_where_two_are_dead_the_third_reads(account, sandbox, no_pauses):
    sandbox.revoke("system", 460)
    sandbox.revoke("reporting", 458)

    (run,) = foreground.work_off(sync.request([account], SyncRun.Reason.COMMAND), sleep=lambda seconds: None)

    assert run.state == "done"
    assert reader(account) == "Zoë"


def test_where_nobody_is_left_the_run_fails_with_the_last_refusal(account, sandbox, no_pauses):
    for name in ("system", "reporting", "user"):
        sandbox.revoke(name, 460)

    (run,) = foreground.work_off(sync.request([account], SyncRun.Reason.COMMAND), sleep=lambda seconds: None)

    assert (run.state, run.error_code, run.error_subcode) == ("failed", 190, 460)
    assert paths.to([account])[account.pk].reader is None


def test_runs_in_a_batch_are_taken_up_again_by_the_next_sweep(account, sandbox, no_pauses):
    sandbox.revoke("system", 460)
    accounts = AdAccount.objects.filter(reach__connection__name="second")
    runs = sync.request(accounts, SyncRun.Reason.HOURLY)

    together.perform([run.pk for run in runs])
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"queued"}

    together.perform([run.pk for run in sync.sweep()])
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"done"}


def test_the_task_tells_a_worker_at_once(account, sandbox, no_pauses, settings):
    sandbox.revoke("system", 460)
    (run,) = sync.request([account], SyncRun.Reason.PAGE)

    tasks.perform.apply((run.pk,), throw=True)

    run.refresh_from_db()
    assert (run.state, run.failures) == ("queued", 0)


def test_pages_say_through_whom_an_account_is_read_since_when_and_why(
    account, sandbox, support, signed_in, clock
):
    clock.advance(86400)
    sandbox.revoke("system", 460)
    checking.look(Connection.objects.get(name="first"))
    sentence = (
        "Read through second since 24 Nov 2026, because first was refused. "
        "The token was refused: its owner has changed the password."
    )

    assert paths.to([account])[account.pk].sentence == sentence
    browser = signed_in(support)
    shown = sentence.replace("'", "&#x27;")
    for address in ("/accounts/", f"/accounts/{account.act_id}/", "/connections/"):
        assert shown in browser.get(address).content.decode()


def test_who_is_read_as_ever_has_no_sentence(account, sandbox):
    checking.look(Connection.objects.get(name="Zoë"))
    sandbox.revoke("user", 458)
    checking.look(Connection.objects.get(name="Zoë"))

    assert paths.to([account])[account.pk].sentence == ""


def test_a_connection_that_is_back_reads_again(account, sandbox, make_connection):
    sandbox.revoke("system", 460)
    checking.look(Connection.objects.get(name="first"))

    make_connection("first", "sixty_day")

    assert (reader(account), paths.to([account])[account.pk].sentence) == ("first", "")


def test_a_run_that_ends_well_moves_the_third_clock(account, sandbox, no_pauses, clock):
    clock.advance(7200)
    foreground.work_off(sync.request([account], SyncRun.Reason.COMMAND))

    first = Connection.objects.get(name="first")
    assert first.last_good_at.hour == 12
    assert Connection.objects.get(name="second").last_good_at.hour == 10


# --- what stops ----------------------------------------------------------------------------------


def test_what_only_one_reaches_stops_with_it(account, no_pauses):
    at_stake = stakes.of(Connection.objects.get(name="second"))
    assert (at_stake.alone, len(at_stake.covered), at_stake.sentences) == ([], 4, [])
    assert at_stake.headline.startswith("Nothing stops")

    Connection.objects.filter(name="Zoë").update(state="refused")
    foreground.work_off(sync.request(AdAccount.objects.all()[:1], SyncRun.Reason.COMMAND))
    at_stake = stakes.of(Connection.objects.get(name="first"))

    assert (len(at_stake.alone), len(at_stake.covered)) == (8, 4)
    assert at_stake.headline == "Reporting for 8 ad accounts stops at once: no other connection reaches them."
    assert at_stake.sentences[0].startswith("The hourly sync of 8 ad accounts stops, and ")


def test_what_an_account_spends_unseen_is_told_in_its_own_currency(make_account, no_pauses):
    account = make_account("Fjäll")
    foreground.work_off(sync.request([account], SyncRun.Reason.COMMAND))

    notes = stakes.of(Connection.objects.get()).notes

    spent = sum(
        row.spend
        for row in account.insights.filter(level="account", breakdown="")
        if row.day < account.today() and (account.today() - row.day).days <= 7
    )
    assert notes[account.pk] == f"About €{spent / 7:,.0f} a day goes unseen"
