import io
import sys

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from tests.conftest import PASSWORD
from tests.team import apps_on_phones as phones


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Failed sign-ins are counted in the cache."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def run(db, make_person, monkeypatch):
    """Runs a command as a script does, with something on standard input; what it says, or the CommandError."""

    def run(*words, stdin=b""):
        raw = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        out = io.StringIO()
        try:
            call_command(*words, stdout=out, stderr=out)
        except CommandError as error:
            return error
        return out.getvalue().strip()

    return run


@pytest.fixture
def required(settings):
    """A second factor is asked of support and admins, as in production."""
    settings.REQUIRE_TWO_FACTOR = True


@pytest.fixture
def pair(clock):
    """Signs somebody in and pairs an app, as a person would: the browser, the secret, the recovery codes."""

    def pair(person):
        browser = Client()
        browser.post("/sign-in/", {"login": person.email, "password": PASSWORD})
        secret = phones.secret_on(browser.get("/second-factor/app/").content.decode())
        done = browser.post("/second-factor/app/", {"code": phones.code(secret)}, follow=True)
        codes = phones.recovery_codes_on(done.content.decode())
        clock.advance(60)  # the code that paired is used up
        return browser, secret, codes

    return pair
