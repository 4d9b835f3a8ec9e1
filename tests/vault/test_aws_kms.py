"""AWS KMS wraps the key of each text. Against moto's server, over HTTP."""

import base64

import pytest
from botocore.exceptions import ClientError

from apps.vault import KeysAway, SealBroken, seal, unseal
from apps.vault import aws as aws_answers
from apps.vault.seals import Sealed

PLACE = "connections_connection|41|token"
ELSEWHERE = "connections_connection|42|token"


@pytest.fixture
def arn(aws, settings):
    arn = aws.key()
    settings.TOKEN_KEYS_FROM = [f"aws-kms:{arn}"]
    return arn


def test_a_text_comes_back_in_another_process(arn, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()

    assert unseal(sealed, PLACE) == "EAAsecret"


def test_each_text_has_a_key_of_its_own_that_only_kms_can_unwrap(arn):
    first, second = Sealed.parse(seal("EAAsecret", PLACE)), Sealed.parse(seal("EAAsecret", PLACE))

    assert (first.version, first.key_id) == ("v2", f"aws-kms:{arn}")
    assert first.wrapped != second.wrapped
    assert b"EAAsecret" not in base64.b64decode(str(first).split(":")[-1])


def test_kms_itself_refuses_the_key_of_a_text_for_another_row(arn, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()

    with pytest.raises(SealBroken, match=r"does not open \(InvalidCiphertextException\)") as caught:
        unseal(sealed, ELSEWHERE)
    assert not isinstance(caught.value, KeysAway)


def test_a_key_in_memory_opens_no_other_row(arn):
    sealed = seal("EAAsecret", PLACE)
    unseal(sealed, PLACE)

    with pytest.raises(SealBroken):
        unseal(sealed, ELSEWHERE)


def test_the_wrapped_key_of_one_text_does_not_open_another(arn):
    one, other = Sealed.parse(seal("one", PLACE)), Sealed.parse(seal("other", PLACE))

    with pytest.raises(SealBroken):
        unseal(str(Sealed("v2", one.key_id, other.wrapped, one.nonce_and_ciphertext)), PLACE)


def test_no_character_of_a_wrapped_key_can_be_changed(arn):
    sealed = Sealed.parse(seal("one", PLACE))
    for position in (0, 40, len(sealed.wrapped) - 1):
        altered = bytearray(sealed.wrapped)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            unseal(str(Sealed("v2", sealed.key_id, bytes(altered), sealed.nonce_and_ciphertext)), PLACE)


@pytest.mark.parametrize("name", ["alias", "id"])
def test_a_key_may_be_named_by_alias_or_id_and_the_text_names_its_arn(name, aws, settings, new_process):
    arn = aws.key()
    aws.kms.create_alias(AliasName=f"alias/of-{name}", TargetKeyId=arn)
    settings.TOKEN_KEYS_FROM = [
        {"alias": "aws-kms:alias/of-alias", "id": f"aws-kms:{arn.split('/')[-1]}"}[name]
    ]
    sealed = seal("EAAsecret", PLACE)
    new_process()

    assert unseal(sealed, PLACE) == "EAAsecret"
    assert Sealed.parse(sealed).key_id == f"aws-kms:{arn}"


def test_from_the_environment_to_kms_and_on_to_another_key(aws, settings):
    before = seal("in the environment", PLACE)
    first, second = f"aws-kms:{aws.key()}", f"aws-kms:{aws.key()}"
    settings.TOKEN_KEYS_FROM = [first, "env"]
    between = seal("with the first", PLACE)
    settings.TOKEN_KEYS_FROM = [second, first, "env"]

    assert unseal(before, PLACE) == "in the environment"
    assert unseal(between, PLACE) == "with the first"
    assert Sealed.parse(seal("new", PLACE)).key_id == second


def test_a_keeper_that_is_not_named_any_more_is_named_in_the_message(arn, settings):
    sealed = seal("EAAsecret", PLACE)
    settings.TOKEN_KEYS_FROM = ["env"]
    with pytest.raises(SealBroken, match="is not in TOKEN_KEYS"):
        unseal(sealed, PLACE)
    settings.TOKEN_KEYS_FROM, settings.VAULT_ADDR = ["vault:other", "env"], "http://127.0.0.1:9"

    with pytest.raises(SealBroken, match=rf"{arn}.*with none of TOKEN_KEYS_FROM \(vault:other, env\)"):
        unseal(sealed, PLACE)


def test_opening_again_soon_asks_kms_no_more_and_a_new_process_does(arn, aws, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()
    unseal(sealed, PLACE)
    aws.lose_everything()

    assert unseal(sealed, PLACE) == "EAAsecret"
    new_process()
    with pytest.raises(SealBroken):
        unseal(sealed, PLACE)


@pytest.mark.parametrize(
    ("code", "cure"),
    [("DisabledException", "enable it"), ("KMSInvalidStateException", "cancel its deletion"),
     ("AccessDeniedException", "permissions"), ("ThrottlingException", "Try again later")],
)  # fmt: skip
def test_what_moto_does_not_play_says_what_to_do(code, cure):
    with (
        pytest.raises(KeysAway, match=rf"gives no key \({code}\).*{cure}"),
        aws_answers.told("The KMS key x"),
    ):
        raise ClientError({"Error": {"Code": code}}, "Decrypt")


def test_a_key_that_is_not_there(aws, settings):
    settings.TOKEN_KEYS_FROM = ["aws-kms:alias/nobody"]

    with pytest.raises(KeysAway, match=r"alias/nobody gives no key \(NotFoundException\).*AWS_REGION"):
        seal("EAAsecret", PLACE)


def test_aws_away_says_so_and_nothing_of_the_text(arn, settings, monkeypatch, new_process):
    sealed = seal("EAAsecret", PLACE)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    new_process()

    for attempt in (lambda: unseal(sealed, PLACE), lambda: seal("EAAsecret", PLACE)):
        with pytest.raises(KeysAway, match=r"can not be asked.*Check AWS_REGION and the network") as caught:
            attempt()
        assert "EAAsecret" not in str(caught.value)


def test_no_credentials_have_their_cure(arn, monkeypatch, new_process):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    new_process()

    with pytest.raises(KeysAway, match="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        seal("EAAsecret", PLACE)


def test_no_region_has_its_cure(aws, settings, new_process):
    settings.TOKEN_KEYS_FROM, settings.AWS_REGION = ["aws-kms:alias/fbadmin"], ""
    new_process()

    with pytest.raises(KeysAway, match="Set AWS_REGION"):
        seal("EAAsecret", PLACE)
