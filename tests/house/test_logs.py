"""What the logs say: one JSON object a line, and never a secret or a person's address, whoever tries to log it."""

import gzip
import io
import json
import logging
import logging.config
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ui.middleware import RequestIdFilter
from fbadmin import logs

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "EAAB" + "x7Kq" * 30
SECRETS = [
    TOKEN,
    "123456789012345|Abc-def_123456",
    "0123456789abcdef0123456789abcdef",
    "ada.lovelace+ads@agency.example",
    "+49 170 1234567",
    "correct-horse-battery",
]
WAYS = {
    "in the message": lambda log: log.warning(f"GET /me?access_token={TOKEN}&x=1 by ada.lovelace+ads@agency.example"),
    "as an argument": lambda log: log.warning("call %s of %s", f"Bearer {TOKEN}", "ada.lovelace+ads@agency.example"),
    "as a mapping": lambda log: log.warning("%(t)s", {"t": TOKEN}),
    "in a dict": lambda log: log.warning("sent %r", {"client_secret": "0123456789abcdef0123456789abcdef"}),
    "in JSON": lambda log: log.warning(json.dumps({"password": "correct-horse-battery", "access_token": TOKEN})),
    "app token": lambda log: log.warning("with 123456789012345|Abc-def_123456"),
    "telephone": lambda log: log.warning("from +49 170 1234567."),
    "as an extra": lambda log: log.warning("x", extra={"account": f"act_1 {TOKEN}", "type": SECRETS[3]}),
    "as an unknown extra": lambda log: log.warning("x", extra={"token": TOKEN}),
    "in a traceback": lambda log: _raise(log),
    "arguments that do not fit": lambda log: log.warning("%s %s %d", TOKEN),
    "encoded in an address": lambda log: log.warning(f"/x?next=%2F%3Faccess_token%3D{TOKEN}"),
}  # fmt: skip


def _raise(log):
    try:
        raise ValueError(f"password='correct-horse-battery' {TOKEN} {SECRETS[3]}")
    except ValueError:
        log.exception("It failed for %s", SECRETS[3])


@pytest.fixture(params=[True, False], ids=["json", "text"])
def logger(request):
    stream = io.StringIO()
    told = logs.settings(level="DEBUG", as_json=request.param, stream=stream)
    configurator = logging.config.DictConfigurator(told)
    handler = logs.Lines(stream)
    handler.setFormatter(configurator.configure_formatter(dict(told["formatters"]["lines"])))
    handler.addFilter(RequestIdFilter())
    one = logging.Logger("attacked")
    one.addHandler(handler)
    one.stream, one.as_json = stream, request.param
    return one


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_gets_by(logger, way):
    WAYS[way](logger)

    text = logger.stream.getvalue()
    assert text.strip()
    assert [secret for secret in SECRETS if secret in text or secret[:40] in text] == []
    if logger.as_json:
        for line in text.splitlines():
            assert json.loads(line)["logger"] == "attacked"


@given(st.text(), st.text())
def test_a_token_is_struck_out_of_any_surroundings(before, after):
    assert TOKEN not in logs.strike_out(f"{before} {TOKEN} {after}")


EVENT = {"code": 190, "subcode": 460, "type": "OAuthException", "trace_id": "A1b2", "account": "act_42"}


def test_an_event_of_meta_is_one_line_with_its_codes(logger):
    logger.warning(
        "Meta answered 190/460: the password was changed.\nConnect again.",
        extra=EVENT,
    )

    text = logger.stream.getvalue()
    if logger.as_json:
        (line,) = text.splitlines()
        told = json.loads(line)
        assert told.items() >= (EVENT | {"level": "WARNING"}).items()
        assert told["message"].startswith("Meta answered 190/460")
        assert told["time"].endswith("+00:00")
    else:
        assert "code=190 subcode=460" in text


def test_ordinary_words_stay():
    text = "Sync run 12: 3,274 rows of act_192482169021178 on 2026-11-27 at 10:00, token renewed, secret: none kept"
    assert logs.strike_out(text).startswith(
        "Sync run 12: 3,274 rows of act_192482169021178 on 2026-11-27 at 10:00, token renewed"
    )


# --- Sentry --------------------------------------------------------------------------------------

PROGRAM = """
import django; django.setup()
import logging, sentry_sdk
try:
    secret = {secret!r}
    raise ValueError(f"failed with access_token={secret} for ada@agency.example")
except ValueError:
    logging.getLogger("apps.x").exception("It failed for %s", "ada@agency.example")
sentry_sdk.flush(10)
"""


@pytest.fixture
def sentry():
    """Takes what a Sentry would."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            came.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_address[1]}/1", came
    server.shutdown()
    server.server_close()


def test_a_fault_goes_to_sentry_without_its_secrets(sentry, program_env):
    dsn, came = sentry
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{secret!r}", repr(TOKEN))],
        env=program_env() | {"SENTRY_DSN": dsn}, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    bodies = b"".join(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in came)
    assert b"ValueError" in bodies
    assert TOKEN[:40].encode() not in bodies
    assert b"ada@agency" not in bodies


def test_a_dsn_that_is_none_stops_the_start_with_its_cure(program_env):
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        env=program_env() | {"SENTRY_DSN": "nonsense"}, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode != 0
    assert "SENTRY_DSN is no DSN of a Sentry project" in done.stderr
