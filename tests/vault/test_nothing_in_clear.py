"""After a full story nothing that was left behind holds a secret, and without the keys a copy opens nothing.

The story goes through a real web server and a real worker, with logs at their most talkative: connecting, syncing,
checking, an error of Meta's that repeats the token, a token that dies, an exchange, a change of keys.
"""

import base64
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
import requests
from django.apps import apps
from django.conf import global_settings
from django.core.management import call_command
from django.db import connection as database
from django.test import Client

from apps.connections import clients, tokens
from apps.connections.models import AdAccount, Connection, PendingConnection, TokenOpening
from apps.reporting.models import SyncRun
from apps.sandbox import Sandbox
from apps.vault import SealBroken, columns, seal, unseal
from tests.conftest import PASSWORD

from .secrets_in import proof, spellings, traces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]

KEYS = {"k1": os.urandom(32), "k2": os.urandom(32)}
DONE = {"done", "failed", "partial"}


def eventually(what, seconds=90):
    until = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)
    return value


# --- a searcher that finds -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        lambda s: s,
        lambda s: s[: len(s) // 2] + "...",
        lambda s: s.encode().hex(),
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.b64encode(f"x{s}".encode()).decode(),
        lambda s: base64.urlsafe_b64encode(f"ab{s}, and more".encode()).decode(),
        lambda s: json.dumps({"token": s}),
    ],
)
def test_the_search_would_find_a_token_however_it_were_written(written):
    token = "EAA" + secrets.token_urlsafe(120)

    assert traces({"it": token}, {"a log": f"before {written(token)} after".encode()}) == ["it in a log"]
    assert traces({"it": token}, {"a log": b"before after"}) == []


def test_the_search_would_find_a_key(tmp_path):
    key = os.urandom(32)

    for content in (key, key.hex().encode(), base64.b64encode(key), b"x" + key[16:]):
        assert traces({"key": key}, {"a file": content}) == ["key in a file"]
    assert all(len(spelling) >= 16 for spelling in spellings(key))


# --- the story -----------------------------------------------------------------------------------


@pytest.fixture
def meta(settings):
    """A pretend Meta that lives now, as the processes do, and whose app has a secret of its own."""
    with Sandbox(seed=11, port=0, app_secret=secrets.token_hex(16)) as sandbox:
        settings.META_GRAPH_URL = settings.META_DIALOG_URL = sandbox.url
        settings.META_APP_ID, settings.META_APP_SECRET = sandbox.app_id, sandbox.app_secret
        yield sandbox


