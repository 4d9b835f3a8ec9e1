"""No command, worker or web server starts without the keys: it ends with the cure."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.vault import start

from .conftest import AWS, ROOT

NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-central-1", **AWS}
KMS = {"TOKEN_KEYS_FROM": "aws-kms:alias/fbadmin"}


def test_with_keys_from_vault_and_none_in_the_environment_a_command_runs(transit, manage):
    environment = {"TOKEN_KEYS": "", "TOKEN_KEYS_FROM": "vault:fbadmin", "VAULT_ADDR": transit.url}

    run = manage("check", **environment, VAULT_TOKEN=transit.token)

    assert run.returncode == 0, run.stderr


def test_a_command_ends_with_the_cure(manage):
    run = manage("check", TOKEN_KEYS_FROM="vault:fbadmin", VAULT_ADDR="http://127.0.0.1:9")

    assert run.returncode == 1
    assert "No token could be sealed or opened. Vault does not answer" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("blocked", "source", "extra"), [("boto3", "aws-kms:alias/x", "aws"), ("hvac", "vault:x", "vault")]
)
def test_a_library_that_is_missing_names_the_extra(
    blocked, source, extra, settings, monkeypatch, new_process
):
    monkeypatch.setitem(sys.modules, blocked, None)  # as if it were not installed
    settings.TOKEN_KEYS_FROM = [source]
    new_process()

    with pytest.raises(ImproperlyConfigured, match=rf"needs {blocked}. Install the extra: .*\.\[{extra}\]"):
        start.insist_on_keys()


def test_without_the_extras_nothing_else_misses_them(manage, tmp_path):
    for name in ("boto3", "hvac"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")

    run = manage("check", PYTHONPATH=str(tmp_path))

    assert run.returncode == 0, run.stderr


def test_an_older_keeper_that_can_not_be_had_stops_the_start_too(settings, new_process):
    settings.TOKEN_KEYS_FROM, settings.VAULT_ADDR = ["env", "vault:old"], ""
    new_process()

    with pytest.raises(ImproperlyConfigured, match="VAULT_ADDR is empty"):
        start.insist_on_keys()


@pytest.mark.parametrize(
    "program",
    [
        ["-m", "celery", "-A", "fbadmin", "worker", "-P", "solo", "-l", "WARNING"],
        ["-m", "gunicorn", "-c", "fbadmin/gunicorn_conf.py", "-b", "127.0.0.1:0", "fbadmin.wsgi"],
    ],
    ids=["worker", "web"],
)
def test_a_worker_and_the_web_server_end_with_the_cure(program):
    run = subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env=os.environ | KMS | NOBODY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 1, run.stderr
    assert "No token could be sealed or opened. The KMS key alias/fbadmin can not be asked" in run.stderr
    assert "Traceback" not in run.stderr
