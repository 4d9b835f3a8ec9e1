"""The gap ledger: whether the numbers of an ad account are there, per level, breakdown and day.

Only facts are stored. That a day is young enough to be restated follows from its age, that one was never fetched from
the absence of a row. Stored numbers never become "missing": what hinders a later fetch is written beside them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.graphapi import GraphError
from apps.graphapi.limits import INSIGHTS_RESTATEMENT_DAYS
from apps.ui import formats

from .periods import Period
from .reports import Gap
from .sets import NumberSet
from .store import Window

COMPLETE, RESTATING, PENDING = "complete", "restating", "pending"
PARTIAL, STALE, MISSING, WAITING = "partial", "stale", "missing", "waiting"
# Nothing to do about: there, or fetched by itself when its time comes.
FINE = {COMPLETE, RESTATING, PENDING}

# A day whose numbers were last fetched at this age counts as settled: one failed night does not matter.
_SETTLED_AT = INSIGHTS_RESTATEMENT_DAYS - 3
NEVER = "Never fetched. The nightly run brings the last 28 days, a backfill those before."


# --- writing: inside the transaction that stores the rows, or that says why there are none -------


def complete(account: AdAccount, window: Window, *, at: datetime | None = None) -> None:
    """Everything Meta has of these days is stored. What was fetched together has the same `at`."""
    _write(_COMPLETE, account, window, now=at or timezone.now())


def partial(
    account: AdAccount, window: Window, reason: str, *, code: int | None = None, subcode: int | None = None
) -> None:
    """The rows are stored, but for a field or an object that `reason` names."""
    _write(_PARTIAL, account, window, reason=reason, code=code, subcode=subcode)


def hindered(
    account: AdAccount, windows: Iterable[Window], error: Exception, *, until: datetime | None = None
) -> None:
    """These days could not be fetched now, for this reason; with `until`, they are tried again then."""
    code, subcode = (error.code, error.subcode) if isinstance(error, GraphError) else (None, None)
    for window in windows:
        _write(_HINDERED, account, window, reason=str(error), code=code, subcode=subcode, until=until)


def reported(account: AdAccount, window: Window, lacks: Sequence[Gap]) -> None:
    """What reports brought is stored; each day says what did not come. A day of which nothing came stays as it was."""
    days = Period(window.since, window.until)
    for here, stretch in groupby(
        days, key=lambda day: [one for one in lacks if one.since <= day <= one.until]
    ):
        span = list(stretch)
        part = Window(window.level, span[0], span[-1], window.breakdown)
        if not here:
            complete(account, part)
            continue
        nothing = [one for one in here if one.is_everything]
        first, reason = (nothing or here)[0], " ".join(dict.fromkeys(one.reason for one in nothing or here))
        statement = _HINDERED if nothing else _PARTIAL
        _write(statement, account, part, reason=reason, code=first.code, subcode=first.subcode)


def _write(statement: str, account: AdAccount, window: Window, **facts: Any) -> None:
    """Days that have not begun are left out: nobody can know them."""
    last = min(window.until, account.today())
    values: dict[str, Any] = {
        "account": account.pk, "level": window.level, "breakdown": window.breakdown,
        "since": window.since, "last": last, "now": timezone.now(),
        "reason": "", "code": None, "subcode": None, "until": None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, values | facts)


_INSERT = """
    INSERT INTO reporting_coverage AS stored
      (account_id, level, breakdown, day, state, reason, error_code, error_subcode, not_before, note, fetched_at,
       windows)
    SELECT %(account)s, %(level)s, %(breakdown)s, day::date, '{state}', %(reason)s, %(code)s, %(subcode)s, %(until)s,
      '', {fetched}, {windows} FROM generate_series(%(since)s::date, %(last)s::date, interval '1 day') AS day
    ON CONFLICT (account_id, level, breakdown, day) DO UPDATE SET
      error_code = excluded.error_code, error_subcode = excluded.error_subcode, not_before = excluded.not_before,
