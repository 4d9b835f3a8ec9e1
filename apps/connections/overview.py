"""The list of connections: most urgent first, each with its state in words, its life, and the one thing to do."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from apps.ui.pulse import Kind

from . import paths, scopes
from .models import SOON, AdAccount, Connection, ConnectionCheck, Reach
from .paths import Paths

State = Connection.State
_NAMED = 2


@dataclass(frozen=True)
class Life:
    """How much of a token's life is over, in percent, and what that means."""

    words: str
    used: int | None = None
    kind: Kind = "ok"
    whole: str = ""


@dataclass
class Row:
    """A connection as the list shows it. `alone`: ad accounts that it reaches, or reached, and nobody else does."""

    connection: Connection
    reached: list[AdAccount] = field(default_factory=list)
    alone: int = 0
    last: ConnectionCheck | None = None

    @property
    def state(self) -> tuple[Kind, str]:
        connection = self.connection
        if connection.state == State.DISCONNECTED:
            return "none", "Disconnected"
        if connection.state == State.REFUSED:
            return "crit", "Refused"
        if connection.left == "expired":
            return "crit", "Expired"
        if connection.state == State.NEEDS_OWNER:
            return "warn", "Needs its owner"
        if connection.left:
            return "warn", "Expires soon"
        if connection.renewal_error:
            return "warn", "Not renewed"
        return "ok", "Valid"

    @property
    def why(self) -> str:
        return self.connection.state_reason or self.connection.renewal_error

    @property
    def unchecked(self) -> ConnectionCheck | None:
        """The last look, when it could not be made."""
        last = self.last
        return last if last and last.outcome == ConnectionCheck.Outcome.UNCHECKED else None

    @property
    def life(self) -> Life:
        return life(self.connection)

    @property
    def names(self) -> str:
        """A few of the ad accounts that it reaches."""
        rest = len(self.reached) - _NAMED
        named = ", ".join(str(account) for account in self.reached[:_NAMED])
        return f"{named} and {rest} more" if rest > 0 else named

    @property
    def action(self) -> str:
        """`ask` its owner, `reconnect`, or `check`; nothing for what is ended."""
        if self.connection.state == State.DISCONNECTED:
            return "reconnect"
        if self.connection.state == State.NEEDS_OWNER:
            return "ask"
        return "reconnect" if self.state[0] == "crit" else "check"

    @property
    def missing(self) -> list[str]:
        """What it is meant for and may not do, each with why."""
        connection = self.connection
        return [f"{one} {scopes.gone(connection, one).lower()}" for one in connection.missing_scopes]

    @property
    def urgency(self) -> tuple[int, int, str]:
        """Smaller is more urgent."""
        kind, _ = self.state
        days = self.connection.days_left
        left = 10_000 if days is None else days
        rank = {"crit": 0 if self.alone else 2, "warn": 1, "ok": 4, "none": 5}[kind]
        if kind == "ok" and (self.connection.missing_scopes or self.connection.lost_scopes):
            rank = 3
        return rank, left, self.connection.name.casefold()


def life(connection: Connection) -> Life:
    if connection.state == State.DISCONNECTED:
        return Life("Deleted")
    end = min(filter(None, (connection.expires_at, connection.data_access_expires_at)), default=None)
    if end is None:
        return Life("Never expires" if connection.never_expires else "Unknown")
    now = timezone.now()
    if connection.state == State.REFUSED or end <= now:
        return Life(f"Ended {min(end, connection.checked_at or end):%-d %b %Y}")
    begun = connection.issued_at or connection.created_at
    whole = max((end - begun).days, 1)
    used = round(100 * (1 - min(1.0, (end - now) / (end - begun)))) if end > begun else 0
    days = (end - now).days
    words = connection.left or f"{days} days left"
    kind: Kind = "crit" if days < 1 else "warn" if days <= SOON else "ok"
    return Life(words, used, kind, f"of {whole}")


