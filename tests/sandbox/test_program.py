"""`python -m apps.sandbox`."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from apps.sandbox import PortTaken, Sandbox

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def program():
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "apps.sandbox", *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(program, how):
    process = program("--port", "0", "--seed", "3", "--quiet")
    line = process.stdout.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
    session = requests.Session()
    assert session.get(f"{url}/_sandbox/state", timeout=5).json()["seed"] == 3

    started = time.monotonic()
    process.send_signal(how)

    assert process.wait(timeout=5) == 0
    assert time.monotonic() - started < 2
    assert process.stderr.read() == ""


def test_its_request_lines_hold_no_parameters(program):
    process = program("--port", "0")
    url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()
    requests.get(f"{url}/v26.0/me?access_token=EAAsecret&appsecret_proof=abc", timeout=5)
    process.terminate()

    output = process.communicate(timeout=5)[0]
    assert re.search(r"^GET /v26\.0/me 401 \d+ ms$", output, re.MULTILINE)
    assert "secret" not in output


def test_a_taken_port_ends_it_with_one_sentence(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = program("--port", port)
        _, errors = process.communicate(timeout=10)

    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is taken" in errors


def test_a_taken_port_is_an_error_of_its_own_in_process(running):
    port = int(running.url.rsplit(":", 1)[1])

    with pytest.raises(PortTaken):
        Sandbox(port=port)


def test_a_stopped_sandbox_hangs_up_on_kept_connections():
    session = requests.Session()
    with Sandbox() as sandbox:
        url = f"{sandbox.url}/v26.0/me"
        assert session.get(url, timeout=5).status_code == 400

    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=5)


def test_another_app_and_secret_can_be_given():
    with Sandbox(app_id="111", app_secret="s3cret") as sandbox:
        asked = {"input_token": sandbox.token(), "access_token": sandbox.app_token}
        told = requests.get(f"{sandbox.url}/v26.0/debug_token", params=asked, timeout=5).json()

    assert sandbox.app_token == "111|s3cret"
    assert told["data"]["app_id"] == "111"
