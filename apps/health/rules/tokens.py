"""Tokens: dead, about to end, or with less rights than before."""

from collections.abc import Iterator
from datetime import timedelta

from apps.connections import paths
from apps.connections.models import AdAccount, Connection
from apps.connections.scopes import PURPOSES
from apps.health.findings import Asked, Finding, Rule, counted, named, place

READS = {"ads_read", "ads_management"}
DIES = 3  # days before the end from which on it is critical


def dead(asked: Asked) -> Iterator[Finding]:
    """One for the connection, and none for the ad accounts that only it reads."""
    gone = [one for one in _connections() if one.state == Connection.State.REFUSED or _ended(one, asked)]
    alone = _alone(gone)
    for connection in gone:
        accounts = alone[connection.pk]
        asked.explained.accounts.update(account.pk for account in accounts)
        asked.explained.connections.add(str(connection.pk))
        why = (
            connection.state_reason
            if connection.state == Connection.State.REFUSED
            else "Its token has ended."
        )
        yield Finding(
            f"token:{connection.pk}",
            "crit" if accounts else "warn",
            f"The token of {connection} is dead",
            f"{why} {_stops(accounts)}".strip(),
            accounts=[account.pk for account in accounts],
            action="Reconnect",
            url=f"{place('connections:detail', connection.pk)}",
        )


def _connections() -> list[Connection]:
    return list(Connection.objects.exclude(state=Connection.State.DISCONNECTED).order_by("name"))


def _ended(connection: Connection, asked: Asked) -> bool:
    return connection.works and connection.expires_at is not None and connection.expires_at <= asked.now


def _alone(gone: list[Connection]) -> dict[object, list[AdAccount]]:
    """The ad accounts that each of these read and nobody reads now."""
    found: dict[object, list[AdAccount]] = {connection.pk: [] for connection in gone}
    if not gone:
        return found
    accounts = list(AdAccount.objects.filter(reach__connection__in=gone).distinct().in_order())
    ways = paths.to(accounts)
    for account in accounts:
        way = ways[account.pk]
        if not [reach for reach in way.open if reach.connection_id not in found]:
            for reach in [*way.open, *way.closed]:
                if reach.connection_id in found:
                    found[reach.connection_id].append(account)
    return found


def _stops(accounts: list[AdAccount]) -> str:
    if not accounts:
        return "Nothing stops: other connections read its ad accounts."
    return f"Nothing new comes for {counted(len(accounts), 'ad account')}: {named(map(str, accounts))}."


def dying(asked: Asked) -> Iterator[Finding]:
    """About to end, and nothing but a person keeps it alive."""
    for connection in _connections():
        if not connection.works or _ended(connection, asked):
            continue
        ends = [
            end
            for end, renews in (
                (
                    connection.expires_at,
                    connection.renews_itself and connection.state == Connection.State.ACTIVE,
                ),
                (connection.data_access_expires_at, False),
            )
            if end and not renews and end - asked.now <= timedelta(days=asked.threshold)
        ]
        if not ends:
            continue
        end = min(ends)
        days = max((end - asked.now).days, 0)
        who = connection.subject_name or "its owner"
        help_ = (
            f"Only {who} can keep it alive, by logging in at Meta."
            if connection.kind == Connection.Kind.USER
            else "Generate a new token for the system user and connect it."
        )
        why = f" Its last renewal failed: {connection.renewal_error}" if connection.renewal_error else ""
        yield Finding(
            f"expiry:{connection.pk}",
            "crit" if days < DIES else "warn",
            f"{connection} ends in {counted(days, 'day')}" if days else f"{connection} ends today",
            f"On {end:%-d %b %Y, %H:%M} UTC. {help_}{why}",
            action="Open connection",
            url=place("connections:detail", connection.pk),
            due_at=end,
        )


def scopes(asked: Asked) -> Iterator[Finding]:
    """Rights that a token had, or is meant to have."""
    for connection in _connections():
        gone = sorted({*connection.missing_scopes, *connection.lost_scopes} - set(connection.scopes))
        if not connection.works or not gone:
            continue
        blind = not READS & set(connection.scopes)
        reached = list(AdAccount.objects.filter(reach__connection=connection, reach__lost_at=None).in_order())
        if blind:
            asked.explained.accounts.update(account.pk for account in reached)
            asked.explained.connections.add(str(connection.pk))
        without = " ".join(f"{PURPOSES[scope].without}." for scope in gone if scope in PURPOSES)
        yield Finding(
            f"scope:{connection.pk}",
            "crit" if blind else "warn",
            f"{connection} lacks {named(gone)}",
            f"{without} Grant it at Meta, then check the connection.".strip(),
            parts=gone,
            accounts=[account.pk for account in reached] if blind else [],
            action="Open connection",
            url=place("connections:detail", connection.pk),
        )


DEAD = Rule("token", "A token is dead", "Meta refuses it, or its time is over", dead)
DYING = Rule(
    "expiry",
    "A token is about to end",
    "It, or the access to its owner's data, ends within {threshold} days and does not renew itself",
    dying,
    threshold=15,
    least=1,
    most=30,
    unit="days",
    mailed=True,
)
SCOPES = Rule(
    "scope", "A token loses rights", "A scope that it had, or is meant to have, is not granted", scopes
)
