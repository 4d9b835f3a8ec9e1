"""Runs several programs as one: they start together, write to log files, and end together, however it ends.

    with Runner(logs) as runner:
        runner.step("migrate", [...])           # to its end
        runner.start("web", [...])              # beside us
        runner.until(answers, "the web server", seconds=30)
        runner.wait()                           # until someone ends us, or a program ends by itself

Signals only set a flag, so nothing is ever interrupted half way between starting a program and knowing of it.
"""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from fbadmin import guard

PATIENCE = 8.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GONE = select.POLLHUP | select.POLLERR
IMPORTANT = re.compile(r"\b(ERROR|CRITICAL)\b|Traceback \(most recent")


class Terminal(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...


class Stopped(Exception):
    """Somebody asked for the end: Ctrl-C, a signal, or a terminal that is gone."""


class Failed(Exception):
    """A program did not do its part. The text names it and shows its last lines."""


@dataclass
class Child:
    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    read_to: int = 0
    rest: bytes = field(default=b"", repr=False)

    def ended(self) -> bool:
        """Has it ended? It stays a zombie, and its number its own, until it is reaped."""
        return bool(self.process.returncode is not None or _has_ended(self.process.pid))

    def fresh_lines(self) -> list[str]:
        """What it has written since the last look."""
        with self.log.open("rb") as log:
            log.seek(self.read_to)
            text = log.read()
        self.read_to += len(text)
        *lines, self.rest = (self.rest + text).split(b"\n")
        return [line.decode(errors="replace").rstrip() for line in lines]


class Runner:
    """`out` gets the lines for the terminal; `verbose` sends everything there."""

    def __init__(
        self, logs: Path, *, out: Terminal | None = None, verbose: bool = False, patience: float = PATIENCE
    ) -> None:
        self.logs = logs
        self.verbose = verbose
        self.patience = patience
        self._out = out or sys.stdout
        self._deaf = False
        self._children: list[Child] = []
        self._asked = 0
        self._before: dict[int, object] = {}

    # --- start and end

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        if threading.current_thread() is threading.main_thread():
            for number in ENDINGS:
                self._before[number] = signal.signal(number, self._ask)
        # Programs we start must not hold the other end open: the pipe ends exactly when this process does.
        reading, self._pipe = os.pipe()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(reading), str(self.patience)],
            pass_fds=[reading],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end_all()
        finally:
            os.close(self._pipe)
            self._guard.wait()
            for number, handler in self._before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask(self, number: int, frame: object) -> None:
        self._asked += 1

    def _end_all(self) -> None:
        running = [child for child in self._children if not child.ended()]
        for child in reversed(running):
            _signal(child.process.pid, signal.SIGTERM)
        until, asked = time.monotonic() + self.patience, self._asked
        while any(not child.ended() for child in running):
            # Asked once more means: now.
            if time.monotonic() > until or self._asked > asked:
                break
            time.sleep(0.05)
        for child in self._children:
            self._reap(child)

    def _reap(self, child: Child) -> None:
        """Kill what is left of its session, then let go of its number."""
        _signal(child.process.pid, signal.SIGKILL, group=True)
        child.process.wait()
        self._tell_guard(-child.process.pid)

    # --- programs

    def start(self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Child:
        """Start a program beside us, with its output in `logs/name.log`."""
        self.check()
        child = self._spawn(name, command, env)
        self._children.append(child)
        return child

    def step(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        seconds: float = 300,
    ) -> None:
        """Run a program to its end."""
        self.check()
        child = self._spawn(name, command, env)
        self._children.append(child)
        until = time.monotonic() + seconds
        while not child.ended():
            self.check(but=child)
            if time.monotonic() > until:
                raise Failed(f"{name} did not end within {seconds:.0f} seconds. {self._last_lines(child)}")
            time.sleep(0.05)
        self.show(child)
        self._children.remove(child)
        self._reap(child)
        if child.process.returncode != 0:
            raise Failed(f"{name} failed. {self._last_lines(child)}")

    def until(self, ready: Callable[[], bool], what: str, *, seconds: float, pause: float = 0.1) -> None:
        """Wait for something the programs bring about."""
        limit = time.monotonic() + seconds
        self.check()
        while not ready():
            self.sleep(pause)
            if time.monotonic() > limit:
                raise Failed(
                    f"{what} was not there after {seconds:.0f} seconds. The logs are in {self.logs}."
                )

    def wait(self) -> None:
        """Go on until asked to stop, or a program ends."""
        while True:
            self.sleep(0.2)

    def sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.check()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
            self.check()

    def check(self, but: Child | None = None) -> None:
        """Raise Stopped or Failed when there is a reason to. Shows what the programs have to say."""
        for child in self._children:
            self.show(child)
        if self._asked or self._unheard():
            raise Stopped
        for child in self._children:
            if child is not but and child.ended():
                self._children.remove(child)
                self._reap(child)
                how = _how(child.process.returncode)
                raise Failed(f"{child.name} ended by itself ({how}). {self._last_lines(child)}")

    def _spawn(self, name: str, command: Sequence[str], env: Mapping[str, str] | None) -> Child:
        log = self.logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=dict(os.environ if env is None else env) | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guard(process.pid)
        return Child(name, process, log)

    def _tell_guard(self, number: int) -> None:
        with suppress(BrokenPipeError):  # somebody killed the guard; we are still here
            os.write(self._pipe, f"{number}\n".encode())

    # --- what people see

    def say(self, line: str = "") -> None:
        """A line for the terminal. When nobody can read it any more, that is the end."""
        if self._deaf:
            return
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except OSError:
            self._deaf = True
            self._asked += 1

    def _unheard(self) -> bool:
        """Is the terminal gone? A hang-up may reach `make` and not us, so we look."""
        try:
            watch = select.poll()
            watch.register(self._out.fileno(), 0)
        except (OSError, ValueError):
            return False  # nothing that can hang up
        self._deaf = self._deaf or any(event & GONE for _, event in watch.poll(0))
        return self._deaf

    def show(self, child: Child) -> None:
        for line in child.fresh_lines():
            if self.verbose or IMPORTANT.search(line):
                self.say(f"{child.name:8} {line}")

    def _last_lines(self, child: Child) -> str:
        lines = child.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"The end of {child.log}:", *(f"  {line}" for line in lines)])


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _signal(pid: int, number: int, *, group: bool = False) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it was faster
        (os.killpg if group else os.kill)(pid, number)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
