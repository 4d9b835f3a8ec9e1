import html
import io
import logging
import re
import sys
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from tests.connections.at_meta import Dialog


@dataclass(frozen=True)
class Outcome:
    """What a person sees of an attempt to connect."""

    taken: bool
    text: str


@pytest.fixture
def by_page(admin, signed_in):
    """Connects on the page."""
    browser = signed_in(admin)

    def attempt(name, token):
        pages = [browser.post("/connections/new/token/", {"token": token}, follow=True)]
        if pages[0].redirect_chain:
            pages.append(browser.post(pages[0].redirect_chain[-1][0], {"name": name}, follow=True))
        assert {page.status_code for page in pages} <= {200, 422}
        words = re.sub(r"<[^>]+>", " ", html.unescape(pages[-1].content.decode()))
        kept = f"{dict(browser.session)} {browser.cookies.output()}"
        seen = f"{' '.join(words.split())}\n{' '.join(page.content.decode() for page in pages)}\n{kept}"
        return Outcome(len(pages) > 1 and bool(pages[1].redirect_chain), seen)

    return attempt


@pytest.fixture
def by_command(db, monkeypatch):
    """Connects with `manage.py connect`, the token on standard input; None: standard input is closed."""

    def attempt(name, token):
        raw = token.encode() if isinstance(token, str) else token
        monkeypatch.setattr(sys, "stdin", None if raw is None else io.TextIOWrapper(io.BytesIO(raw)))
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("connect", name, stdout=out, stderr=err)
        except CommandError as refusal:
            return Outcome(False, f"{refusal}\n{_chain(refusal)}{out.getvalue()}{err.getvalue()}")
        return Outcome(True, out.getvalue() + err.getvalue())

    return attempt


@pytest.fixture(params=["by_page", "by_command"])
def attempt(request):
    """Either way."""
    return request.getfixturevalue(request.param)


def _chain(error):
    """An exception and what it came from, as a traceback would tell."""
    texts = []
    while error is not None:
        texts.append(f"{error!r} {error.__dict__}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


@pytest.fixture
def stored():
    """Every row of every table, as text. The pace book is left out: it notes each call that was made."""

    def rows():
        found = []
        with connection.cursor() as cursor:
            for model in apps.get_models(include_auto_created=True):
                if model._meta.label in {"connections.Allowance", "connections.Price"}:
                    continue
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
                found += [(model._meta.label, text) for (text,) in cursor.fetchall()]
        return found

    return rows


@pytest.fixture
def everything_logged(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def says_nothing_of(stored, everything_logged):
    """Fails when a secret, or a good part of it, lies in the database or in the log."""

    def check(secret, *texts):
        pieces = {secret, secret[4:40], secret[-36:]} if len(secret) > 60 else {secret}
        for piece in pieces:
            assert piece not in everything_logged.text
            assert not any(piece in text for _, text in stored())
            assert not any(piece in text for text in texts)

    return check


@pytest.fixture
def begin(sandbox):
    """Begins a login in a browser and gives the dialog at Meta."""

    def go(browser, address="/connections/login/?scope=ads_read&scope=ads_management"):
        page = browser.get(address)
        assert page.status_code == 302, page.content.decode()
        assert page["Location"].startswith(f"{sandbox.url}/v26.0/dialog/oauth?")
        return Dialog(page["Location"])

    return go


@pytest.fixture
def nothing_of_allauth(db):
    """Fails when allauth has kept anything of a login."""
    yield
    for name in ("SocialAccount", "SocialToken", "SocialApp"):
        assert not apps.get_model("socialaccount", name)._default_manager.exists()
