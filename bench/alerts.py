"""How long it takes from a revoked token to the message that says so, with a worker and beat as in real life.

    python -m bench.alerts [--times 20]

A token is revoked at the pretend Meta, somebody asks for a sync (what meets the refusal), a look by beat raises the
alert, a worker sends it to a web service on this machine. The clock runs from the revocation to the message's arrival.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles

from apps.sandbox import Sandbox
from bench import scratch

CELERY = [sys.executable, "-m", "celery", "-A", "fbadmin"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
PATIENCE = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    with scratch.installation() as folder, Sandbox(7) as sandbox, receiver() as (url, arrived):
        meta = {"META_GRAPH_URL": sandbox.url, "META_DIALOG_URL": sandbox.url}
        from django.conf import settings

        settings.META_GRAPH_URL = sandbox.url
        with background(folder, os.environ | meta):
            seconds = [once(sandbox, url, arrived) for _ in range(given.times)]
    cuts = quantiles(seconds, n=20, method="inclusive")
    print(f"from a revoked token to the message, {len(seconds)} times, worker and beat running")
    print(f"  p50 {cuts[9]:.1f} s   p95 {cuts[18]:.1f} s   longest {max(seconds):.1f} s", flush=True)


def once(sandbox: Sandbox, url: str, arrived: list[tuple[float, str]]) -> float:
    """Connected and well, then revoked: seconds until the message came."""
    from apps.connections import tokens
    from apps.connections.models import AdAccount, Connection
    from apps.health import channels
    from apps.health.models import Alert, Channel, RuleSetting
    from apps.reporting import sync, tasks

    Alert.objects.all().delete()
    sandbox._state.tokens.by_name["system"].subcode = None
    tokens.connect("bench", sandbox.token("system"))
    if not Channel.objects.filter(name="bench").exists():
        channels.keep(channels.prepare("bench", url))
        # The sandbox has ad accounts that are off; this is about the token alone.
        RuleSetting.objects.bulk_create([RuleSetting(name=name, on=False) for name in ("status", "stale")])
    time.sleep(random.uniform(1, 20))  # anywhere between two looks
    arrived.clear()
    begun = time.monotonic()
    sandbox.revoke("system", 460)
    account = AdAccount.objects.in_order().first()
    day = account.today()
    tasks.nudge(sync.request([account], "page", since=day, until=day))
    while not any("is dead" in title for _, title in arrived):
        if time.monotonic() - begun > PATIENCE:
            raise SystemExit(f"No message came within {PATIENCE:.0f} s; {Connection.objects.get().state}.")
        time.sleep(0.05)
    return next(moment for moment, title in arrived if "is dead" in title) - begun


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[float, str]]]]:
    arrived: list[tuple[float, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            arrived.append((time.monotonic(), told["title"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nothing: the figures are what is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/", arrived
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def background(folder: Path, env: dict[str, str]) -> Iterator[None]:
    """A worker and beat beside us, as the demo starts them."""
    schedule = ["-s", str(folder / "beat"), "--pidfile=", "-l", "WARNING"]
    commands = ([*CELERY, "worker", "-P", "threads", "-c", "4", *QUIET], [*CELERY, "beat", *schedule])
    with (folder / "background.log").open("wb") as log:
        started = [subprocess.Popen(command, env=env, stdout=log, stderr=log) for command in commands]
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(20)


if __name__ == "__main__":
    main()
