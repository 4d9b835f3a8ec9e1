"""Workers killed, the database restarted, Redis flushed, all in the middle of a sync: afterwards nothing is missing."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psycopg2
import pytest
from celery import Celery
from django.db import connection
from django.db.models import F
from redis import Redis

from apps.connections import tokens
from apps.connections.models import AdAccount
from apps.reporting import reports, streaming, sync, tasks
from apps.reporting.models import SyncRun
from apps.sandbox import Sandbox
from fbadmin.embedded import broker, postgres
from fbadmin.embedded.server import Server

from . import truth, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("worker")]

SEED = 7


@pytest.fixture
def sandbox(settings):
    """A pretend Meta that lives by the machine's clock, much faster. Its figures stand still.

    It answers with few rows at once, so that the larger sets go by reports.
    """
    with Sandbox(seed=7, speed=workers.SPEED, sync_row_cap=200) as sandbox:
        sandbox.hold_figures()
        settings.META_GRAPH_URL, settings.META_CLOCK_SPEED = sandbox.url, workers.SPEED
        yield sandbox


@pytest.fixture
def crew(program_env, sandbox, empty_queue, tmp_path):
    crew = workers.Workers(program_env() | {"META_CLOCK_SPEED": str(workers.SPEED)}, tmp_path / "log", sweep)
    yield crew
    crew.close()


def sweep():
    """As beat does it."""
    tasks.sweep.apply_async(expires=40)


def two_minutes_later():
    """For the nudges that died with a worker, or with Redis."""
    due = SyncRun.objects.filter(state__in=["queued", "waiting"])
    due.update(nudged_at=F("nudged_at") - sync.FORGOTTEN_AFTER)


@pytest.fixture
def night(crew, sandbox):
    """Two ad accounts are connected, and it is night: first syncs, 28 days of all sets, today."""
    tokens.connect("reporting", sandbox.token("reporting"))
    AdAccount.objects.exclude(pk__in=AdAccount.objects.in_order()[:2]).delete()
    tasks.nudge(sync.request_first())
    tasks.sync_restated()
    by_report(SyncRun.objects.filter(reason="nightly", breakdowns=["age,gender"]))
    tasks.sync_recent()
    crew.start()
    return crew


def by_report(runs):
    """Lets last night's runs have had so many rows that tonight's are ordered as reports."""
    for run in runs:
        last = {"since": run.since, "until": run.until, "levels": run.levels, "breakdowns": run.breakdowns}
        earlier = run.queued_at - timedelta(days=1)
        SyncRun.objects.create(
            account=run.account, reason="nightly", state="done", rows=5000, queued_at=earlier, **last
        )


def is_done():
    return not SyncRun.objects.open().exists()


def check(sandbox, ask):
    """What is stored is the truth, once; the ledger is complete and nobody is at work any more."""
    assert ask("SELECT count(*) > 0 FROM reporting_reportrun WHERE state = 'read'") == [(True,)]
    sandbox.configure(sync_row_cap=10**6)
    windows = ask(workers.WINDOWS)
    acts = sorted({act for act, *_ in windows})
    theirs = workers.everything(sandbox, windows)
    ours = ask("SELECT 1", lambda cursor: truth.stored(cursor, *acts))
    assert len(theirs) > 500
    assert truth.differences(ours, theirs) == set()
    assert ask("SELECT DISTINCT state, reason, note FROM reporting_coverage") == [("complete", "", "")]
    assert set(ask(COVERED)) == workers.days_and_sets(windows)
    assert ask("SELECT DISTINCT state FROM reporting_syncrun") == [("done",)]


COVERED = """
    SELECT 'act_' || meta_id, level, breakdown, day FROM reporting_coverage JOIN connections_adaccount AS account
    ON account.id = account_id
