"""What each permission is for, and what goes missing without it."""

from dataclasses import dataclass

from apps.ui.pulse import Kind

from .models import Connection


@dataclass(frozen=True)
class Purpose:
    needed_for: str
    without: str


PURPOSES = {
    "ads_read": Purpose("Reporting", "Nothing can be read: no campaigns, no numbers"),
    "ads_management": Purpose(
        "Changing campaigns, webhooks of ad accounts", "Campaigns can be read, not changed"
    ),
    "business_management": Purpose(
        "Listing the business's assets, system users", "Ad accounts are found, their business is not"
    ),
}
_IN_EVERY_TOKEN = {"public_profile", "email"}


@dataclass(frozen=True)
class ScopeRow:
    scope: str
    needed_for: str
    kind: Kind
    word: str
    consequence: str


def rows(connection: Connection) -> list[ScopeRow]:
    """Those that we know first, then whatever else it has."""
    known = [scope for scope in PURPOSES if scope in _all(connection)]
    return [_row(connection, scope) for scope in [*known, *sorted(_all(connection) - set(known))]]


def _all(connection: Connection) -> set[str]:
    return {*connection.scopes, *connection.wanted_scopes, *connection.lost_scopes, "ads_read"}


def _row(connection: Connection, scope: str) -> ScopeRow:
    purpose = PURPOSES.get(scope)
    if purpose is None:
        needed = "Always included" if scope in _IN_EVERY_TOKEN else "Nothing that we do"
        if scope in connection.scopes:
            return ScopeRow(scope, needed, "none", "Not used", "None")
        if scope in connection.wanted_scopes:
            return ScopeRow(
                scope, "Asked for when it was connected", "warn", "Missing", "What it was asked for"
            )
        return ScopeRow(scope, needed, "none", "Taken back", "None")
    if scope in connection.scopes:
        return ScopeRow(scope, purpose.needed_for, "ok", "Granted", "None")
    word = "Taken back" if scope in connection.lost_scopes else "Missing"
    return ScopeRow(scope, purpose.needed_for, "warn", word, purpose.without)
