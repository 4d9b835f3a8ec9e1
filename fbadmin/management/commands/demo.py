import os
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections

from fbadmin import tryout
from fbadmin.demo import logins, scene
from fbadmin.embedded import locks, postgres
from fbadmin.runner import Failed, Runner, Stopped

MANAGE = [sys.executable, str(tryout.BASE_DIR / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "-A", "fbadmin"]


class Command(BaseCommand):
    help = (
        "Everything in one terminal: database, sandbox, web, worker, beat, a connection and its first sync."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        tryout.add_ports(parser)
        parser.add_argument("--seed", type=int, default=7, help="of the sandbox's world (7)")
        parser.add_argument("--no-sync", action="store_true", help="leave out the first sync")

    def handle(self, *, port: int, sandbox_port: int, **options: Any) -> None:
        if not os.environ.get(tryout.PREPARED):
            # Settings were read before we could say what a demo needs: once more, with it.
            tryout.prepare(sys.argv[2:])
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        self.port, self.sandbox_port, self.options = port, sandbox_port, options
        pretend = tryout.sandbox_url(sandbox_port) == settings.META_GRAPH_URL
        refuse_taken({"--port": port} | ({"--sandbox-port": sandbox_port} if pretend else {}))
        with only_one(settings.VAR_DIR):
            try:
                self.run(pretend)
            except Stopped:
                pass
            except Failed as error:
                raise CommandError(str(error)) from error
            finally:
                connections.close_all()
                postgres.release(settings.VAR_DIR)
                silence_a_lost_terminal()
        self.stdout.write("Stopped. What was stored is kept.")

    def run(self, pretend: bool) -> None:
        verbose = self.options["verbosity"] > 1
        with Runner(settings.VAR_DIR / "log", out=self.stdout, verbose=verbose) as runner:
            began = time.monotonic()
            runner.say("Starting the database …")
            open_database()
            if pretend:
                self.start_sandbox(runner)
            runner.say("Bringing its tables up to date …")
            runner.step("migrate", [*MANAGE, "migrate", "--no-input"])
            self.start_fbadmin(runner)
            people = logins.ensure(settings.VAR_DIR)
            if pretend:
                self.set_scene(runner)
            runner.until(
                lambda: answers(f"http://127.0.0.1:{self.port}/healthz"), "The web server", seconds=60
            )
            connections.close_all()
            self.tell(runner, people, pretend, time.monotonic() - began)
            runner.wait()

    def start_sandbox(self, runner: Runner) -> None:
        port, seed = str(self.sandbox_port), str(self.options["seed"])
        runner.start("sandbox", [sys.executable, "-m", "apps.sandbox", "--port", port, "--seed", seed])

    def start_fbadmin(self, runner: Runner) -> None:
        runner.say("Starting web server, worker and beat …")
        bind = {"BIND": f"127.0.0.1:{self.port}"}
        config = str(tryout.BASE_DIR / "fbadmin" / "gunicorn_conf.py")
        runner.start(
            "web", [sys.executable, "-m", "gunicorn", "-c", config, "fbadmin.wsgi"], env=os.environ | bind
        )
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
        runner.start("worker", [*CELERY, "worker", "-P", "threads", "-c", "4", *quiet])
        schedule = str(settings.VAR_DIR / "beat-schedule")
        runner.start("beat", [*CELERY, "beat", "-s", schedule, "--pidfile=", "-l", "INFO"])

    def set_scene(self, runner: Runner) -> None:
        base = settings.META_GRAPH_URL
        runner.until(lambda: answers(f"{base}/_sandbox/state"), "The sandbox", seconds=60)
        connected = scene.connect(base)
        if connected:
            runner.say(connected)
        scene.grant(logins.MARKETER)
        if not self.options["no_sync"]:
            for line in scene.first_sync():
                if line:
                    runner.say(line)
                runner.sleep(0.5)

    def tell(self, runner: Runner, people: list[logins.Login], pretend: bool, seconds: float) -> None:
        runner.say(f"\nfbadmin is ready after {seconds:.0f} seconds: http://localhost:{self.port}/\n")
        for person in people:
            runner.say(f"  {person.role:9} {person.email:22} {person.password}")
        if pretend:
            runner.say(f"\nThe sandbox it talks to: {settings.META_GRAPH_URL}/_sandbox/")
        runner.say(f"Logs are in {settings.VAR_DIR / 'log'}. Ctrl-C ends everything.\n")


def refuse_taken(ports: dict[str, int]) -> None:
    """One sentence for each port that something else listens on, before anything is started."""
    taken = []
    for option, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                taken.append(f"Port {port} can not be used ({error}). Choose another with {option}.")
    if len(set(ports.values())) < len(ports):
        taken.append("The web server and the sandbox need a port each.")
    if taken:
        raise CommandError(" ".join(taken))


@contextmanager
def only_one(var_dir: Path) -> Iterator[None]:
    var_dir.mkdir(parents=True, exist_ok=True)
    lock = locks.open_lock(var_dir / "demo.lock")
    try:
        if not locks.attempt(lock, locks.EXCLUSIVE):
            raise CommandError(f"A demo is running already in {var_dir}. End it, or set another VAR_DIR.")
        yield
    finally:
        os.close(lock)


def open_database() -> None:
    """Hold the database open for as long as the demo runs, so that the programs find it up."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        raise Failed(f"The database does not answer. {error}") from error


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def silence_a_lost_terminal() -> None:
    """When the terminal is gone, what is still to be written would only fail, here and at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
