import io
import sys

import pytest
from django.core.management import call_command

from tests.other_graph import TOKEN


@pytest.fixture
def connect(monkeypatch):
    """`connect NAME` with a token on standard input, as a script runs it."""

    def connect(name="X", token=TOKEN):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{token}\n".encode())))
        out = io.StringIO()
        call_command("connect", name, stdout=out)
        return out.getvalue()

    return connect
