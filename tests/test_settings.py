"""The environment: documented, and refused with a cure where it is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READ = re.compile(r"env\.(?:text|boolean|number|items|address|pattern)\(\s*\"([A-Z_]+)\"")


def names_read() -> set[str]:
    return set(READ.findall((ROOT / "fbadmin/settings.py").read_text()))


def names_documented() -> set[str]:
    return set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` in an environment of its own."""
    base = {
        "PATH": os.environ["PATH"],
        "FBADMIN_ENV_FILE": "",
        "SECRET_KEY": "x" * 40,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    key = "k1:" + "A" * 43 + "="
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={k: v for k, v in (base | {"TOKEN_KEYS": key} | environment).items() if v is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_name_that_is_read_is_documented_and_the_other_way_round():
    assert names_read() == names_documented()
    assert "TOKEN_KEYS" in names_read()


def test_a_complete_environment_starts(tmp_path):
    assert start(VAR_DIR=str(tmp_path)).returncode == 0


@pytest.mark.parametrize(
    ("environment", "cure"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is empty"),
        ({"SECRET_KEY": "short"}, "shorter than 32"),
        ({"TOKEN_KEYS": ""}, "TOKEN_KEYS is empty"),
        ({"TOKEN_KEYS": "k1:AAAA"}, "TOKEN_KEYS, entry 1"),
        ({"TOKEN_KEYS": "nonsense"}, "TOKEN_KEYS, entry 1"),
        ({"TOKEN_KEYS_FROM": "safe:x"}, "names no keeper of keys"),
        ({"DATABASE_URL": "mysql://root@localhost/x"}, "PostgreSQL"),
        ({"DATABASE_URL": "what?"}, "DATABASE_URL"),
        ({"REDIS_URL": "localhost:6379"}, "redis://localhost"),
        ({"META_GRAPH_URL": "graph.facebook.com"}, "META_GRAPH_URL"),
        ({"META_GRAPH_URL": "http://[::1"}, "META_GRAPH_URL"),
        ({"META_API_VERSION": "26"}, "v26.0"),
        ({"META_CLOCK_SPEED": "0"}, "META_CLOCK_SPEED"),
        ({"META_CLOCK_SPEED": "fast"}, "META_CLOCK_SPEED"),
        ({"META_APP_ID": "my-app"}, "META_APP_ID"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"CSRF_TRUSTED_ORIGINS": "ads.example.com"}, "https://ads.example.com"),
        ({"SITE_URL": "ads.example.com"}, "SITE_URL"),
    ],
)
def test_a_bad_value_stops_the_start_with_its_cure(environment, cure, tmp_path):
    run = start(VAR_DIR=str(tmp_path), **environment)

    assert run.returncode == 1
    assert cure in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_wrong_key_is_not_printed(tmp_path):
    secret = "k1:c2VjcmV0LXNlY3JldC1zZWNyZXQ="

    assert "c2VjcmV0" not in start(VAR_DIR=str(tmp_path), TOKEN_KEYS=secret).stderr


def test_keys_made_for_local_use_are_kept_and_private(tmp_path):
    start(VAR_DIR=str(tmp_path), DEBUG="1", TOKEN_KEYS="", SECRET_KEY="")
    first = (tmp_path / "token-keys").read_text()
    start(VAR_DIR=str(tmp_path), DEBUG="1", TOKEN_KEYS="", SECRET_KEY="")

    assert (tmp_path / "token-keys").read_text() == first
    assert (tmp_path / "token-keys").stat().st_mode & 0o077 == 0
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


def test_a_file_with_settings_is_read_and_the_environment_wins(tmp_path):
    file = tmp_path / "env"
    file.write_text('# a comment\n\nexport META_API_VERSION="26"\nSITE_URL=http://one.example\n')

    assert "META_API_VERSION" in start(VAR_DIR=str(tmp_path), FBADMIN_ENV_FILE=str(file)).stderr
    fine = start(VAR_DIR=str(tmp_path), FBADMIN_ENV_FILE=str(file), META_API_VERSION="v26.0")
    assert fine.returncode == 0, fine.stderr


def test_a_broken_line_in_that_file_is_named(tmp_path):
    file = tmp_path / "env"
    file.write_text("DEBUG=1\nthis is not a setting\n")

    assert "line 2" in start(VAR_DIR=str(tmp_path), FBADMIN_ENV_FILE=str(file)).stderr