"""


def ask(question, read=lambda cursor: cursor.fetchall()):
    with connection.cursor() as cursor:
        cursor.execute(question)
        return read(cursor)


@pytest.mark.services
def test_a_worker_killed_at_ten_random_moments_loses_nothing(night, sandbox):
    def die():
        night.kill()
        two_minutes_later()
        night.start()

    moments = workers.disturbed(night, sandbox, is_done, random.Random(SEED), 10, die, most=14)
    night.until(is_done)
    night.kill()

    assert len(moments) == 10
    check(sandbox, ask)
    reports.sweep()
    assert streaming._tables() == []


@pytest.mark.services
@pytest.mark.skipif(not os.environ["REDIS_URL"], reason="there is no Redis to flush")
def test_a_flushed_redis_loses_nothing(night, sandbox):
    redis = Redis.from_url(os.environ["REDIS_URL"])

    def flush():
        """Only the database that this run has for itself."""
        redis.flushdb()
        two_minutes_later()

    moments = workers.disturbed(night, sandbox, is_done, random.Random(SEED), 4, flush, most=25)
    night.until(is_done)
    night.kill()

    assert len(moments) == 4
    check(sandbox, ask)
    reports.sweep()
    assert streaming._tables() == []


# --- a database of its own ------------------------------------------------------------------------


@pytest.fixture
def installation(sandbox):
    """An installation with an embedded PostgreSQL and broker in a folder of its own: its environment."""
    folder = Path(tempfile.mkdtemp(prefix="fbadmin-death-"))
    folder.chmod(0o711)
    env = os.environ | {
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "META_GRAPH_URL": sandbox.url,
        "META_CLOCK_SPEED": str(workers.SPEED),
    }
    manage = [sys.executable, "manage.py"]
    options = {"env": env, "cwd": workers.ROOT, "check": True, "capture_output": True, "text": True}
    subprocess.run([*manage, "migrate", "-v", "0"], **options)
    subprocess.run([*manage, "connect", "X"], input=sandbox.token("reporting"), **options)
    yield env
    postgres.remove(folder)
    shutil.rmtree(folder)


class Asking:
    """Plain SQL on an installation's database, however often that is restarted."""

    def __init__(self, folder):
        self.folder, self.connection = folder, None

    def __call__(self, question, read=lambda cursor: cursor.fetchall()):
        for _ in range(50):
            try:
                if self.connection is None:
                    postgres.ensure(self.folder, again=True)
                    place = postgres.database_config(self.folder)
                    words = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "NAME"}
                    self.connection = psycopg2.connect(**{word: place[name] for word, name in words.items()})
                    self.connection.autocommit = True
                with self.connection.cursor() as cursor:
                    cursor.execute(question)
                    return read(cursor)
            except (psycopg2.Error, postgres.EmbeddedError):
                self.connection = None
                time.sleep(0.1)
        raise AssertionError("the database does not come back")


def test_a_database_that_is_restarted_in_the_middle_loses_nothing(installation, sandbox, tmp_path):
    folder = Path(installation["VAR_DIR"])
    ask, beat = Asking(folder), Celery("beat", set_as_current=False)
    beat.conf.update(broker.celery_config(folder), task_default_queue="fbadmin", task_ignore_result=True)
    crew = workers.Workers(installation, tmp_path / "log", lambda: send("sweep"))

    def send(task):
        beat.send_task(f"apps.reporting.tasks.{task}", expires=40)

    def ended():
        return ask("SELECT DISTINCT state FROM reporting_syncrun") == [("done",)]

    def asked_for(*reasons):
        return set(
            ask("SELECT reason, count(DISTINCT account_id) FROM reporting_syncrun GROUP BY reason")
        ) == {(reason, 4) for reason in reasons}

    def crash():
        """While a worker waits for Meta's answer, so that its database session is found dead afterwards."""
        slow = sandbox.fail("delay", seconds=1.0)
        crew.until(lambda: slow.used or ended())
        os.kill(Server((folder / "postgres").resolve()).pid(), signal.SIGQUIT)
        ask(
            "UPDATE reporting_syncrun SET nudged_at = nudged_at - interval '2 minutes' "
            "WHERE state IN ('queued', 'waiting')",
            lambda cursor: None,
        )

    try:
        crew.start()
        crew.until(lambda: asked_for("first"))  # first syncs, by the sweep
        send("sync_restated")
        send("sync_recent")
        crew.until(lambda: asked_for("first", "nightly", "hourly"))
        moments = workers.disturbed(crew, sandbox, ended, random.Random(SEED), 3, crash, most=50)
        crew.until(ended)
    finally:
        crew.close()

    assert len(moments) == 3
    check(sandbox, ask)


# --- two at once -----------------------------------------------------------------------------------


def test_two_processes_that_sync_the_same_account_take_turns(program, sandbox):
    """Windows that overlap, and every call slowed down so that they would meet."""
    sandbox.configure(sync_row_cap=10**6)
    tokens.connect("reporting", sandbox.token("reporting"))
    account = AdAccount.objects.in_order().first()
    today = account.today()
    days = [(9, 3), (6, 0)]
    sandbox.fail("delay", seconds=0.5, rate=1.0, path="/(insights|campaigns)$")
    spans = [[str(today - timedelta(days=n)) for n in span] for span in days]
    levels = ["--level", "account", "campaign", "--breakdown", "age,gender"]

    programs = [
        program("sync", "--account", account.act_id, "--since", since, "--until", until, *levels)
        for since, until in spans
    ]
    outcomes = [one.communicate(timeout=workers.PATIENCE) for one in programs]

    assert [one.returncode for one in programs] == [0, 0], outcomes
    sandbox.clear_faults()
    runs = list(
        SyncRun.objects.order_by("started_at").values_list("state", "attempt", "started_at", "finished_at")
    )
    assert [run[:2] for run in runs] == [("done", 1)] * 2
    assert all(before[3] <= after[2] for before, after in pairwise(runs))
    # They would have met: the last was asked for before the first had ended.
    assert max(SyncRun.objects.values_list("queued_at", flat=True)) < runs[0][3]
    of_levels = [(level, breakdown) for level in levels[1:3] for breakdown in ("", "age,gender")]
    theirs = truth.told(sandbox, account.act_id, today - timedelta(days=9), today, of_levels)
    with connection.cursor() as cursor:
        ours = truth.stored(cursor, account.act_id)
    assert len(theirs) > 100
    assert truth.differences(ours, theirs) == set()
