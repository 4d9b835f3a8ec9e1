"""What stops when a connection ends: the ad accounts that only it reaches, and what other parts do for them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.module_loading import import_string

from . import paths
from .models import AdAccount, Connection


@dataclass(frozen=True)
class Loss:
    """What one part of the product does no more: sentences for all of it, and a note for an ad account each."""

    sentences: list[str] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stakes:
    """`alone`: ad accounts that nobody else reaches. `covered`: those that another connection takes over."""

    alone: list[AdAccount]
    covered: list[AdAccount]
    sentences: list[str]
    notes: dict[int, str]

    @property
    def headline(self) -> str:
        """Of a connection that works: what would stop."""
        if not self.alone:
            return "Nothing stops: every ad account it reaches is reached by another connection too."
        if len(self.alone) == 1:
            return f"Reporting for {self.alone[0]} stops at once: no other connection reaches it."
        return f"Reporting for {len(self.alone)} ad accounts stops at once: no other connection reaches them."


def of(connection: Connection) -> Stakes:
    """Of one that works: what would stop. Of one that does not: what has stopped.

    `settings.STAKES` names functions `(accounts) -> Loss` of the parts that work through connections.
    """
    reached = AdAccount.objects.filter(reach__connection=connection)
    if connection.works:
        reached = reached.filter(reach__lost_at=None, reach__connection=connection)
    accounts = list(reached.in_order().distinct())
    ways = paths.to(accounts)
    covered = {a.pk for a in accounts if any(one.connection_id != connection.pk for one in ways[a.pk].open)}
    alone = [account for account in accounts if account.pk not in covered]
    losses = [part(alone) for part in _parts()] if alone else []
    return Stakes(
        alone,
        [account for account in accounts if account.pk in covered],
        [sentence for loss in losses for sentence in loss.sentences],
        {pk: note for loss in losses for pk, note in loss.notes.items()},
    )


def _parts() -> list[Callable[[list[AdAccount]], Loss]]:
    return [import_string(path) for path in settings.STAKES]
