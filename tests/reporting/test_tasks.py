"""Tasks are shells: what beat asks for, what a real worker does with it, and what happens when nobody listens."""

import time
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Retry
from django.utils import timezone

from apps.connections.models import AdAccount, Connection
from apps.graphapi import TokenRefused
from apps.reporting import locks, sync, tasks
from apps.reporting.models import Insight, SyncRun
from fbadmin.celery import app

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("no_pauses")]

HOURLY, NIGHTLY, PAGE = SyncRun.Reason.HOURLY, SyncRun.Reason.NIGHTLY, SyncRun.Reason.PAGE
SINCE, UNTIL = date(2026, 11, 16), date(2026, 11, 22)


def ask(account, reason=PAGE):
    (run,) = sync.request([account], reason, since=SINCE, until=UNTIL)
    return run


def eventually(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def state_of(run):
    return SyncRun.objects.get(pk=run.pk).state


# --- what beat asks for --------------------------------------------------------------------------


def test_every_hour_today_and_yesterday_of_every_account_are_due_in_its_own_days(make_account, clock):
    make_account()
    clock.set(
        datetime.fromisoformat("2026-11-23T23:30:00+00:00")
    )  # Tuesday in Berlin and Tokyo, Monday in America

    tasks.sync_recent()

    runs = SyncRun.objects.select_related("account")
    assert runs.count() == 12
    for run in runs:
        tuesday = run.account.timezone_name in {"Europe/Berlin", "Asia/Tokyo"}
        assert run.until == date(2026, 11, 24 if tuesday else 23)
        assert run.since == run.until - timedelta(days=1)
        assert (run.reason, run.state, run.levels) == (HOURLY, "queued", ["account", "campaign"])


def test_every_night_the_28_days_of_every_account_are_due(make_account, clock):
    make_account()
    clock.set(
        datetime.fromisoformat("2026-11-24T03:20:00+00:00")
    )  # Monday night in New York, Tuesday in São Paulo

    tasks.sync_restated()

    assert SyncRun.objects.values("account").distinct().count() == 12
    for run in SyncRun.objects.select_related("account"):
        assert run.until == date(2026, 11, 23 if run.account.currency == "USD" else 24)
        assert (run.until - run.since).days == 27
        assert (run.reason, run.state) == (NIGHTLY, "queued")
    whole = SyncRun.objects.filter(levels=["account", "campaign"], breakdowns=[])
    assert whole.count() == 12


def test_days_begin_at_the_accounts_own_midnight(make_account, clock):
    account = make_account("Praia")

    for moment, day in (("2026-11-24T02:59:59+00:00", 23), ("2026-11-24T03:00:01+00:00", 24)):
        clock.set(datetime.fromisoformat(moment))
        tasks.sync_recent()

        assert account.sync_runs.latest("pk").until == date(2026, 11, day)


@pytest.mark.parametrize("task", [tasks.sync_recent, tasks.sync_restated])
def test_what_is_due_already_is_not_due_twice(make_account, task):
    make_account()
    task()
    before = SyncRun.objects.count()

    task()

    assert SyncRun.objects.count() == before


@pytest.mark.parametrize("task", [tasks.sync_recent, tasks.sync_restated])
def test_what_nobody_reaches_is_not_due(make_account, task):
    account = make_account()
    account.reach.update(lost_at=timezone.now())

    task()

    assert SyncRun.objects.values("account").distinct().count() == 11
    assert not account.sync_runs.exists()


@pytest.mark.parametrize("task", [tasks.sync_recent, tasks.sync_restated])
def test_a_refused_connection_asks_for_nothing(make_account, task):
    make_account()
    Connection.objects.get().refuse(TokenRefused("gone"))

    task()

    assert not SyncRun.objects.exists()


def test_every_task_of_the_schedule_exists():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


# --- one task ------------------------------------------------------------------------------------


def asked_again(run):
    """Performs a run as a worker does, and gives the seconds after which the task wants to be tried again."""
    tasks.perform.push_request(id="test", called_directly=False, args=(run.pk,), kwargs={}, delivery_info={})
    try:
        with pytest.raises(Retry) as again:
            tasks.perform.run(run.pk)
    finally:
        tasks.perform.pop_request()
    return again.value.when


def test_a_run_of_an_account_that_was_removed_is_forgotten():
    tasks.perform(404)


def test_a_busy_account_is_tried_again_soon(make_account, empty_queue):
    run = ask(make_account())

    with held(run.account):
        assert 1 <= asked_again(run) <= 60

    assert state_of(run) == "queued"


@contextmanager
def held(account):
    """Another session is at work on the account."""
    from django.db import connection

    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks._SYNC, account.pk])
        yield
    finally:
        other.close()


def test_a_run_that_waits_comes_back_when_the_wait_is_over(make_account, sandbox, empty_queue):
    run = ask(make_account())
    sandbox.block("score", minutes=5, account=run.account.act_id)

    assert 295 < asked_again(run) < 305
    assert state_of(run) == "waiting"


def test_no_message_is_held_longer_than_the_broker_allows(make_account, sandbox, empty_queue):
    """Redis gives a message that was not acknowledged in time to the next worker, again and again."""
    run = ask(make_account())
    sandbox.block("score", minutes=55, account=run.account.act_id)

    assert asked_again(run) < 900 * 0.9
    assert sync.seconds_until(SyncRun.objects.get().not_before) > 3000


