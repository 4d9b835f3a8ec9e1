import io
import sys

import pytest
from django.core.management import call_command

from tests.other_graph import APP_ID, APP_SECRET, TOKEN, OtherGraph


@pytest.fixture
def other_graph(settings):
    with OtherGraph() as graph:
        settings.META_GRAPH_URL = graph.url
        settings.META_APP_ID = APP_ID
        settings.META_APP_SECRET = APP_SECRET
        yield graph


@pytest.fixture
def connect(monkeypatch):
    """`connect NAME` with a token on standard input, as a script runs it."""

    def connect(name="X", token=TOKEN):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{token}\n".encode())))
        out = io.StringIO()
        call_command("connect", name, stdout=out)
        return out.getvalue()

    return connect
