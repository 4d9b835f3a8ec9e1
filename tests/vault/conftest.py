import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from .transit import Transit

ROOT = Path(__file__).resolve().parents[2]
AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Aws:
    """moto's server, spoken to as an operator would."""

    def __init__(self, url):
        import boto3

        self.url = url
        given = {"endpoint_url": url, "region_name": "eu-central-1"}
        self.kms = boto3.client("kms", **given)
        self.secrets = boto3.client("secretsmanager", **given)

    def key(self):
        return self.kms.create_key()["KeyMetadata"]["Arn"]

    def lose_everything(self):
        requests.post(f"{self.url}/moto-api/reset", timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def moto():
    """AWS as moto plays it, on a port of its own. It logs no requests."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto, monkeypatch, settings):
    """KMS and Secrets Manager, and an environment that points every AWS client at them."""
    for name, value in (AWS | {"AWS_ENDPOINT_URL": moto}).items():
        monkeypatch.setenv(name, value)
    settings.AWS_REGION = "eu-central-1"
    forget()
    yield Aws(moto)
    forget()


@pytest.fixture
def transit(settings):
    """A Vault with a transit engine and a key `fbadmin`, and settings that point at it."""
    with Transit() as vault:
        settings.VAULT_ADDR, settings.VAULT_TOKEN = vault.url, vault.token
        settings.TOKEN_KEYS_FROM = ["vault:fbadmin"]
        forget()
        yield vault
    forget()


def forget():
    """As a new process begins: no client made, no key in memory."""
    from apps.vault import rings

    rings._service.cache_clear()


@pytest.fixture
def new_process():
    return forget


@pytest.fixture
def manage():
    """`manage.py` in an environment of its own, to its end."""

    def run(*words, **environment):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
