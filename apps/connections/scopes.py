"""What each permission is for, what its owner and Meta said to it, and what goes missing without it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.graphapi import permissions
from apps.ui.pulse import Kind

from .models import Connection


@dataclass(frozen=True)
class Purpose:
    """`in_words`: what is allowed, as the person reads it who is asked."""

    needed_for: str
    without: str
    in_words: str


PURPOSES = {
    "ads_read": Purpose(
        "Reporting",
        "Nothing can be read: no campaigns, no numbers",
        "Read your ad accounts, their campaigns and their numbers",
    ),
    "ads_management": Purpose(
        "Changing campaigns, webhooks of ad accounts",
        "Campaigns can be read, not changed",
        "Change campaigns: pause, resume, rename, set budgets",
    ),
    "business_management": Purpose(
        "Listing the business's assets, system users",
        "Ad accounts are found, their business is not",
        "List the businesses that the ad accounts belong to",
    ),
}
_IN_EVERY_TOKEN = {"public_profile", "email"}


@dataclass(frozen=True)
class Asked:
    """A permission in words, for who is asked for it."""

    scope: str
    words: str


def asked(wanted: Iterable[str]) -> list[Asked]:
    return [
        Asked(scope, PURPOSES[scope].in_words if scope in PURPOSES else "Asked for before")
        for scope in wanted
    ]


@dataclass(frozen=True)
class ScopeRow:
    """`wanted`: asked for when it was connected. `level`: how far the app may use it; empty where nobody knows."""

    scope: str
    needed_for: str
    wanted: bool
    kind: Kind
    word: str
    level: str
    consequence: str


def rows(connection: Connection, levels: Mapping[str, str]) -> list[ScopeRow]:
    """Those that we know first, then whatever else it has. `levels`: Meta's access level by permission."""
    return [_row(connection, scope, levels) for scope in in_order(_all(connection))]


def in_order(named: Iterable[str]) -> list[str]:
    """Those that we know first, by weight; then the others by name."""
    every = set(named)
    return [*(scope for scope in PURPOSES if scope in every), *sorted(every - set(PURPOSES))]


def compared(wanted: Iterable[str], granted: Iterable[str], told: Mapping[str, str]) -> list[ScopeRow]:
    """Of a token that is not stored yet: what was asked for against what was given. `told`: its owner's own word."""
    return rows(Connection(wanted_scopes=list(wanted), scopes=list(granted), permissions=dict(told)), {})


def _all(connection: Connection) -> set[str]:
    told = (connection.scopes, connection.wanted_scopes, connection.lost_scopes, connection.permissions)
    return {"ads_read"}.union(*told)


def _row(connection: Connection, scope: str, levels: Mapping[str, str]) -> ScopeRow:
    purpose, wanted = PURPOSES.get(scope), scope in connection.wanted_scopes
    matters = purpose is not None or wanted
    needed, without = (
        (purpose.needed_for, purpose.without) if purpose else (_other_use(scope, wanted), "None")
    )
    if scope in connection.scopes:
        kind: Kind = "ok" if matters else "none"
        word, without = ("Granted" if matters else "Not used"), "None"
    else:
        kind, word = ("warn" if matters else "none"), gone(connection, scope)
        without = "What it was asked for" if wanted and purpose is None else without
    return ScopeRow(scope, needed, wanted, kind, word, _level(levels, scope), without)


def _other_use(scope: str, wanted: bool) -> str:
    if wanted:
        return "Asked for when it was connected"
    return "Always included" if scope in _IN_EVERY_TOKEN else "Nothing that we do"


def gone(connection: Connection, scope: str) -> str:
    """Why it is not there. Its owner's own word goes before what we noticed."""
    told = connection.permissions.get(scope)
    if told == permissions.DECLINED:
        return "Declined"
    if told == permissions.EXPIRED:
        return "Expired"
    return "Taken back" if scope in connection.lost_scopes else "Missing"


def _level(levels: Mapping[str, str], scope: str) -> str:
    """Meta lists what the app has asked for; whatever it does not list, the app has as everybody has it."""
    if not levels:
        return ""
    return "Advanced" if levels.get(scope) in permissions.ADVANCED else "Standard"