"""
_STORED = """state = excluded.state, reason = excluded.reason, note = '', fetched_at = excluded.fetched_at,
  windows = excluded.windows"""
_COMPLETE = _INSERT.format(state="complete", fetched="%(now)s", windows="true") + _STORED
_PARTIAL = _INSERT.format(state="partial", fetched="%(now)s", windows="true") + _STORED
# What a partial day lacks stays written: the numbers that are stored are still those.
_HINDERED = (
    _INSERT.format(state="missing", fetched="NULL::timestamptz", windows="false")
    + "reason = CASE WHEN stored.state = 'partial' THEN stored.reason ELSE excluded.reason END"
)


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """Days in a row of one set that are in the same state for the same reason."""

    account: AdAccount
    set: NumberSet
    since: date
    until: date
    state: str
    reason: str = ""
    code: int | None = None
    subcode: int | None = None
    waiting_until: datetime | None = None
    fetched_at: datetime | None = None
    # Whether attribution windows were asked for with the numbers that are stored, if any are.
    windows: bool = True

    @property
    def length(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def days(self) -> str:
        return formats.period(self.since, self.until)

    @property
    def words(self) -> str:
        """What is the matter, going on from the days."""
        one = self.length == 1
        match self.state:
            case "waiting" if self.fetched_at:
                return f"{'waits' if one else 'wait'} for Meta's allowance; older numbers are shown"
            case "waiting":
                return f"{'waits' if one else 'wait'} for Meta's allowance"
            case "stale":
                return f"{'was' if one else 'were'} not fetched again; older numbers are shown"
            case "partial":
                return f"{'is' if one else 'are'} incomplete"
            case "missing":
                return f"{'is' if one else 'are'} missing"
            case "pending":
                return f"{'comes' if one else 'come'} with the next run"
            case "restating":
                return f"{'is' if one else 'are'} there and may still be restated by Meta"
            case _:
                return f"{'is' if one else 'are'} complete"

    @property
    def sentence(self) -> str:
        """Whose days, what is the matter, why and what comes next."""
        return f"{self.account}, {self.set.label.lower()}: {self._matter}"

    @property
    def short(self) -> str:
        """The same on a page about the account."""
        return f"{self.set.label}: {self._matter}"

    @property
    def _matter(self) -> str:
        waits = f" It goes on {formats.moment(self.waiting_until)}." if self.waiting_until else ""
        why = f" {self.reason}" if self.reason else ""
        return f"{self.days} {self.words}.{why}{waits}"

    def as_json(self) -> dict[str, Any]:
        return {
            "account": self.account.act_id,
            "level": self.set.level,
            "breakdown": self.set.breakdown,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "state": self.state,
            "reason": self.reason,
            "code": self.code,
            "subcode": self.subcode,
            "waiting_until": self.waiting_until.isoformat() if self.waiting_until else None,
        }


Wanted = Mapping[int, Iterable[NumberSet]]  # by account id


def gaps(
    accounts: Iterable[AdAccount], since: date, until: date, wanted: Wanted, *, strict: bool = False
) -> list[Stretch]:
    """What is not there or not as it should be. `strict`: days whose regular run has not come yet count too."""
    found = stretches(accounts, since, until, wanted)
    return [one for one in found if one.state not in FINE or (strict and one.state == PENDING)]


def stretches(accounts: Iterable[AdAccount], since: date, until: date, wanted: Wanted) -> list[Stretch]:
    """Every day of these sets up to each account's today, in order of account, set and day. One query."""
    accounts = list(accounts)
    rows = _rows(accounts, since, until)
    return [
        stretch
        for account in accounts
        for one in wanted[account.pk]
        for stretch in _together(_of_set(account, one, since, until, rows.get((account.pk, *one.key), [])))
    ]


