"""What KMS and Secrets Manager share: a client that gives up soon, and sentences for what AWS answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from .errors import KeysAway, SealBroken

# The sealed text itself is at fault, and no key or permission.
_BROKEN = {"InvalidCiphertextException", "IncorrectKeyException"}

_CURES = {
    "NotFoundException": "It is not there: check its name and AWS_REGION.",
    "ResourceNotFoundException": "It is not there: check its name and AWS_REGION.",
    "AccessDeniedException": "AWS refuses access: give our role or user the permissions that docs/operations.md names.",
    "DisabledException": "The key is disabled: enable it.",
    "KMSInvalidStateException": "The key can not be used in its state: cancel its deletion, or enable it.",
    "UnrecognizedClientException": "AWS does not know these credentials: check AWS_ACCESS_KEY_ID.",
    "InvalidClientTokenId": "AWS does not know these credentials: check AWS_ACCESS_KEY_ID.",
    "InvalidSignatureException": "AWS refuses these credentials: check AWS_SECRET_ACCESS_KEY.",
    "ExpiredTokenException": "The AWS credentials have expired: renew them.",
}


def client(service: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise KeysAway(
            "TOKEN_KEYS_FROM names AWS, which needs boto3. Install the extra: pip install '.[aws]'."
        ) from error
    patience = Config(
        connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2, "mode": "standard"}
    )
    try:
        return boto3.Session().client(service, region_name=settings.AWS_REGION or None, config=patience)
    except (BotoCoreError, ValueError) as error:
        raise KeysAway(
            f"AWS can not be asked for keys: {error} Set AWS_REGION, like eu-central-1."
        ) from error


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns AWS's errors into ours. `what` names the key or the secret that was asked for."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in _BROKEN:
            raise SealBroken(
                f"A value sealed with {what} does not open ({code}): it was changed, or belongs to another row. "
                "Connect again."
            ) from error
        raise KeysAway(f"{what} gives no key ({code}). {_CURES.get(code, 'Try again later.')}") from error
    except NoCredentialsError as error:
        raise KeysAway(
            f"{what} can not be asked: there are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or give this machine a role."
        ) from error
    except BotoCoreError as error:
        raise KeysAway(f"{what} can not be asked: {error}. Check AWS_REGION and the network.") from error
