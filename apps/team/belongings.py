"""What hangs on a person in apps above this one: ad accounts granted, connections owned, names.

`settings.BELONGINGS` names the module that knows, because team may not import it.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings

from .models import User


class Belongings(Protocol):
    def accounts_of(self, people: Iterable[User]) -> dict[int, list[str]]:
        """The names of the ad accounts granted, by person."""

    def owned_by(self, person: User) -> list[str]:
        """What needs another owner when this person goes, in words."""

    def named(self, things: Iterable[str]) -> dict[str, str]:
        """Names of things that the audit trail holds by a reference only."""

    def references(self, words: str) -> list[str]:
        """References of things that are called like this."""

    def hand_over(self, person: User, to: User) -> None:
        """Make `to` the owner of all of it."""


def known() -> Belongings:
    return cast(Belongings, import_module(settings.BELONGINGS))