@pytest.fixture
def environment(meta, empty_queue, program_env, monkeypatch, settings):
    """Of the web server and the worker. Everything in it that is secret was made for this test."""
    settings.TOKEN_KEYS = {"k1": KEYS["k1"]}
    made = {
        "SECRET_KEY": secrets.token_urlsafe(40),
        "TOKEN_KEYS": "k1:" + base64.b64encode(KEYS["k1"]).decode(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "META_DIALOG_URL": meta.url,
        "LOG_LEVEL": "DEBUG",
        "ACCESS_LOG": "1",
        "WEB_CONCURRENCY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return program_env() | made


class Processes:
    """Programs beside the test, with all they say in files."""

    def __init__(self, folder: Path, environment: dict) -> None:
        self.folder, self.environment, self.running = folder, environment, {}

    def start(self, name, *words, **more):
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words],
                env=self.environment | more,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.running[name]

    def run(self, name, *words, given="", **more):
        """To its end, with something on standard input."""
        with (self.folder / f"{name}.log").open("ab") as log:
            done = subprocess.run(
                [sys.executable, *words], env=self.environment | more, input=given.encode(), stdout=log,
                stderr=subprocess.STDOUT, check=False, timeout=120,
            )  # fmt: skip
        return done.returncode

    def said(self, name):
        return (self.folder / f"{name}.log").read_bytes()

    def send(self, name, number):
        os.killpg(self.running[name].pid, number)

    def end(self):
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def processes(tmp_path, environment):
    made = Processes(tmp_path, environment)
    yield made
    made.end()


class Broker:
    """Everything that ever stood in the queues, read from the files or from Redis while it stands there."""

    def __init__(self, environment):
        self.folder = Path(environment["VAR_DIR"]) / "broker"
        self.redis = redis.Redis.from_url(environment["REDIS_URL"]) if environment["REDIS_URL"] else None
        self.seen: set[bytes] = set()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def look(self):
        """Read all that waits now. Returns how many messages have been seen so far."""
        if self.redis is None:
            for path in self.folder.rglob("*"):
                with suppress(FileNotFoundError):  # taken at this moment
                    self.seen |= {path.read_bytes()} if path.is_file() and path.name != "lock" else set()
        else:
            self.seen |= set(self._in_redis())
        return len(self.messages)

    @property
    def messages(self):
        return [message for message in set(self.seen) if b'"task"' in message]

    def _in_redis(self):
        for key in self.redis.scan_iter(match="fbadmin*", count=1000):
            readers = {
                b"list": lambda k: self.redis.lrange(k, 0, -1),
                b"hash": lambda k: self.redis.hvals(k),
                b"zset": lambda k: self.redis.zrange(k, 0, -1),
                b"set": lambda k: self.redis.smembers(k),
                b"string": lambda k: [self.redis.get(k) or b""],
            }
            if reader := readers.get(self.redis.type(key)):
                yield from reader(key)

    def _watch(self):
        while not self.stop.is_set():
            self.look()
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join()


class Browser:
    """A person at the page: signs in, fills forms, and keeps all that was shown."""

    def __init__(self, url):
        self.url, self.session, self.shown = url, requests.Session(), []

    def get(self, path):
        return self._keep(self.session.get(self.url + path, timeout=60))

    def post(self, path, **fields):
        token = {"csrfmiddlewaretoken": self.session.cookies.get("csrftoken", "")}
        headers = {"Referer": self.url + path}
        return self._keep(
            self.session.post(self.url + path, data=fields | token, headers=headers, timeout=60)
        )

    def logs_in(self, who, start):
        """At Meta, and comes back. What Meta sends along is a secret, and stands in no page but its own address."""
        dialog = self.session.get(self.url + start, timeout=60, allow_redirects=False).headers["Location"]
        answer = requests.post(
            dialog, data={"answer": "continue", "person": who, "ticked": ["ads_read"]},
            timeout=60, allow_redirects=False,
        )  # fmt: skip
        back = urlsplit(answer.headers["Location"])
        came = self.session.get(f"{self.url}{back.path}?{back.query}", timeout=60, allow_redirects=False)
        self.get(came.headers["Location"])
        return {
            f"{name} of {who}": values[0] for name, values in parse_qs(back.query).items() if name == "code"
        }

    def _keep(self, response):
        for one in [*response.history, response]:
            self.shown.append(f"{one.url} {one.headers}".encode() + one.content)
        return response


def dump():
    """Every row of every table, as pg_dump would write it."""
    out = io.BytesIO()
    with database.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            out.write(f"-- {table}\n".encode())
            cursor.cursor.copy_expert(f"COPY {table} TO STDOUT", out)
    return out.getvalue()


def runs_over():
    return not SyncRun.objects.exclude(state__in=DONE).exists()


def used(meta):
    """Every token of the world. Two of a mind: those of Meta's own making are random letters."""
    return {f"token {name}": text for name, text in meta.tokens.items() if len(text) > 40}


def test_a_full_story_leaves_no_secret_behind_and_a_copy_without_the_keys_opens_nothing(
    meta, environment, processes, make_person, caplog, settings
):
    caplog.set_level("DEBUG")
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the web server knows no others
    make_person("admin", name="Ada Admin")
    web = ["-m", "gunicorn", "-c", "fbadmin/gunicorn_conf.py", "-b", "127.0.0.1:0", "fbadmin.wsgi"]
    worker = ["-m", "celery", "-A", "fbadmin", "worker", "-P", "threads", "-c", "2", "-l", "DEBUG"]
    given = {"never stored": "EAA" + secrets.token_hex(80)}

    with Broker(environment) as broker:
        processes.start("web", *web)
        address = eventually(lambda: re.search(rb"Listening at: (http://[\d.:]+)", processes.said("web")))[1]
        person = Browser(address.decode())
        person.get("/sign-in/")
        assert person.post("/sign-in/", login="admin@agency.example", password=PASSWORD).history, "signed in"

        # Connect on the page and by the command, with tokens that are taken and tokens that are not.
        for name, token in (used(meta) | given).items():
            page = person.post("/connections/new/token/", token=token)
            if page.history:
                person.post(page.url.removeprefix(person.url), name=name[:80])
        assert processes.run("connect", "manage.py", "connect", "by command", given=meta.token("system")) in {
            0,
            1,
        }
        assert Connection.objects.count() >= 2

        # Somebody logs in at Meta and leaves before the end; somebody else gets a link and logs in by it.
        # What the visitors' own programs log is not ours.
        with caplog.at_level("INFO", logger="urllib3"):
            given |= person.logs_in("nils", "/connections/login/?scope=ads_read")
            assert PendingConnection.objects.exists()
            shown = person.post("/connections/new/login/", name="by a link", scope="ads_read")
            address = re.search(r"/connections/link/([\w-]{20,})/", shown.text)
            person.shown.pop()  # the one page that shows it
            given["key of a link"] = address[1]
            stranger = Browser(person.url)
            stranger.session.get(person.url + address[0], timeout=60)
            given |= stranger.logs_in("kofi", "/connections/link/login/")
            person.shown += stranger.shown
        assert Connection.objects.filter(name="by a link").exists()

        # Ask for syncs while nobody works: the messages can be read. Then somebody does.
        for account in AdAccount.objects.all()[:3]:
            person.post(f"/accounts/{account.act_id}/sync/")
        assert SyncRun.objects.exists()
        eventually(lambda: broker.look() >= 1)
        processes.start("worker", *worker)
        eventually(runs_over)
        assert SyncRun.objects.filter(state="done").exists()
        for connection in Connection.objects.all():
            person.post(f"/connections/{connection.pk}/check/")

        # Meta repeats the token in what it says of an error.
        processes.send("worker", signal.SIGSTOP)
        for connection in Connection.objects.all():
            token = clients.opened(connection, purpose="check")
            meta.fail(
                times=4, path="act_", code=100, user_message=f"Bad {token}",
                message=f"Unsupported request with access_token={token} and {token[:90]}",
            )  # fmt: skip
        for account in AdAccount.objects.all()[:3]:
            person.post(f"/accounts/{account.act_id}/sync/")
        broker.look()
        processes.send("worker", signal.SIGCONT)
        eventually(runs_over)
        assert "Meta answered 100" in SyncRun.objects.filter(state="failed").first().error
        meta.clear_faults()

        # A token is exchanged, and the connection goes on with the new one.
        exchanged = clients.for_app().get(
            "oauth/access_token", grant_type="fb_exchange_token", client_id=meta.app_id,
            client_secret=meta.app_secret, fb_exchange_token=meta.token("user"),
        )["access_token"]  # fmt: skip
        owner = Connection.objects.filter(kind="user").exclude(name="by a link").first()
        assert owner is not None
        assert tokens.connect(owner.name, exchanged).renewed
        pending = PendingConnection(fingerprint="x")
        pending.sealed_token = seal(exchanged, pending.token_place)
        pending.save()

        # A token dies; what needed it says so.
        system = Connection.objects.get(subject_id=meta._state.tokens.by_name["system"].subject_id)
        told = f"Error validating access_token={meta.token('system')}, {meta.token('system')}"
        meta.fail(path="/me$", code=190, message=told)
        person.post(f"/connections/{system.pk}/check/")
        system.refresh_from_db()
        assert "***" in system.state_reason
        meta.revoke("system", 460)
        person.post(f"/connections/{system.pk}/check/")
        system.refresh_from_db()
        assert system.state == "refused"

        # A new key; everything moves to it while the others go on.
        both = ",".join(f"{name}:{base64.b64encode(KEYS[name]).decode()}" for name in ("k2", "k1"))
        assert processes.run("rewrap", "manage.py", "rewrap_tokens", TOKEN_KEYS=both) == 0
        settings.TOKEN_KEYS = {"k2": KEYS["k2"], "k1": KEYS["k1"]}
        assert processes.run("sync", "manage.py", "sync", "--json", TOKEN_KEYS=both) in {0, 1}
        for path in (
            "/",
            "/connections/",
            "/connections/new/token/",
            "/accounts/",
            "/performance/",
            "/pulse/",
        ):
            person.get(path)
        processes.send("worker", signal.SIGTERM)
        processes.running["worker"].wait(60)

    secret = used(meta) | given
    secret |= {f"proof of {name}": proof(text, meta.app_secret) for name, text in secret.items()}
    secret |= {f"key {name}": key for name, key in KEYS.items()}
    secret |= {"app secret": meta.app_secret, "SECRET_KEY": environment["SECRET_KEY"], "password": PASSWORD}
    places = {
        "the database": dump(),
        "the messages": b"\n".join(broker.seen),
        "our own log": caplog.text.encode(),
        "the pages": b"\n".join(person.shown),
        "the cache": b"\n".join(
            path.read_bytes()
            for path in (Path(environment["VAR_DIR"]) / "cache").rglob("*")
            if path.is_file()
        ),
    } | {f"the log of {path.stem}": path.read_bytes() for path in processes.folder.glob("*.log")}

    # What was searched is not empty, and the searcher sees what may be there.
    assert b"reporting_syncrun" in places["the database"]
    assert system.sealed_token.encode() in places["the database"] or b"v1:k2:" in places["the database"]
    assert len(broker.messages) >= 2
    assert b"debug_token" in places["the log of web"] + places["our own log"]
    assert b"DEBUG" in places["the log of worker"]
    assert len(secret) > 20
    assert traces(secret, places) == []

    _a_copy_without_the_keys_opens_nothing(settings)


def _a_copy_without_the_keys_opens_nothing(settings):
    settings.TOKEN_KEYS = {name: os.urandom(32) for name in KEYS}
    values = list(columns.values())
    assert {value.place.split("|")[0] for value in values} >= {
        "connections_connection",
        "connections_pendingconnection",
    }
    for value in values:
        with pytest.raises(SealBroken):
            unseal(value.sealed, value.place)

    browser = Client(raise_request_exception=True)
    browser.force_login(apps.get_model("team.User").objects.get())
    account = AdAccount.objects.first()
    for path in ("/connections/", "/accounts/", f"/accounts/{account.act_id}/", "/performance/", "/pulse/"):
        assert browser.get(path).status_code == 200, path
    before = TokenOpening.objects.count()
    for connection in Connection.objects.all():
        answer = browser.post(f"/connections/{connection.pk}/check/", follow=True)
        assert "Put the right key back, or connect again" in answer.content.decode()
    assert TokenOpening.objects.count() == before
    with pytest.raises(SystemExit):
        call_command("rewrap_tokens", stdout=io.StringIO())
