"""A place that receives messages, and looks as beat makes them."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver:
    """A web service that takes Apprise's JSON. `answer`: the status that it gives."""

    def __init__(self):
        self.got, self.answer, self.before = [], 200, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.before:
                    outer.before()
                outer.got.append(json.loads(body))
                self.send_response(outer.answer)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/hook/s3cr3t-path"

    @property
    def titles(self):
        return [message["title"] for message in self.got]


@contextmanager
def receiving():
    one = Receiver()
    threading.Thread(target=one.server.serve_forever, daemon=True).start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def channel(db, receiver):
    from apps.health import channels

    made = channels.prepare("ops", receiver.url)
    channels.keep(made)
    return made


@pytest.fixture
def look(db):
    """Ask all rules, or only those named, then send what is due."""
    from apps.health import alerts, delivery

    def act():
        looked = alerts.look()
        delivery.send_due()
        return looked

    return act


@pytest.fixture
def only(settings):
    """Let only these rules be asked: by the name of the object in `rules`, as `tokens.DEAD`."""

    def choose(*names):
        settings.HEALTH_RULES = [f"apps.health.rules.{name}" for name in names]

    return choose
