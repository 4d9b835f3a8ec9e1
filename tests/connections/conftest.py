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
        response = browser.post("/connections/new/", {"name": name, "token": token}, follow=True)
        assert response.status_code in {200, 422}
        words = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
        kept = f"{dict(browser.session)} {browser.cookies.output()}"
        seen = f"{' '.join(words.split())}\n{response.content.decode()}\n{kept}"
        return Outcome(bool(response.redirect_chain), seen)

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