def rows(search: str = "") -> list[Row]:
    """Every connection, or those that a search finds by name, ad account or id. The number of queries is fixed."""
    found = {connection.pk: Row(connection) for connection in _found(search)}
    now_open: dict[int, set[object]] = defaultdict(set)
    was_there: dict[object, set[int]] = defaultdict(set)
    for reach in Reach.objects.select_related("connection", "account").order_by("account__name"):
        pk = reach.connection_id
        was_there[pk].add(reach.account_id)
        if reach.lost_at is None and reach.connection.works:
            now_open[reach.account_id].add(pk)
        if reach.lost_at is None and pk in found:
            found[pk].reached.append(reach.account)
    for pk, row in found.items():
        row.alone = sum(not now_open[account] - {pk} for account in was_there[pk])
    latest = ConnectionCheck.objects.filter(connection__in=found).order_by("connection", "-at", "-pk")
    for check in latest.distinct("connection"):
        found[check.connection_id].last = check
    return sorted(found.values(), key=lambda row: row.urgency)


def row_of(connection: Connection) -> Row:
    """One connection as the list shows it."""
    return next(row for row in rows() if row.connection.pk == connection.pk)


def _found(search: str) -> Iterable[Connection]:
    everyone = Connection.objects.all()
    words = search.strip()
    if not words:
        return everyone
    by_account = Reach.objects.filter(
        Q(account__name__icontains=words) | Q(account__meta_id=words.removeprefix("act_"))
    )
    return everyone.filter(
        Q(name__icontains=words)
        | Q(subject_name__icontains=words)
        | Q(subject_id=words)
        | Q(pk__in=by_account.values("connection"))
    )


def verdict(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Pieces of a sentence, each with its state."""
    alive = [row for row in rows if row.connection.state != State.DISCONNECTED]
    if not alive:
        return [("", "No token is connected, so nothing can be fetched.")]
    pieces = [piece for row in alive for piece in _about(row)]
    well = sum(row.state[0] == "ok" for row in alive)
    if well:
        which = "The other" if pieces else "All" if well > 1 else "The"
        number = f" {well}" if well > 1 else ""
        pieces.append(("", f"{which}{number} connection{'s work' if well > 1 else ' works'}."))
    return pieces


def _about(row: Row) -> list[tuple[str, str]]:
    connection, (kind, word) = row.connection, row.state
    if kind == "ok":
        return []
    if word == "Refused":
        sentence = [("crit", f"{connection} is refused by Meta.")]
        return sentence if row.alone else [*sentence, ("", "Nothing depends on it.")]
    if word == "Needs its owner":
        who = connection.subject_name or "its owner"
        left = (
            f"{connection} has {connection.left}."
            if connection.left
            else f"{connection} is not extended by Meta."
        )
        return [("warn", left), ("", f"Only {who} can renew it.")]
    if word == "Not renewed":
        return [("warn", f"{connection} could not be renewed; it is tried again every day.")]
    return [(kind, f"{connection} has {connection.left}.")]


@dataclass(frozen=True)
class Coverage:
    """Who reaches one ad account, and for what."""

    account: AdAccount
    ways: Paths
    writer: Connection | None

    @property
    def is_gap(self) -> bool:
        return self.ways.reader is None


def coverage(accounts: Iterable[AdAccount]) -> list[Coverage]:
    """Ad accounts that nobody reads come first."""
    accounts = list(accounts)
    ways = paths.to(accounts)
    covered = [Coverage(account, ways[account.pk], _writer(ways[account.pk])) for account in accounts]
    return sorted(covered, key=lambda one: (not one.is_gap, not one.ways.sentence))


def _writer(ways: Paths) -> Connection | None:
    """The first that may change ads: by its scope and, where Meta names them, by its tasks in the ad account."""
    for reach in ways.open:
        may = not reach.tasks or {"ADVERTISE", "MANAGE"} & set(reach.tasks)
        if "ads_management" in reach.connection.scopes and may:
            return reach.connection
    return None
