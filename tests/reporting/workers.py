"""Real workers as processes of their own, for tests that kill them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from . import truth

ROOT = Path(__file__).resolve().parents[2]
# Starting Python and reading the program takes longer than all else: done once, each worker is a fork of it.
NURSERY = """
import os, sys
import django
from fbadmin.celery import app
django.setup()
app.loader.import_default_modules()
import celery.bin.worker, celery.worker.worker, celery.concurrency.thread
options = "-P threads -c 3 --without-gossip --without-mingle --without-heartbeat -l WARNING".split()
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(2, 1)
        app.worker_main(["worker", *options])
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""
# Seconds of the pretend Meta for each of ours, and of ours until everything must be done.
SPEED, PATIENCE = 60, 180


class Workers:
    """At most one worker at a time. `sweep` is what beat does every 20 seconds; here whenever somebody looks."""

    def __init__(self, env, log, sweep):
        self.log, self.sweep, self.pid = log, sweep, 0
        with log.open("wb") as out:
            self.nursery = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", NURSERY],
                cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True,
                start_new_session=True,
            )  # fmt: skip

    def start(self):
        self.nursery.stdin.write("one more\n")
        self.nursery.stdin.flush()
        self.pid = int(self.nursery.stdout.readline())

    def kill(self):
        """The worker and whatever it has started, at once."""
        if self.pid:
            while os.getpgid(self.pid) != self.pid:  # not yet a group of its own
                time.sleep(0.01)
            os.killpg(self.pid, signal.SIGKILL)
            assert self.nursery.stdout.readline() == "ended\n"
            self.pid = 0

    def close(self):
        """What the workers said stands in the test's report, should it fail."""
        if self.pid and self.is_alive():
            self.kill()
        self.nursery.kill()
        self.nursery.communicate()
        sys.stdout.write(self.log.read_text(errors="replace")[-8000:])

    def is_alive(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def until(self, what, seconds=PATIENCE):
        """Sweeps until `what()` is true. A worker that ends by itself is no worker."""
        end, swept = time.monotonic() + seconds, 0.0
        while not (value := what()):
            assert time.monotonic() < end, f"not within {seconds} seconds"
            assert self.is_alive(), "the worker ended by itself"
            if time.monotonic() > swept + 0.5:
                self.sweep()
                swept = time.monotonic()
            time.sleep(0.02)
        return value


def calls(sandbox):
    return sandbox.state()["calls"]


def disturbed(workers, sandbox, is_done, dice, times, disturb, most):
    """Let so many things happen, each after a few calls more, while the work is under way. Says after which calls."""
    moments = []
    for _ in range(times):
        wanted = calls(sandbox) + dice.randint(1, most)
        workers.until(lambda wanted=wanted: calls(sandbox) >= wanted or is_done())
        if is_done():
            break
        time.sleep(dice.uniform(0, 0.1))
        moments.append(calls(sandbox))
        disturb()
    sys.stdout.write(f"disturbed after calls {moments}\n")
    return moments


WINDOWS = """
    SELECT 'act_' || meta_id, reason, since, until FROM reporting_syncrun AS run
    JOIN connections_adaccount AS account ON account.id = run.account_id GROUP BY 1, 2, 3, 4
"""


def everything(sandbox, windows):
    """What must be stored: by day of the account and level in the first sync, by all sets every night."""
    found = {}
    for act, reason, since, until in windows:
        found |= truth.told(sandbox, act, since, until, truth.SETS if reason == "nightly" else truth.SETS[:2])
    return found


def days_and_sets(windows):
    """Every cell that the ledger must know, by (act, level, breakdown, day)."""
    return {
        (act, *one, since + timedelta(days=n))
        for act, reason, since, until in windows
        for one in (truth.SETS if reason == "nightly" else truth.SETS[:2])
        for n in range((until - since).days + 1)
    }
