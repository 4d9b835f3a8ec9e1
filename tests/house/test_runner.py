"""Several programs as one. Each test runs a small supervisor as a process of its own, and looks for what is left."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import CommandError

from fbadmin import runner
from fbadmin.embedded import postgres

from .conftest import alive, eventually

# Three programs: one that obeys, one that does not, and one with a child of its own.
PROGRAM = """
import sys
from pathlib import Path
from fbadmin.runner import Failed, Runner, Stopped
SLEEP = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); " + SLEEP
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); " + SLEEP
try:
    with Runner(Path(sys.argv[1]), patience=1) as runner:
        for name, code in {"plain": SLEEP, "deaf": DEAF, "parent": PARENT}.items():
            child = runner.start(name, [sys.executable, "-c", code])
            runner.say(f"{name} {child.process.pid}")
        runner.until(lambda: "deaf" in (runner.logs / "deaf.log").read_text(), "deaf", seconds=10)
        runner.say("ready")
        runner.wait()
except Stopped:
    print("stopped", flush=True)
except Failed as error:
    sys.exit(str(error))
"""


def sessions():
    """Every living process, by the session it is in."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(entry.name):
            try:
                found.setdefault(os.getsid(int(entry.name)), []).append(int(entry.name))
            except ProcessLookupError:
                continue
    return found


class Running:
    """The supervisor and its three programs."""

    def __init__(self, process):
        self.process = process
        self.pids = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            name, pid = line.split()
            self.pids[name] = int(pid)
        # The fourth one is the child of `parent`.
        eventually(lambda: len(self.left()) == 4)

    def left(self):
        by_session = sessions()
        return [pid for leader in self.pids.values() for pid in by_session.get(leader, [])]


@pytest.fixture
def running(python, tmp_path):
    running = Running(python("-c", PROGRAM, tmp_path))
    yield running
    for pid in running.left():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_ends_every_program_and_their_children(running, number):
    running.process.send_signal(number)

    assert running.process.wait(10) == 0
    assert running.process.stdout.read() == "stopped\n"
    assert running.left() == []


def test_a_second_ctrl_c_does_not_wait_for_the_deaf(python, tmp_path):
    patient = Running(python("-c", PROGRAM.replace("patience=1", "patience=60"), tmp_path))
    patient.process.send_signal(signal.SIGINT)
    eventually(lambda: not alive(patient.pids["plain"]))
    assert alive(patient.pids["deaf"])

    patient.process.send_signal(signal.SIGINT)

    assert patient.process.wait(10) == 0
    assert patient.left() == []


def test_a_killed_runner_leaves_no_program_behind(running):
    running.process.kill()
    running.process.wait()

    eventually(lambda: running.left() == [])


def test_one_that_ends_by_itself_ends_all_and_is_named(running, tmp_path):
    with (tmp_path / "plain.log").open("a") as log:
        log.write("its last words\n")

    os.kill(running.pids["plain"], signal.SIGKILL)

    assert running.process.wait(10) == 1
    said = running.process.stdout.read()
    assert "plain ended by itself (signal SIGKILL)" in said
    assert "its last words" in said
    assert running.left() == []


def test_a_terminal_that_is_gone_is_the_end(running):
    running.process.stdout.close()

    running.process.wait(10)
    assert running.left() == []


def test_a_step_that_fails_shows_its_last_lines(tmp_path):
    with (
        pytest.raises(runner.Failed, match=r"(?s)migrate failed.*no such table"),
        runner.Runner(tmp_path) as ours,
    ):
        ours.step("migrate", [sys.executable, "-c", "print('no such table'); raise SystemExit(3)"])


def test_only_important_lines_reach_the_terminal(tmp_path, capsys):
    lines = "print('INFO all is well'); print('ERROR all is lost')"

    with runner.Runner(tmp_path) as ours:
        ours.step("web", [sys.executable, "-c", lines])

    assert capsys.readouterr().out == "web      ERROR all is lost\n"
    assert (tmp_path / "web.log").read_text() == "INFO all is well\nERROR all is lost\n"


def test_the_demo_names_every_taken_port_before_it_starts_anything(monkeypatch):
    monkeypatch.setenv("FBADMIN_DEMO", "1")
    with socket.socket() as one, socket.socket() as other:
        ports = []
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
            each.listen()
            ports.append(each.getsockname()[1])
        monkeypatch.setattr("django.conf.settings.META_GRAPH_URL", f"http://127.0.0.1:{ports[1]}")

        with pytest.raises(CommandError, match=rf"Port {ports[0]}.*--port.*Port {ports[1]}.*--sandbox-port"):
            call_command("demo", port=ports[0], sandbox_port=ports[1])


@pytest.mark.slow
def test_the_demo_starts_shows_a_login_that_works_and_stops_with_ctrl_c(tmp_path):
    web, pretend = _free_port(), _free_port()
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env |= {"VAR_DIR": str(tmp_path / "var"), "FBADMIN_ENV_FILE": "", "DEBUG": "1", "HOME": "/nonexistent"}
    command = [sys.executable, "manage.py", "demo", "--port", str(web), "--sandbox-port", str(pretend)]
    demo = subprocess.Popen(
        command, cwd=runner.__file__.rsplit("/", 2)[0], env=env, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said = _until_ready(demo)
        logins = dict(re.findall(r"(\S+@example\.com)\s+(\S+)", said))
        assert set(logins) == {f"{role}@example.com" for role in ("admin", "marketer", "support")}
        for email, password in logins.items():
            assert _signs_in(f"http://127.0.0.1:{web}/sign-in/", email, password)
    finally:
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=30)
        left = _processes_in(tmp_path / "var")
        postgres.remove(tmp_path / "var")

    assert demo.returncode == 0, rest
    assert rest.endswith("Stopped. What was stored is kept.\n")
    assert left == []


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _until_ready(demo, seconds=120):
    said, until = "", time.monotonic() + seconds
    while "Ctrl-C ends everything" not in said:
        line = demo.stdout.readline()
        said += line
        assert line, said
        assert time.monotonic() < until, said
    return said


def _signs_in(url, email, password):
    with requests.Session() as browser:
        browser.get(url, timeout=10).raise_for_status()
        form = {"login": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post(url, form, allow_redirects=False, timeout=10)
        return answer.status_code == 302 and "sessionid" in browser.cookies


def _processes_in(var_dir):
    """Whoever still has this VAR_DIR in its environment."""
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(entry.name):
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"VAR_DIR={var_dir}".encode() in environment:
                left.append(int(entry.name))
    return left
