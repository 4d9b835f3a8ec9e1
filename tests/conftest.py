"""Fixtures for all tests."""

import importlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from redis import Redis

from tests import environment
from tests import other_graph as other

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    environment.name_test_database()
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Tests with real transactions empty every table at their end; the audit trail would not let them."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE team_auditentry DISABLE TRIGGER entries_are_not_emptied")
        cursor.execute("ALTER TABLE team_audithead DISABLE TRIGGER head_is_not_emptied")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | environment.chromium()


@pytest.fixture
def no_pauses(settings):
    """Retries happen, but nobody waits for them. Gives the seconds that would have been slept."""
    slept: list[float] = []
    settings.GRAPH_CLIENT_OPTIONS = {"sleep": slept.append}
    return slept


@pytest.fixture
def empty_queue():
    """The configured broker, with nothing in it before and after: neither messages nor what dead workers held."""
    from fbadmin.celery import app

    app.set_default()

    def empty():
        with app.connection_for_write() as connected:
            app.amqp.queues[app.conf.task_default_queue](connected.default_channel).purge()
        if os.environ["REDIS_URL"]:
            redis = Redis.from_url(os.environ["REDIS_URL"])
            for key in redis.scan_iter(match="fbadmin:*", count=1000):
                redis.delete(key)

    empty()
    yield
    empty()


@pytest.fixture(scope="session", autouse=True)
def no_recorder():
    """Nobody listens to calls at Meta but where a test asks for it (`recorded`), and in programs of their own."""
    from django.conf import settings

    settings.GRAPH_RECORDER = ""


@pytest.fixture
def recorded(settings):
    """Calls are recorded as in real life; `recorded()` writes what was heard so far, as the recorder's thread does."""
    from apps.health.recorder import RECORDER

    settings.GRAPH_RECORDER, settings.RECORDER_SECONDS = "apps.health.recorder.hear", 0
    yield RECORDER.flush
    RECORDER._held.clear()


# --- Meta ----------------------------------------------------------------------------------------


class Clock:
    """Our time and the sandbox's, moved together."""

    def __init__(self, traveller, sandbox):
        self.traveller, self.sandbox = traveller, sandbox

    def set(self, moment):
        self.traveller.move_to(moment)
        self.sandbox.set_clock(moment)

    def advance(self, seconds):
        self.set(datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.fixture(scope="session")
def running_sandbox():
    from apps.sandbox import Sandbox

    with Sandbox(seed=7, port=0, now=MONDAY, frozen=True) as sandbox:
        yield sandbox


@pytest.fixture
def clock(running_sandbox):
    """It is Monday, 23 November 2026, 10:00 UTC: here, where time goes on, and in the sandbox, where it stands."""
    running_sandbox.reset()
    with time_machine.travel(MONDAY) as traveller:
        yield Clock(traveller, running_sandbox)


@pytest.fixture
def sandbox(running_sandbox, clock, settings):
    """A pretend Meta as it begins, and settings that point at it."""
    settings.META_GRAPH_URL = settings.META_DIALOG_URL = running_sandbox.url
    settings.META_APP_ID = running_sandbox.app_id
    settings.META_APP_SECRET = running_sandbox.app_secret
    return running_sandbox


@pytest.fixture
def make_connection(db, sandbox):
    """Connects one of the sandbox's tokens, as a person would."""
    from apps.connections import tokens

    def make(name="reporting", token="system", by=None):
        return tokens.connect(name, sandbox.tokens.get(token, token), by=by).connection

    return make


@pytest.fixture
def make_account(make_connection):
    """Gives the sandbox's ad account with this piece in its name, connected if nobody has been yet."""
    from apps.connections.models import AdAccount, Connection

    def make(piece="Fjäll"):
        if not Connection.objects.exists():
            make_connection()
        return AdAccount.objects.get(name__contains=piece)

    return make


@pytest.fixture
def add_accounts(make_connection):
    """Lets Meta list so many ad accounts more."""
    from apps.connections import accounts
    from apps.connections.models import AdAccount, Connection

    def add(number):
        connection = Connection.objects.first() or make_connection()
        known = AdAccount.objects.filter(reach__connection=connection).values_list("meta_id", flat=True)
        new = [str(900_000 + AdAccount.objects.count() + n) for n in range(number)]
        rows = [
            {"id": f"act_{n}", "account_id": n, "name": f"Shop {n}", "currency": "EUR",
             "timezone_name": "Europe/Berlin", "account_status": 1}
            for n in [*known, *new]
        ]  # fmt: skip
        accounts.store(connection, rows)
        return list(AdAccount.objects.filter(meta_id__in=new))

    return add


@pytest.fixture
def other_graph(settings):
    """A third party's Meta: see tests/other_graph.py."""
    with other.OtherGraph() as graph:
        settings.META_GRAPH_URL = graph.url
        settings.META_APP_ID, settings.META_APP_SECRET = other.APP_ID, other.APP_SECRET
        yield graph


# --- people --------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """A million rounds for each password would be most of the suite's time."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def make_person(db):
    from django.apps import apps
    from django.contrib.auth.models import Group

    from apps.team.models import User

    if not Group.objects.exists():  # a test with real transactions has emptied every table
        importlib.import_module("apps.team.migrations.0002_roles").write_roles(apps, None)

    def make(role, email="", name=""):
        return User.objects.with_password(email or f"{role}@agency.example", PASSWORD, role=role, name=name)

    return make


@pytest.fixture
def admin(make_person):
    return make_person("admin", name="Ada Admin")


@pytest.fixture
def marketer(make_person):
    return make_person("marketer", name="Mara Marketer")


@pytest.fixture
def support(make_person):
    return make_person("support", name="Sam Support")


@pytest.fixture
def signed_in():
    """A browser of somebody who has signed in."""
    from django.test import Client

    def browse(person):
        client = Client()
        client.force_login(person)
        return client

    return browse


# --- at once, and how much -----------------------------------------------------------------------


@pytest.fixture
def at_once():
    """Does things in threads that begin together; their results, or the exceptions, in order."""
    from django.db import connection

    def run(*things):
        barrier = threading.Barrier(len(things))

        def work(thing):
            barrier.wait(10)
            try:
                return thing()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(things)) as pool:
            futures = [pool.submit(work, thing) for thing in things]
        return [future.exception() or future.result() for future in futures]

    return run


@pytest.fixture
def program_env(transactional_db):
    """The environment of a program beside the test, on the same database: what is committed is what it sees."""
    from django.conf import settings
    from django.db import connection

    given = connection.settings_dict
    person = ":".join(quote(part, safe="") for part in (given["USER"], given["PASSWORD"]) if part)
    place = f"{quote(given['HOST'], safe='')}{':' if given['PORT'] else ''}{given['PORT']}"
    world = {"DATABASE_URL": f"postgres://{person}@{place}/{given['NAME']}"}
    meta = ("META_GRAPH_URL", "META_APP_ID", "META_APP_SECRET")
    return lambda: os.environ | world | {name: getattr(settings, name) for name in meta}


@pytest.fixture
def program(program_env):
    """Starts `manage.py`, or another script, as a process on this test's database; killed with the test if still there.

    What it starts from is committed: use it with `django_db(transaction=True)`.
    """
    from django.conf import settings

    started = []

    def start(*words, script=("manage.py",), **options):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(
            [sys.executable, *script, *words],
            cwd=settings.BASE_DIR,
            env=program_env(),
            **pipes | options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def count_queries():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(act):
        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)

    return count
