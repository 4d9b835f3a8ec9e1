"""No start without keys: a token that can not be sealed can not be kept.

Commands make the system check, workers ask when they begin, the web server before it forks: a web worker that is
replaced while the keeper of keys is away must not end the server.
"""

import secrets
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from . import rings
from .errors import SealBroken
from .seals import seal, unseal

_PLACE = "vault|start|probe"


def insist_on_keys() -> None:
    """Seal something and open it again. Raises ImproperlyConfigured with the cure; gives up after seconds."""
    probe = secrets.token_urlsafe(8)
    try:
        for ring in rings.rings():
            ring.check()
        opened = unseal(seal(probe, _PLACE), _PLACE)
    except SealBroken as error:
        raise ImproperlyConfigured(f"No token could be sealed or opened. {error}") from error
    if opened != probe:
        raise ImproperlyConfigured(
            "No token could be sealed or opened: what was sealed opens as something else."
        )


def keys_open(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """The same as a system check, which every command makes before it begins."""
    try:
        insist_on_keys()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="vault.E001")]
    return []