_ISLANDS = """
    SELECT account_id, level, breakdown, state, reason, error_code, error_subcode, not_before, settled, windowed,
      min(day), max(day), max(fetched_at)
    FROM (
      SELECT *, day - (row_number() OVER (
        PARTITION BY account_id, level, breakdown, state, reason, error_code, error_subcode, not_before, settled,
          windowed
        ORDER BY day))::int AS island
      FROM (
        SELECT *, fetched_at IS NOT NULL AND (fetched_at AT TIME ZONE 'UTC')::date >= day + %(settled)s AS settled,
          windows OR fetched_at IS NULL AS windowed
        FROM reporting_coverage WHERE account_id = ANY(%(accounts)s) AND day BETWEEN %(since)s AND %(until)s
      ) AS judged
    ) AS numbered
    GROUP BY account_id, level, breakdown, state, reason, error_code, error_subcode, not_before, settled, windowed,
      island
    ORDER BY account_id, level, breakdown, min(day)
"""


@dataclass(frozen=True)
class _Row:
    state: str
    reason: str
    code: int | None
    subcode: int | None
    not_before: datetime | None
    settled: bool
    windowed: bool
    since: date
    until: date
    fetched_at: datetime | None


def _rows(accounts: list[AdAccount], since: date, until: date) -> dict[tuple[int, str, str], list[_Row]]:
    """Equal days in a row are one already in the database: a year of days is read as a handful of rows."""
    values: dict[str, Any] = {
        "accounts": [account.pk for account in accounts],
        "since": since,
        "until": until,
        "settled": _SETTLED_AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ISLANDS, values)
        found: dict[tuple[int, str, str], list[_Row]] = defaultdict(list)
        for account_id, level, breakdown, *facts in cursor.fetchall():
            found[account_id, level, breakdown].append(_Row(*facts))
    return found


def _of_set(
    account: AdAccount, one: NumberSet, since: date, until: date, rows: list[_Row]
) -> Iterator[Stretch]:
    today = account.today()
    last, day = min(until, today), since
    for row in rows:
        if row.since > day:
            yield from _absent(account, one, day, row.since - timedelta(days=1), today)
        yield from _stored(account, one, row, today)
        day = row.until + timedelta(days=1)
    if day <= last:
        yield from _absent(account, one, day, last, today)


def _absent(account: AdAccount, one: NumberSet, since: date, until: date, today: date) -> Iterator[Stretch]:
    """Days without a row. The newest are not missed yet: their run comes within the hour, or at night."""
    first_due = today if one.hourly else today - timedelta(days=1)
    missed = Period(since, min(until, first_due - timedelta(days=1)))
    if missed.length > 0:
        yield Stretch(account, one, missed.since, missed.until, MISSING, NEVER)
    if until >= first_due:
        yield Stretch(account, one, max(since, first_due), until, PENDING)


def _stored(account: AdAccount, one: NumberSet, row: _Row, today: date) -> Iterator[Stretch]:
    stretch = Stretch(
        account, one, row.since, row.until, row.state, row.reason, row.code, row.subcode, None, row.fetched_at,
        row.windowed,
    )  # fmt: skip
    if row.not_before and row.not_before > timezone.now():
        yield replace(stretch, state=WAITING, waiting_until=row.not_before)
    elif row.state != COMPLETE:
        yield stretch
    elif row.reason:
        yield replace(stretch, state=STALE)
    else:
        yield from _complete(stretch, row, today)


def _complete(stretch: Stretch, row: _Row, today: date) -> Iterator[Stretch]:
    """Cut where restatement ends. Days left behind while they could still change are not what Meta now says."""
    first_restated = today - timedelta(days=INSIGHTS_RESTATEMENT_DAYS - 1)
    if row.since < first_restated:
        old = replace(stretch, until=min(row.until, first_restated - timedelta(days=1)))
        yield (
            old
            if row.settled
            else replace(
                old,
                state=STALE,
                reason="Meta could still change it when it was last fetched. A backfill fetches it again.",
            )
        )
    if row.until >= first_restated:
        yield replace(stretch, since=max(row.since, first_restated), state=RESTATING)


def _together(parts: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours that differ in nothing but their days become one."""
    last: Stretch | None = None
    for part in parts:
        if last and part.since == last.until + timedelta(days=1) and _same(last, part):
            last = replace(last, until=part.until)
        else:
            if last:
                yield last
            last = part
    if last:
        yield last


def _same(one: Stretch, other: Stretch) -> bool:
    return replace(one, since=other.since, until=other.until, fetched_at=other.fetched_at) == other
