"""One server, one pretend Meta and one Chromium for all journeys. What a journey changes, it puts back.

The data are committed, because the server has connections of its own: they are there from the folder's first test
to its last, and nothing is left behind.
"""

import importlib
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import environment
from tests.conftest import MONDAY, PASSWORD

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000  # ms; the machine may be busy
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

    def account(self, piece: str):
        from apps.connections.models import AdAccount

        return AdAccount.objects.get(name__contains=piece)


@pytest.fixture(scope="package")
def transactional_db(django_db_setup, django_db_blocker) -> Iterator[None]:
    """In place of pytest-django's, which empties the tables after each test: this does so after the last one."""
    with django_db_blocker.unblock():
        yield
        _empty()


@pytest.fixture(scope="package")
def site(transactional_db, running_sandbox) -> Iterator[Site]:
    """Connected, synced and served, on a Monday morning."""
    running_sandbox.reset()
    meta = override_settings(
        META_GRAPH_URL=running_sandbox.url,
        META_DIALOG_URL=running_sandbox.url,
        META_APP_ID=running_sandbox.app_id,
        META_APP_SECRET=running_sandbox.app_secret,
    )
    with time_machine.travel(MONDAY), meta:
        server = LiveServer("localhost")
        server._live_server_modified_settings.enable()
        try:
            _furnish(site := Site(server.url, running_sandbox))
            yield site
        finally:
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
    site.people = {
        "admin": User.objects.with_password("ada@agency.example", PASSWORD, role="admin", name="Ada Admin"),
        "marketer": User.objects.with_password("mara@agency.example", PASSWORD, role="marketer", name="Mara Lund"),
        "newcomer": User.objects.with_password("nora@agency.example", PASSWORD, role="marketer", name="Nora New"),
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
def chromium(site) -> Iterator[Browser]:
    """Playwright's own fixtures stay for the whole session, and then Django would see an event loop in every test."""
    options = environment.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options["executable_path"], args=sorted({"--no-sandbox", *options["args"], *QUIET})
        )
        yield browser
        browser.close()
        # While a loop runs, Django keeps further connections for it.
        from django.db import connections

        connections.close_all()


class Complaints:
    """What a browser found fault with: console, policy, scripts, answers of 500, foreign addresses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.found: list[str] = []
        self.expected: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("console", lambda message: self._say(message.text, message.type in {"error", "warning"}))
        context.on("weberror", lambda error: self._say(str(error.error)))
        context.on("response", lambda answer: self._say(f"{answer.status} {answer.url}", answer.status >= 500))
        context.on("request", lambda request: self._say(f"foreign {request.url}", self._is_foreign(request.url)))
        context.expose_binding("tellPolicy", lambda source, text: self._say(f"policy: {text}"))
        context.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " (event) => window.tellPolicy(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
        )

    def expect(self, *pieces: str) -> None:
        """Complaints with one of these pieces in them are what this journey is about."""
        self.expected += pieces

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.found if not any(piece in text for piece in self.expected)]

    def _say(self, text: str, wrong: bool = True) -> None:
        if wrong:
            self.found.append(text)

    def _is_foreign(self, url: str) -> bool:
        return urlsplit(url).scheme in {"http", "https", "ws", "wss"} and not url.startswith(self.url)


@pytest.fixture
def complaints(site) -> Iterator[Complaints]:
    """Every journey ends without a complaint that it did not expect."""
    complaints = Complaints(site.url)
    yield complaints
    assert complaints.unexpected == []


@pytest.fixture
def visit(site, chromium, complaints) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody, in a browser that has never been here; `who=""` is a stranger."""
    contexts: list[BrowserContext] = []

    def visit(path: str = "/performance/", who: str = "marketer", *, width: int = 1440, script: bool = True,
              theme: str = "light", **more) -> Page:  # fmt: skip
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=script,
            locale="en-GB",
            **more,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        complaints.listen(context)
        if who:
            context.add_cookies([{"name": "sessionid", "value": site.session_of(who), "url": site.url}])
        page = context.new_page()
        page.goto(path)
        if script:
            ready(page)
        return page

    yield visit
    for context in contexts:
        context.close()


def ready(page: Page) -> Page:
    """Waits until scripts have run and every chart is drawn."""
    page.wait_for_function(
        "() => document.readyState === 'complete' && (!document.querySelector('[data-chart]') ||"
        " (document.documentElement.dataset.charts === 'ready' &&"
        "  [...document.querySelectorAll('[data-chart]')].every((one) => one.hidden || one.querySelector('.main-svg'))))"
    )
    return page


class Swapping:
    """Waits for the swap of the results that what happens inside sets off, and for its charts."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def __enter__(self) -> None:
        self.page.evaluate("document.querySelector('#results').firstElementChild.dataset.old = ''")

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self.page.wait_for_function("() => !document.querySelector('#results [data-old]')")
            ready(self.page)


def swapped(page: Page) -> Swapping:
    return Swapping(page)


names = itertools.count(1)
