"""One server, one pretend Meta and one Chromium for all journeys. What a journey changes, it puts back.

The data are committed, because the server has connections of its own: they are there from the folder's first test
to its last, and nothing is left behind.
"""

import importlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import environment
from tests.conftest import MONDAY, PASSWORD
from tests.journeys.windows import Complaints, Windows, ready

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FETCHED_DAYS = 56  # the last 28, and those they are compared with
GRANTED = ["Fjäll", "Brauhaus", "Harbor"]  # two in euro, one in dollars


class Site:
    """The running product: where it is, who may sign in, and what it knows."""

    def __init__(self, url: str, sandbox) -> None:
        self.url, self.sandbox = url, sandbox
        self.people: dict[str, object] = {}

    def session_of(self, who: str) -> str:
        """The session cookie of somebody who has just signed in."""
        client = Client()
        client.force_login(self.people[who])
        return client.cookies["sessionid"].value

    @property
    def places(self) -> dict[str, object]:
        """What stands for something in an address."""
        from apps.connections.models import Connection

        connection = Connection.objects.get(name="reporting")
        person = self.people["marketer"]
        return {"account": self.account("Fjäll").act_id, "connection": connection.pk, "person": person.pk}

    def account(self, piece: str):
        from apps.connections.models import AdAccount

        return AdAccount.objects.get(name__contains=piece)


@pytest.fixture(scope="package")
def installed() -> dict[str, Any]:
    """The machine's Chromium. Asked for first: without one there is nothing to set up."""
    options = environment.chromium()
    return options | {"args": sorted({"--no-sandbox", *options["args"], *QUIET})}


@pytest.fixture(scope="package")
def transactional_db(installed, django_db_setup, django_db_blocker) -> Iterator[None]:
    """In place of pytest-django's, which empties the tables after each test: this does so after the last one."""
    with django_db_blocker.unblock():
        yield
        _empty()


@pytest.fixture(scope="package")
def site(transactional_db, running_sandbox) -> Iterator[Site]:
    """Connected, synced and served, on a Monday morning."""
    running_sandbox.reset()
    meta = override_settings(
        GRAPH_RECORDER="",
        META_GRAPH_URL=running_sandbox.url,
        META_DIALOG_URL=running_sandbox.url,
        META_APP_ID=running_sandbox.app_id,
        META_APP_SECRET=running_sandbox.app_secret,
        # The browser lives in the present: to it every answer is as old as that Monday.
        WHITENOISE_MAX_AGE=2_000_000_000,
    )
    with time_machine.travel(MONDAY), meta:
        server = LiveServer("localhost", start=False)
        server.thread.static_handler = lambda django: (
            WSGIHandler()
        )  # as in production: WhiteNoise serves files
        server.start()
        server._live_server_modified_settings.enable()
        here = override_settings(SITE_URL=server.url)
        here.enable()
        try:
            _furnish(site := Site(server.url, running_sandbox))
            yield site
        finally:
            here.disable()
            server.stop()
            server._live_server_modified_settings.disable()


def _furnish(site: Site) -> None:
    from django.apps import apps
    from django.contrib.auth.models import Group

    from apps.connections import tokens
    from apps.connections.models import AccountGrant
    from apps.reporting import foreground, sync
    from apps.team.models import User

    if not Group.objects.exists():  # a test with real transactions has emptied every table
        importlib.import_module("apps.team.migrations.0002_roles").write_roles(apps, None)
    make = User.objects.with_password
    site.people = {
        "admin": make("ada@agency.example", PASSWORD, role="admin", name="Ada Admin"),
        "marketer": make("mara@agency.example", PASSWORD, role="marketer", name="Mara Lund"),
        "support": make("sam@agency.example", PASSWORD, role="support", name="Sam Support"),
        "newcomer": make("nora@agency.example", PASSWORD, role="marketer", name="Nora New"),
    }
    tokens.connect("reporting", site.sandbox.token("system"))
    accounts = [site.account(piece) for piece in GRANTED]
    for account in accounts:
        AccountGrant.objects.create(user=site.people["marketer"], account=account)
    since = min(account.today() for account in accounts) - timedelta(days=FETCHED_DAYS - 1)
    runs = foreground.work_off(sync.request(accounts, "first", since=since))
    assert [run.state for run in runs] == ["done"] * len(accounts), [run.error for run in runs]


def _empty() -> None:
    """As the migrations left it: roles, and nothing else."""
    from django.apps import apps
    from django.core.cache import cache
    from django.db import connection

    kept = {"auth_group", "auth_permission", "auth_group_permissions", "django_content_type"}
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - kept
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(sorted(tables))} RESTART IDENTITY")
    cache.clear()


@pytest.fixture(scope="package")
def chromium(installed, site) -> Iterator[Browser]:
    """Playwright's own fixtures stay for the whole session, and then Django would see an event loop in every test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**installed)
        yield browser
        browser.close()
        # While a loop runs, Django keeps further connections for it.
        from django.db import connections

        connections.close_all()


@pytest.fixture(scope="package")
def windows(site, chromium) -> Windows:
    return Windows(site.url, chromium)


@pytest.fixture
def complaints(windows) -> Iterator[Complaints]:
    """Every journey ends without a complaint that it did not expect."""
    windows.complaints.forget()
    yield windows.complaints
    assert windows.complaints.unexpected == []


@pytest.fixture
def visit(site, windows, complaints) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody who has just signed in; `who=""` is a stranger."""

    def visit(path: str = "/performance/", who: str = "marketer", *, width: int = 1440, script: bool = True,
              theme: str = "light", **more) -> Page:  # fmt: skip
        viewport = {"width": width, "height": 900}
        context = windows.get(viewport=viewport, color_scheme=theme, java_script_enabled=script, **more)
        if who:
            context.add_cookies([{"name": "sessionid", "value": site.session_of(who), "url": site.url}])
        page = context.new_page()
        page.goto(path)
        return ready(page) if script else page

    yield visit
    windows.tidy()


@pytest.fixture
def queued_runs(site) -> Iterator[object]:
    """What a journey has queued; it is thrown away afterwards."""
    from apps.reporting.models import SyncRun

    known = list(SyncRun.objects.values_list("pk", flat=True))
    yield SyncRun.objects.exclude(pk__in=known)
    SyncRun.objects.exclude(pk__in=known).delete()