# --- nobody listens ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_nudge_leaves_with_the_commit_only(make_account, empty_queue):
    from django.db import transaction

    class Undone(Exception):
        pass

    account = make_account()
    with pytest.raises(Undone), transaction.atomic():
        tasks.nudge([ask(account)])
        raise Undone

    assert waiting_messages() == 0
    tasks.nudge([ask(account)])
    assert waiting_messages() == 1


def waiting_messages():
    with app.connection_for_read() as connection:
        return app.amqp.queues[app.conf.task_default_queue](connection.default_channel).queue_declare(
            passive=False
        )[1]


def messages(worth):
    """The arguments of the messages that this leaves, by task."""
    with app.connection_for_read() as connection:
        bound = app.amqp.queues[app.conf.task_default_queue](connection.default_channel)
        while bound.get(no_ack=True):
            pass  # of what came before
        worth()
        found = []
        while message := bound.get(no_ack=True):
            found.append((message.headers["task"].rpartition(".")[2], message.payload[0][0]))
        return found


@pytest.mark.django_db(transaction=True)
def test_runs_are_told_together_but_for_those_whose_worker_died(make_account, empty_queue):
    runs = [ask(make_account(piece)) for piece in ("Fjäll", "Harbor", "Praia", "Zahn")]
    SyncRun.objects.filter(pk=runs[1].pk).update(deaths=1)
    runs = list(SyncRun.objects.order_by("pk"))

    told = messages(lambda: tasks.nudge(runs))

    (alone, died), (together, others) = told
    assert (alone, died) == ("perform", runs[1].pk)
    assert (together, sorted(others)) == ("perform_together", [runs[0].pk, runs[2].pk, runs[3].pk])


def test_no_worker_takes_on_more_than_so_many_runs_and_an_account_stays_together(make_account, monkeypatch):
    monkeypatch.setattr(tasks.together, "MOST_RUNS", 15)
    accounts = [make_account(piece) for piece in ("Fjäll", "Harbor", "Praia")]
    runs = sync.request_restated(accounts)

    groups = tasks.groups(runs)

    assert [len({SyncRun.objects.get(pk=pk).account_id for pk in group}) for group in groups] == [2, 1]
    assert sorted(pk for group in groups for pk in group) == sorted(run.pk for run in runs)


@pytest.mark.django_db(transaction=True)
def test_what_waits_about_as_long_comes_back_together(make_account, sandbox, empty_queue):
    runs = [ask(make_account(piece)) for piece in ("Fjäll", "Harbor", "Praia")]
    for minutes, run in zip((5, 5, 9), runs, strict=True):
        sandbox.block("score", minutes=minutes, account=run.account.act_id)

    told = messages(lambda: tasks.perform_together([run.pk for run in runs]))

    assert told == [("perform_together", [runs[0].pk, runs[1].pk]), ("perform_together", [runs[2].pk])]


# --- a real worker -------------------------------------------------------------------------------


in_one_place = pytest.mark.xdist_group("worker")


@pytest.fixture(scope="module")
def worker(django_db_setup):
    """A worker with threads on the configured broker. It stays for the tests below: nothing may stand after them."""
    app.set_default()
    with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=20):
        yield


@in_one_place
@pytest.mark.django_db(transaction=True)
def test_a_worker_does_what_it_is_nudged_to(make_account, worker):
    runs = [ask(make_account(piece)) for piece in ("Fjäll", "Harbor", "Praia")]

    tasks.nudge(runs)

    eventually(lambda: all(state_of(run) == "done" for run in runs))
    assert Insight.objects.values("account").distinct().count() == 3
    assert all(run.attempt == 1 for run in SyncRun.objects.all())


@in_one_place
@pytest.mark.django_db(transaction=True)
def test_a_worker_does_every_account_of_the_hour(make_account, worker):
    make_account()

    tasks.sync_recent.delay()

    eventually(lambda: SyncRun.objects.filter(state="done").count() == 12)
    assert (
        AdAccount.objects.filter(insights__level="account").distinct().count() == 10
    )  # two are switched off


@in_one_place
@pytest.mark.django_db(transaction=True)
def test_a_worker_comes_back_to_what_had_to_wait(make_account, sandbox, settings, worker):
    settings.META_CLOCK_SPEED = 300
    sandbox.run_clock(300)
    waits, free = ask(make_account("Fjäll")), ask(make_account("Harbor"))
    sandbox.block("score", minutes=5, account=waits.account.act_id)

    tasks.nudge([waits, free])

    eventually(lambda: state_of(waits) == "waiting" and state_of(free) == "done")
    eventually(lambda: state_of(waits) == "done", 30)
    assert sandbox.calls_while_blocked() == 0
    assert SyncRun.objects.get(pk=waits.pk).attempt >= 2


@in_one_place
@pytest.mark.django_db(transaction=True)
def test_a_worker_is_told_by_the_sweep_of_what_it_missed(make_account, clock, worker):
    run = ask(make_account())
    clock.traveller.shift(180)

    tasks.sweep.delay()

    eventually(lambda: state_of(run) == "done")


def test_an_ad_account_that_was_just_connected_is_synced_by_itself(make_connection):
    make_connection()

    first = sync.request_first()

    assert first
    assert {run.reason for run in first} == {"first"}
    assert all((run.until - run.since).days == 89 for run in first)
    assert sync.request_first() == []
