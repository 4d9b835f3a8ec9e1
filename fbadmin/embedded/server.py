"""One embedded PostgreSQL: its lock, its start and its end.

- Whoever uses it holds a shared lock on `users`. When the last one is gone, a keeper process stops it.
- It listens on a Unix socket only, and lets in only the user who owns it.
- Nothing that a killed process left is trusted: a pid counts only if that process works in the data folder.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg2

from . import accounts, binaries, keeper, locks
from . import home as homes
from .accounts import Account
from .errors import EmbeddedError

NAME = "fbadmin"
PORT = "5432"  # names the socket's file; no TCP port is opened
LONGEST_LOG = 10_000_000

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "log_checkpoints": "off",
    "jit": "off",
    # Containers have little /dev/shm; parallel plans would not fit.
    "max_parallel_workers_per_gather": "0",
}
# FBADMIN_POSTGRES_FAST=1, for tests: data need not survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """One home folder, and the PostgreSQL in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "postgres.log"
        self._lock: int | None = None

    # Use

    def use(self) -> None:
        """Hold the server. Waits while a keeper is stopping it."""
        if self._lock is None:
            self._lock = locks.open_lock(self.home / "users")
        locks.wait_for(self._lock, locks.SHARED, what=str(self.home / "users"), seconds=90)

    def forget(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def leave(self) -> None:
        """Let go, and stop the server when nobody else holds it."""
        if self._lock is None:
            return
        try:
            if locks.attempt(self._lock, locks.EXCLUSIVE):
                self.stop()
            elif not locks.attempt(self._lock, locks.SHARED):
                # The keeper is stopping it at this moment. Wait, so that a caller may delete the folder.
                locks.wait_for(self._lock, locks.SHARED, what=str(self.home), seconds=30)
        finally:
            self.forget()

    def end(self, seconds: float = 0) -> bool:
        """Stop the server unless someone else uses it."""
        lock = locks.open_lock(self.home / "users")
        try:
            until = time.monotonic() + seconds
            while not locks.attempt(lock, locks.EXCLUSIVE):
                if time.monotonic() >= until:
                    return False
                time.sleep(0.05)
            self.stop()
            return True
        finally:
            os.close(lock)

    # Run

    def run(self, var_dir: Path) -> None:
        """Running and ready when this returns. The caller holds `use()`."""
        with locks.alone(self.home / "start"):
            if self.pid() is None:
                self._start(var_dir)
            else:
                self._until_ready()
            self._keep()

    def pid(self) -> int | None:
        return keeper.server_pid(str(self.data))

    def stop(self) -> None:
        keeper.stop(str(self.data))

    def _note(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _account(self) -> Account:
        return accounts.owner_of(self.data) if self.data.is_dir() else accounts.unprivileged()

    def _start(self, var_dir: Path) -> None:
        account = self._account()
        programs = binaries.find(account, homes.STATE)
        self._let_in_only_me(account)
        self._open_log(account)
        self._initialise(account, programs)
        sockets = homes.make_socket_folder(var_dir, self.home, account)
        options = SETTINGS | (FAST if _fast() else {})
        options |= {
            "unix_socket_directories": str(sockets),
            "hba_file": str(self.home / "pg_hba.conf"),
            "ident_file": str(self.home / "pg_ident.conf"),
        }
        text = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
        command = [str(programs / "pg_ctl"), "start", "-D", str(self.data), "-w", "-t", "60"]
        command += ["-l", str(self.log), "-o", f"-p {PORT} {text}"]
        for patience in (0.2, 0.5, 1.0, 2.0, None):
            # A pid file whose process is not the server: killed, or its number is someone else's by now.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            outcome = account.run(*command)
            if outcome.returncode == 0:
                break
            if patience is None:
                raise EmbeddedError(self._failure("PostgreSQL did not start", outcome.stdout))
            time.sleep(patience)  # children of a killed server may need a moment to notice
        self._create_database(homes.socket_folder(var_dir))

    def _until_ready(self) -> None:
        until = time.monotonic() + 60
        while len(note := self._note()) < 8 or note[7].strip() != "ready":
            if time.monotonic() > until or self.pid() is None:
                raise EmbeddedError(self._failure("PostgreSQL runs but does not get ready", " ".join(note)))
            time.sleep(0.05)

    def _initialise(self, account: Account, programs: Path) -> None:
        if self.data.is_dir():
            return
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # of a start that was killed
        draft.mkdir(mode=0o700)
        account.owns(draft)
        options = ["-U", NAME, "-A", "peer", "-E", "UTF8", "--no-instructions", *_locale(account, programs)]
        outcome = account.run(programs / "initdb", "-D", draft, *options, *(["--no-sync"] if _fast() else []))
        if outcome.returncode != 0:
            raise EmbeddedError(self._failure("initdb could not make a database", outcome.stdout))
        draft.rename(self.data)

    def _let_in_only_me(self, account: Account) -> None:
        """Peer authentication: the kernel tells the server who is at the other end of its socket."""
        me = accounts.my_name().replace('"', '""')
        for name, line in (
            ("pg_hba.conf", f"local all all peer map={NAME}\n"),
            ("pg_ident.conf", f'{NAME} "{me}" {NAME}\n'),
        ):
            (self.home / name).write_text(line)
            (self.home / name).chmod(0o644)

    def _open_log(self, account: Account) -> None:
        if self.log.is_file() and self.log.stat().st_size > LONGEST_LOG:
            self.log.rename(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        account.owns(self.log)

    def _create_database(self, host: Path) -> None:
        connection = psycopg2.connect(host=str(host), port=PORT, user=NAME, dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{NAME}"')
        finally:
            connection.close()

    def _keep(self) -> None:
        """Have a keeper. A second one notices the first and ends."""
        lock = locks.open_lock(self.home / "keeper")
        try:
            if not locks.attempt(lock, locks.EXCLUSIVE):
                return
        finally:
            os.close(lock)
        files = [str(self.data), str(self.home / "users"), str(self.home / "keeper")]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, *files],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # It outlives us, or we reap it when it ends: no zombie, and no warning that it still runs.
        threading.Thread(target=process.wait, name="embedded-postgres-keeper", daemon=True).start()

    def _failure(self, what: str, output: str) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.is_file() else []
        cure = "Set DATABASE_URL=postgres://… to use another server."
        return "\n".join([f"{what}. {cure}", output.strip(), f"{self.log}:", *tail])


def _fast() -> bool:
    return os.environ.get("FBADMIN_POSTGRES_FAST") == "1"


def _locale(account: Account, programs: Path) -> list[str]:
    """UTF-8 letters without relying on the machine's locales, where this PostgreSQL can (17 and later)."""
    version = re.search(r"\d+", account.run(programs / "postgres", "--version").stdout)
    if version and int(version[0]) >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]
