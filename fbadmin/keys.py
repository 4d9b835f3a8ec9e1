"""The two secrets of an installation: Django's key and the keys that seal tokens.

In production both come from the environment. For local use (`DEBUG`) they are made once and kept under `VAR_DIR`.
"""

import base64
import os
import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from apps.vault import local

_MAKE_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"  # noqa: S105


def secret_key(given: str, *, debug: bool, var_dir: Path) -> str:
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(f"SECRET_KEY is shorter than 32 characters. Make one: {_MAKE_SECRET}")
        return given
    if not debug:
        raise ImproperlyConfigured(f"SECRET_KEY is empty. Make one and set it: {_MAKE_SECRET}")
    return _kept(var_dir / "secret-key", secrets.token_urlsafe(50))


def sources(given: list[str]) -> list[str]:
    """What TOKEN_KEYS_FROM names; the environment where it names nothing."""
    for source in given:
        if not re.fullmatch(r"env|(?:aws-kms|aws-secrets|vault):[A-Za-z0-9:/_+=.@-]{1,2048}", source):
            raise ImproperlyConfigured(
                f"TOKEN_KEYS_FROM has {source!r}, which names no keeper of keys. Write env, aws-kms:<key>, "
                "aws-secrets:<name> or vault:<transit key>."
            )
    return given or ["env"]


def token_keys(given: str, *, wanted: bool, debug: bool, var_dir: Path) -> dict[str, bytes]:
    """Key id to 32 key bytes, newest first. None where all keys are elsewhere (not `wanted`)."""
    if not wanted:
        return {}
    if not given:
        if not debug:
            raise ImproperlyConfigured(
                f"TOKEN_KEYS is empty, so no token could be sealed or opened. Make a key and set it: {local.MAKE_ONE}"
            )
        given = _kept(
            var_dir / "token-keys", "local:" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        )
    try:
        return local.parse(given)
    except local.BadKeys as error:
        raise ImproperlyConfigured(str(error)) from error


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
