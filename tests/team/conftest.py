import io
import sys

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command


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
