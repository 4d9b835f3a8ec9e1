"""Keys in the form of TOKEN_KEYS from AWS Secrets Manager. Against moto's server, over HTTP."""

import base64
import os
import secrets

import pytest

from apps.vault import KeysAway, SealBroken, seal, unseal
from apps.vault.aws_secrets import SecretKeys

PLACE = "connections_connection|41|token"


def made(key_id):
    return f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def keep(aws, settings):
    """Puts a list of keys into the secret; the first time makes it."""
    name = f"fbadmin/{secrets.token_hex(4)}"
    settings.TOKEN_KEYS_FROM = [f"aws-secrets:{name}"]
    settings.TOKEN_KEYS = {}

    def put(*keys):
        try:
            aws.secrets.put_secret_value(SecretId=name, SecretString=",".join(keys))
        except aws.secrets.exceptions.ResourceNotFoundException:
            aws.secrets.create_secret(Name=name, SecretString=",".join(keys))
        return name

    return put


def test_the_first_key_seals_and_all_open(keep, new_process):
    old = made("k1")
    keep(old)
    before = seal("before", PLACE)
    keep(made("k2"), old)
    new_process()

    assert before.startswith("v1:k1:")
    assert unseal(before, PLACE) == "before"
    assert seal("after", PLACE).startswith("v1:k2:")


def test_it_is_read_once(keep, aws):
    name = keep(made("k1"))
    sealed = seal("EAAsecret", PLACE)
    aws.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    assert unseal(sealed, PLACE) == "EAAsecret"


def test_a_key_that_came_later_is_found_without_a_restart_and_not_asked_for_all_the_time(keep):
    now = 1000.0
    old, new = made("k1"), made("k2")
    ring = SecretKeys(keep(old), clock=lambda: now)
    assert not ring.holds("k2")
    keep(new, old)

    assert not ring.holds("k2")
    now += 61
    assert ring.holds("k2")
    assert ring.newest_id() == "k2"


@pytest.mark.parametrize("content", ["nonsense", "", "k1:AAAA"])
def test_a_list_that_can_not_be_read_is_named_and_not_shown(content, keep):
    name = keep(content or " ")

    with pytest.raises(KeysAway, match=rf"The AWS secret {name}, entry 1 is not id:base64") as caught:
        seal("EAAsecret", PLACE)
    assert "AAAA" not in str(caught.value)


def test_a_secret_that_is_not_there(aws, settings):
    settings.TOKEN_KEYS_FROM = ["aws-secrets:nobody"]

    with pytest.raises(KeysAway, match=r"The AWS secret nobody gives no key \(ResourceNotFoundException\)"):
        seal("EAAsecret", PLACE)


def test_a_key_that_left_the_list_is_named(keep, new_process):
    keep(made("k1"))
    sealed = seal("EAAsecret", PLACE)
    keep(made("k2"))
    new_process()

    with pytest.raises(SealBroken, match="The key 'k1' is with none of TOKEN_KEYS_FROM"):
        unseal(sealed, PLACE)
