"""The two secrets of an installation: Django's key and the keys that seal tokens.

In production both come from the environment. For local use (`DEBUG`) they are made once and kept under `VAR_DIR`.
"""

import base64
import binascii
import os
import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_MAKE_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"  # noqa: S105
_MAKE_TOKEN_KEY = "python -c 'import base64, os; print(\"k1:\" + base64.b64encode(os.urandom(32)).decode())'"  # noqa: S105


def secret_key(given: str, *, debug: bool, var_dir: Path) -> str:
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(f"SECRET_KEY is shorter than 32 characters. Make one: {_MAKE_SECRET}")
        return given
    if not debug:
        raise ImproperlyConfigured(f"SECRET_KEY is empty. Make one and set it: {_MAKE_SECRET}")
    return _kept(var_dir / "secret-key", secrets.token_urlsafe(50))


def token_keys(given: str, *, debug: bool, var_dir: Path) -> dict[str, bytes]:
    """Key id to 32 key bytes, newest first."""
    if not given:
        if not debug:
            raise ImproperlyConfigured(
                f"TOKEN_KEYS is empty, so no token could be sealed or opened. Make a key and set it: {_MAKE_TOKEN_KEY}"
            )
        given = _kept(
            var_dir / "token-keys", "local:" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        )
    keys: dict[str, bytes] = {}
    for position, part in enumerate(given.split(","), start=1):
        name, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name) or len(key) != 32 or name in keys:
            # The value itself is a secret and stays out of the sentence.
            raise ImproperlyConfigured(
                f"TOKEN_KEYS, entry {position} is not id:base64 of 32 bytes with an id of its own. "
                f"Make one: {_MAKE_TOKEN_KEY}"
            )
        keys[name] = key
    return keys


def _kept(path: Path, fresh: str) -> str:
    """The value in this file, which is made with `fresh` when there is none. Two starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(fresh)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # made by an earlier start, or a moment ago by another one
    finally:
        draft.unlink()
    return path.read_text().strip()
