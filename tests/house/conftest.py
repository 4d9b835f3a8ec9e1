import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def eventually(what, seconds=10.0):
    """Wait until `what()` is true; its value."""
    until = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < until, f"not within {seconds} seconds: {what}"
        time.sleep(0.02)
    return value


def alive(pid):
    """Is this process there, and more than a zombie?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.fixture
def python():
    """Start a Python program beside the test; whatever is left of it is ended with the test."""
    started = []

    def start(*command, **options):
        options.setdefault("env", dict(os.environ))
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.fixture
def worker_env(tmp_path):
    """Where a worker of `tasks_for_tests` gets its messages, and notes what it did."""
    given = os.environ["REDIS_URL"]
    return dict(os.environ) | {
        "BROKER": given or str(tmp_path),
        "QUEUE": f"house-{secrets.token_hex(3)}",
        "NOTES": str(tmp_path / "notes"),
    }
