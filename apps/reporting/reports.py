"""Asynchronous reports: ordered, watched, read, and cut into smaller ones when Meta can not make them.

`plan` writes down what a sync run wants, `advance` does what can be done now and says when to come back, `store_all`
makes the windows hold what came. All that is known stands in `ReportRun` rows: another worker may go on with it.
Source: the Marketing API page "Insights: asynchronous jobs".
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet
from django.utils import timezone

from apps.connections.models import AdAccount, Connection
from apps.graphapi import (
    Category,
    Client,
    GraphError,
    PermissionMissing,
    Request,
    Result,
    ServerFault,
    Throttled,
    TooMuchData,
    classify,
)

from . import insights, splits, store, streaming, structure
from .models import Ad, AdSet, Campaign, KnownSplit, ReportRun, SyncRun
from .rows import Row, Unreadable
from .splits import Listing, Part, Suspects
from .store import Changes, Kept, Window
from .streaming import METRICS, Incoming

logger = logging.getLogger(__name__)

State = ReportRun.State
_LATEST_PARTS_FIRST = (F("parent").desc(nulls_last=True), "pk")

# Reports of one ad account that run at Meta at the same time.
AT_ONCE = 4
# Days of one report before anything is known of its account.
FIRST_DAYS = 31
DEADLINE = timedelta(hours=1)
DEADLINE_OF_PARTS = timedelta(minutes=30)
# A report that Meta does not know this long after it was ordered is lost.
UNKNOWN_FOR = timedelta(minutes=5)
# Seconds between two looks at a report: soon at first.
SOONEST, LATEST = 5.0, 30.0
# A window is given up when so many of its reports are still running at their deadline, or were split in search of what
# fails, or because they were too large.
MOST_LATE = 12
MOST_SPLITS = 100
MOST_SPLITS_BY_SIZE = 600
# What was learned is put in question again after so long.
GROW_AFTER = timedelta(days=3)
# A field that failed alone for so many objects is asked for no more in this run.
_GONE = 5

_OPEN_RUNS = (SyncRun.State.QUEUED, SyncRun.State.RUNNING, SyncRun.State.WAITING)
_UNFINISHED = (State.NEW, State.ORDERED, State.BROKEN, State.READY)


@dataclass(frozen=True)
class Progress:
    """`wait`: seconds of our clock until there is something to do. `held_up_by`: the allowance that is spent."""

    done: bool
    wait: float = 0.0
    finished: int = 0
    total: int = 0
    held_up_by: Throttled | None = None
    calls: int = 0  # made for this run, as far as they were not shared


Outcome = Progress | Exception


class _Round:
    """What came of one round of several runs: whom an allowance holds up, and who can not go on."""

    def __init__(self, runs: Sequence[SyncRun]) -> None:
        self._runs = runs
        self.held: dict[int, Throttled] = {}
        self.broken: dict[int, Exception] = {}
        self.calls: Counter[int] = Counter()

    @property
    def runs(self) -> dict[int, SyncRun]:
        """Those that can still go on, by id."""
        return {run.pk: run for run in self._runs if run.pk not in self.broken}

    def note(self, run_id: int, error: Exception) -> None:
        if isinstance(error, Throttled):
            self.held[run_id] = error
        elif run_id in self.runs:
            self.broken[run_id] = error

    @contextmanager
    def minding(self, run: SyncRun) -> Iterator[None]:
        """What goes wrong inside concerns this run alone."""
        try:
            yield
        except (GraphError, Unreadable) as error:
            self.note(run.pk, error)


@dataclass(frozen=True)
class Gap:
    """What a window went without, and why."""

    window: Window
    since: date
    until: date
    reason: str
    code: int | None
    subcode: int | None
    # All metrics of all objects of these days.
    is_everything: bool


def plan(run: SyncRun, windows: Iterable[Window]) -> None:
    """Write down the reports of a run, as small as its account has been found to need them. Once is enough."""
    with transaction.atomic():
        SyncRun.objects.select_for_update().get(pk=run.pk)
        have = set(run.reports.values_list("level", "breakdown").distinct())
        for window in windows:
            if (window.level, window.breakdown) in have:
                continue
            known = _known(run.account, window.level, window.breakdown)
            whole = Part(window.level, window.since, window.until, METRICS, window.breakdown)
            stretches = splits.slices(window.since, window.until, known.days if known else FIRST_DAYS)
            for since, until in stretches:
                _write(run, None, [Part(whole.level, since, until, whole.fields, whole.breakdown)])


def advance(run: SyncRun, connection: Connection, client: Client) -> Progress:
    """Do what can be done now for the reports of a run; the looks serve all open reports of the connection.

    Raises the errors that no smaller or later report can heal, and rows.Unreadable.
    """
    outcome = _advance([run], connection, client, _read)[run.pk]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def advance_together(runs: Sequence[SyncRun], connection: Connection, client: Client) -> dict[int, Outcome]:
    """The same for several runs of one connection in as few round trips as possible; errors are told, not raised."""
    return _advance(runs, connection, client, _read_together)


def _advance(
    runs: Sequence[SyncRun], connection: Connection, client: Client, read: "_Step"
) -> dict[int, Outcome]:
    now = _Round(runs)
    for step in (_look, _mend, _order, read):
        step(now, connection, client)
    outcomes: dict[int, Outcome] = {**now.broken}
    for run in now.runs.values():
        _check_counts(run)
        outcomes[run.pk] = _progress(run, now)
    return outcomes


_Step = Callable[[_Round, Connection, Client], None]


def store_all(run: SyncRun) -> Changes:
    """Make the windows of a run hold what its reports brought. Call it inside a transaction when `advance` is done."""
    changes = Changes()
    for window in windows_of(run):
        incoming = Incoming.of_run(run.pk, window.level, window.breakdown)
        incoming.make()
        kept = [
            Kept(one.since, one.until, one.fields, one.object_level, one.object_ids, one.excluded)
            for one in _of(run, window).filter(state=State.FAILED)
        ]
        changes += store.merge(run.account, window, incoming, kept)
        _remember(run, window)
    return changes


def forget(run: SyncRun) -> None:
    """The run has ended: drop what it had read. Its `ReportRun` rows stay as a record."""
    streaming.forget(run.pk)


def sweep() -> int:
    """Drop what runs left that ended in a crash. Says how many tables that were."""
    return streaming.sweep(set(SyncRun.objects.filter(state__in=_OPEN_RUNS).values_list("pk", flat=True)))


def windows_of(run: SyncRun) -> list[Window]:
    """The windows that the run asks for as reports."""
    whole = run.reports.filter(parent=None).order_by("level", "breakdown").values("level", "breakdown")
    return [
        Window(one["level"], one["first"], one["last"], one["breakdown"])
        for one in whole.annotate(first=Min("since"), last=Max("until"))
    ]


def gaps(run: SyncRun) -> list[Gap]:
    """What did not come."""
    windows = {(window.level, window.breakdown): window for window in windows_of(run)}
    found: dict[tuple[Any, ...], list[ReportRun]] = {}
    for one in run.reports.filter(state=State.FAILED).order_by("level", "breakdown", "since", "pk"):
        place = (
            one.level,
            one.breakdown,
            one.since,
            one.until,
            one.object_level,
            *one.object_ids,
            one.excluded,
        )
        found.setdefault(place, []).append(one)
    return [_gap(windows[reports[0].level, reports[0].breakdown], reports) for reports in found.values()]


def _gap(window: Window, reports: Sequence[ReportRun]) -> Gap:
    """Reports that differ in their fields alone are one gap."""
    first = reports[0]
    fields = {field for one in reports for field in one.fields}
    reason = first.error
    if len(reports) > 1:
        reason = reason.replace(_about(first), _about(first, [name for name in METRICS if name in fields]), 1)
    return Gap(
        window,
        first.since,
        first.until,
        reason,
        first.error_code,
        first.error_subcode,
        not first.object_ids and fields == set(METRICS),
    )


# --- looking ---------------------------------------------------------------------------------------


def _look(now: _Round, connection: Connection, client: Client) -> None:
    """Ask how far the reports are, all of the connection's together."""
    ours = Q(sync_run__account__reach__connection=connection, sync_run__account__reach__lost_at=None)
    running = ReportRun.objects.filter(Q(sync_run__in=now.runs) | ours, state=State.ORDERED)
    running = running.filter(sync_run__state__in=_OPEN_RUNS).distinct().order_by("polled_at", "pk")
    due = [report for report in running if _next_look(report) <= timezone.now()]
    results = client.answers([Request("GET", report.report_run_id) for report in due]) if due else []
    for report, result in zip(due, results, strict=True):
        error, is_ours = result.error, report.sync_run_id in now.runs
        now.calls[report.sync_run_id] += 1
        is_wall = isinstance(error, Throttled)
        if error is not None and (is_wall or (is_ours and not _is_not_yet(error, report))):
            now.note(report.sync_run_id, error)
        else:
            _note(report, result)


def _note(report: ReportRun, result: Result) -> None:
    """Write down one look. Another worker may have looked as well: only what is still running is changed."""
    told = result.value or {}
    status, percent = str(told.get("async_status") or ""), _whole(told.get("async_percent_completion"))
    news: dict[str, Any] = {"polled_at": timezone.now(), "percent": percent}
    if status == "Job Completed" and percent == 100:
        news["state"] = State.READY
    elif status == "Job Failed":
        news |= _broken(*_failure(told))
    elif status == "Job Skipped":
        news |= _broken("Meta skipped the report.")
    elif _is_lost(report, result.error):
        news |= _broken("Meta does not know the report.", 100, 33)
    elif report.deadline is not None and timezone.now() >= report.deadline:
        news |= _broken(f"The report was still running at its deadline ({percent} %).") | {"late": True}
    ReportRun.objects.filter(pk=report.pk, state=State.ORDERED, report_run_id=report.report_run_id).update(
        **news
    )


def _broken(error: str, code: int | None = None, subcode: int | None = None) -> dict[str, Any]:
    return {"state": State.BROKEN, "error": error, "error_code": code, "error_subcode": subcode}


def _failure(told: dict[str, Any]) -> tuple[str, int | None, int | None]:
    code, subcode = _number(told.get("error_code")), _number(told.get("error_subcode"))
    name = "/".join(str(part) for part in (code, subcode) if part is not None) or "no code"
    return f"Meta answered {name}: {classify(code, subcode).meaning}", code, subcode


def _is_not_yet(error: GraphError, report: ReportRun) -> bool:
    """Fresh reports are not found at first, and hiccups pass."""
    return error.transient or (error.code, error.subcode) == (100, 33) or error.code is None


def _is_lost(report: ReportRun, error: GraphError | None) -> bool:
    if error is None or (error.code, error.subcode) != (100, 33) or report.ordered_at is None:
        return False
    return timezone.now() >= report.ordered_at + UNKNOWN_FOR / settings.META_CLOCK_SPEED


def _next_look(report: ReportRun) -> datetime:
    ordered = report.ordered_at or timezone.now()
    last = report.polled_at if report.polled_at and report.polled_at > ordered else ordered
    pause = min(LATEST, max(SOONEST, (last - ordered).total_seconds() * settings.META_CLOCK_SPEED / 3))
    return last + timedelta(seconds=pause / settings.META_CLOCK_SPEED)


# --- mending ---------------------------------------------------------------------------------------


def _mend(now: _Round, connection: Connection, client: Client) -> None:
    for run in now.runs.values():
        with now.minding(run):
            _mend_reports(run, client)


def _mend_reports(run: SyncRun, client: Client) -> None:
    """What failed is ordered once more; what fails again, or was too large, is split; what can not be is given up."""
    for report in run.reports.filter(state=State.BROKEN).order_by(*_LATEST_PARTS_FIRST):
        suspects = _suspects(run, report)
        hopeless = _why_hopeless(run, report, suspects)
        if hopeless:
            _give_up(report, f"{_about(report)} did not come. {report.error} {hopeless}")
        elif _is_worth_repeating(report, suspects):
            run.reports.filter(pk=report.pk, state=State.BROKEN).update(
                state=State.NEW, report_run_id="", percent=0
            )
        elif not _may_be_explained_soon(run, report):
            _split(run, client, report, suspects)
    for report in run.reports.filter(state=State.NEW, object_level="").order_by("pk"):
        _size(run, client, report)


def _may_be_explained_soon(run: SyncRun, report: ReportRun) -> bool:
    """Whether parts of another failure are still looked into: what is found there saves many orders here."""
    if _is_too_large(report) or report.late:
        return False
    later = run.reports.filter(
        level=report.level,
        breakdown=report.breakdown,
        state__in=_UNFINISHED,
        parent__late=False,
        parent__gt=report.parent_id or 0,
    ).select_related("parent")
    return any(one.parent is not None and not _is_too_large(one.parent) for one in later)


def _is_worth_repeating(report: ReportRun, suspects: Suspects) -> bool:
    """Once; never what is too large as it is, the parts of what never ended, or what fails elsewhere too."""
    if report.orders >= 2 or _is_too_large(report) or (report.late and report.parent_id):
        return False
    return not suspects.explain(_part(report))


def _is_too_large(report: ReportRun) -> bool:
    return classify(report.error_code, report.error_subcode).category is Category.TOO_MUCH_DATA


def _why_hopeless(run: SyncRun, report: ReportRun, suspects: Suspects) -> str:
    reports = run.reports.filter(level=report.level, breakdown=report.breakdown)
    if reports.filter(late=True, state__in=[State.SPLIT, State.FAILED, State.BROKEN]).count() >= MOST_LATE:
        return "Reports like it do not end, however small they are."
    is_too_large = _is_too_large(report)
    alike = [
        one
        for one in reports.filter(state=State.SPLIT).exclude(error="")
        if _is_too_large(one) == is_too_large
    ]
    if len(alike) >= (MOST_SPLITS_BY_SIZE if is_too_large else MOST_SPLITS):
        return f"It was split {len(alike)} times already."
    if suspects.gone.issuperset(report.fields):
        return "It fails for other objects as well."
    return ""


def _split(run: SyncRun, client: Client, report: ReportRun, suspects: Suspects) -> None:
    parts = splits.split(_part(report), _Below(run.account, client), suspects)
    if parts:
        _replace(run, report, parts)
    else:
        _give_up(report, f"{_about(report)} did not come. {report.error}")


def _size(run: SyncRun, client: Client, report: ReportRun) -> None:
    """A day of all objects, where one report is known to take only some of them."""
    known = _known(run.account, report.level, report.breakdown)
    line = splits.LINES[report.level]
    if known is None or known.objects_per_report is None or report.since != report.until or not line:
        return
    part = _part(report)
    listing = _Below(run.account, client)(part, line[0])
    parts = splits.grouped(part, line[0], listing, known.objects_per_report)
    if len(parts) > 1:
        _replace(run, report, parts)


def _replace(run: SyncRun, report: ReportRun, parts: Sequence[Part]) -> None:
    with transaction.atomic():
        # Two workers can not both split it.
        if run.reports.filter(pk=report.pk, state=report.state).update(state=State.SPLIT):
            _write(run, report, parts)


def _give_up(report: ReportRun, reason: str) -> None:
    logger.warning("Sync run %s: %s", report.sync_run_id, reason)
    ReportRun.objects.filter(pk=report.pk, state=report.state).update(state=State.FAILED, error=reason)


def _suspects(run: SyncRun, report: ReportRun) -> Suspects:
    """What failed alone in other reports like it."""
    lost: dict[str, set[str]] = {}
    places: dict[str, set[object]] = {}
    alike = run.reports.filter(
        state=State.FAILED, level=report.level, breakdown=report.breakdown, excluded=False
    )
    for one in alike:
        name = _only_object(one)
        if name is not None and one.since == one.until:
            lost.setdefault(name, set()).update(one.fields)
            if len(one.fields) == 1:
                # Of several objects, or of several days of the account: it is the field.
                places.setdefault(one.fields[0], set()).add(name or one.since)
    hopeless = {name for name, without in lost.items() if without >= set(METRICS)}
    fields = {name: len(found - hopeless) for name, found in places.items()}
    return Suspects(
        frozenset(name for name, number in fields.items() if number > 1),
        frozenset(lost) - {""},
        frozenset(hopeless),
        frozenset(name for name, number in fields.items() if number >= _GONE),
    )


def _only_object(report: ReportRun) -> str | None:
    """The object that a report is about alone; empty: the account."""
    if report.level == "account":
        return ""
    alone = report.object_level == report.level and len(report.object_ids) == 1 and not report.excluded
    return str(report.object_ids[0]) if alone else None


def _about(report: ReportRun, fields: Sequence[str] = ()) -> str:
    """What a report is about, in words."""
    words = {"campaign": "campaign", "adset": "ad set", "ad": "ad"}
    fields = fields or report.fields
    days = str(report.since) if report.since == report.until else f"{report.since} to {report.until}"
    what = "All fields" if set(fields) == set(METRICS) else " and ".join(fields)
    if not report.object_ids:
        return f"{what} of {days}"
    ids = ", ".join(report.object_ids[:3]) + (" and others" if len(report.object_ids) > 3 else "")
    return f"{what} of {'all but ' if report.excluded else ''}{words[report.object_level]} {ids} on {days}"


@dataclass(frozen=True)
class _Below:
    """Lists the objects of a level inside a part: those that Meta has numbers of, or else those that it or we know."""

    account: AdAccount
    client: Client

    def __call__(self, part: Part, level: str) -> Listing:
        try:
            return Listing(tuple(self._with_numbers(part, level)))
        except (TooMuchData, ServerFault):
            known = {*self._listed(part, level), *self._known(part, level)}
            return Listing(tuple(sorted(known)), is_complete=False)

    def _with_numbers(self, part: Part, level: str) -> list[str]:
        key = f"{level}_id"
        asked = insights.question(
            self.account,
            Window(level, part.since, part.until),
            metrics=["impressions"],
            filtering=filtering(part) if not part.excluded else [],
        )
        params = {**asked.params, "fields": [key, "impressions"]}
        return sorted(
            {
                str(row[key])
                for row in self.client.each(asked.path, limit=insights.PAGE, **params)
                if row.get(key)
            }
        )

    def _listed(self, part: Part, level: str) -> list[str]:
        """Numbers of one of them may be what can not be had: their list can."""
        asked = structure.question(self.account, level)
        params = {**asked.params, "fields": ["id"]}
        if part.is_limited:
            params["filtering"] = filtering(part)
        return [str(row["id"]) for row in self.client.each(asked.path, limit=structure.PAGE, **params)]

    def _known(self, part: Part, level: str) -> list[str]:
        objects: dict[str, QuerySet[Any]] = {
            "campaign": Campaign.objects.filter(account=self.account),
            "adset": AdSet.objects.filter(account=self.account),
            "ad": Ad.objects.filter(account=self.account),
        }
        found = objects[level]
        if part.is_limited:
            name = "meta_id" if part.object_level == level else f"{part.object_level}_id"
            found = found.filter(**{f"{name}__in": part.object_ids})
        return list(found.values_list("meta_id", flat=True))


# --- ordering --------------------------------------------------------------------------------------


def _order(now: _Round, connection: Connection, client: Client) -> None:
    """As many new reports as may run at once: the latest parts first, because much is learned from them."""
    new = _next_in_line(now.runs)
    results = (
        client.answers([_order_of(now.runs[report.sync_run_id].account, report) for report in new])
        if new
        else []
    )
    for report, result in zip(new, results, strict=True):
        now.calls[report.sync_run_id] += 1
        if isinstance(result.error, TooMuchData):
            code, subcode = result.error.code, result.error.subcode
            ReportRun.objects.filter(pk=report.pk, state=State.NEW).update(
                **_broken(str(result.error), code, subcode)
            )
            continue
        with now.minding(now.runs.get(report.sync_run_id) or report.sync_run):
            _was_ordered(report, _run_id(result.unwrap()))


def _next_in_line(runs: Mapping[int, SyncRun]) -> list[ReportRun]:
    """What to order now: no more of one account than may run at once, whichever runs they are of."""
    accounts = {run.account_id for run in runs.values()}
    running = Counter(
        ReportRun.objects.filter(
            sync_run__account__in=accounts, state=State.ORDERED, sync_run__state__in=_OPEN_RUNS
        ).values_list("sync_run__account", flat=True)
    )
    new = []
    for report in ReportRun.objects.filter(sync_run__in=runs, state=State.NEW).order_by(*_LATEST_PARTS_FIRST):
        account = runs[report.sync_run_id].account_id
        if running[account] < AT_ONCE:
            running[account] += 1
            new.append(report)
    return new


def _order_of(account: AdAccount, report: ReportRun) -> Request:
    """Twice is once too often, but does no harm: only the id that is stored is read."""
    part = _part(report)
    asked = insights.question(
        account,
        Window(part.level, part.since, part.until, part.breakdown),
        metrics=part.fields,
        filtering=filtering(part),
    )
    return Request("POST", asked.path, asked.params, idempotent=True)


def _was_ordered(report: ReportRun, report_run_id: str) -> None:
    now = timezone.now()
    deadline = DEADLINE_OF_PARTS if report.parent_id else DEADLINE
    ReportRun.objects.filter(pk=report.pk, state=State.NEW).update(
        state=State.ORDERED,
        report_run_id=report_run_id,
        orders=F("orders") + 1,
        ordered_at=now,
        deadline=now + deadline / settings.META_CLOCK_SPEED,
        polled_at=None,
        percent=0,
        late=False,
    )


def filtering(part: Part) -> list[dict[str, Any]]:
    """The objects that a part is limited to, as Meta takes them."""
    if not part.object_ids:
        return []
    operator = "NOT_IN" if part.excluded else "IN"
    return [{"field": f"{part.object_level}.id", "operator": operator, "value": list(part.object_ids)}]


def _run_id(told: dict[str, Any]) -> str:
    """Text or a bare number."""
    found = str(told.get("report_run_id") or "")
    if not found.isdecimal():
        raise ServerFault("Meta took the order of a report and gave no report_run_id.")
    return found


# --- reading ---------------------------------------------------------------------------------------


def _read(now: _Round, connection: Connection, client: Client) -> None:
    """Read what is ready, one report after the other, page by page into the table of its window."""
    for run in now.runs.values():
        with now.minding(run):
            for report in run.reports.filter(state=State.READY).order_by("pk"):
                incoming = _emptied(report)
                pages = client.rows(_rows_of(report), limit=insights.PAGE)
                try:
                    total = _take(incoming, run.account, report, pages)
                except (ServerFault, PermissionMissing) as error:
                    _read_too_early(report, error)
                else:
                    _was_read(report, total)


def _read_together(now: _Round, connection: Connection, client: Client) -> None:
    """The same side by side: each round trip brings a page of many reports."""
    ready = list(
        ReportRun.objects.filter(sync_run__in=now.runs, state=State.READY).order_by("sync_run__account", "pk")
    )
    pages = client.pages(
        [_rows_of(report) for report in ready],
        limit=insights.PAGE,
        is_wanted=lambda place: ready[place].sync_run_id in now.runs,
    )
    tables: dict[int, Incoming] = {}
    totals: Counter[int] = Counter()
    for page in pages:
        report = ready[page.place]
        now.calls[report.sync_run_id] += 1
        run = now.runs.get(report.sync_run_id)
        if run is None:
            continue  # another of its reports has ended it
        with now.minding(run):
            if report.pk not in tables:
                tables[report.pk] = _emptied(report)
            if isinstance(page.error, ServerFault | PermissionMissing):
                _read_too_early(report, page.error)
            elif page.error is not None:
                raise page.error
            else:
                done = totals[report.pk]
                totals[report.pk] += _take(tables[report.pk], run.account, report, page.rows, done=done)
                if page.ends:
                    _was_read(report, totals[report.pk])


def _rows_of(report: ReportRun) -> Request:
    return Request("GET", f"{report.report_run_id}/insights", raw_rows=True)


def _emptied(report: ReportRun) -> Incoming:
    """The table that a report is read into, without what a worker left that died while reading."""
    incoming = Incoming.of_run(report.sync_run_id, report.level, report.breakdown)
    incoming.make()
    incoming.clear(report.pk)
    return incoming


def _take(
    incoming: Incoming,
    account: AdAccount,
    report: ReportRun,
    answered: Iterable[Row],
    *,
    done: int = 0,
) -> int:
    window = Window(report.level, report.since, report.until, report.breakdown)
    rows = insights.stream(account, window, answered)
    return incoming.write(rows, part=report.pk, metrics=frozenset(report.fields), first=done)


def _was_read(report: ReportRun, rows: int) -> None:
    ReportRun.objects.filter(pk=report.pk, state=State.READY).update(
        state=State.READ, rows=rows, error="", error_code=None, error_subcode=None
    )


def _read_too_early(report: ReportRun, error: GraphError) -> None:
    """It was said to be ready and is not (2601), or is gone (100/33): looked at again until its deadline."""
    if error.code != 2601 and (error.code, error.subcode) != (100, 33):
        raise error
    ReportRun.objects.filter(pk=report.pk, state=State.READY).update(
        state=State.ORDERED, polled_at=timezone.now()
    )


def _check_counts(run: SyncRun) -> None:
    """A database that crashed has emptied what was read: it is read again."""
    if run.reports.filter(state__in=_UNFINISHED).exists():
        return
    for window in windows_of(run):
        incoming = Incoming.of_run(run.pk, window.level, window.breakdown)
        incoming.make()
        counts = incoming.counts()
        for report in _of(run, window).filter(state=State.READ):
            if counts.get(report.pk, 0) != report.rows:
                logger.warning(
                    "Sync run %s: what was read of report %s is gone; it is read again.", run.pk, report.pk
                )
                _of(run, window).filter(pk=report.pk).update(state=State.READY)


# --- what was learned ------------------------------------------------------------------------------


def _known(account: AdAccount, level: str, breakdown: str) -> KnownSplit | None:
    return KnownSplit.objects.filter(account=account, level=level, breakdown=breakdown).first()


def _remember(run: SyncRun, window: Window) -> None:
    """The next report of this kind is no larger than what worked of what was too large."""
    days, objects = [], []
    for parent in _of(run, window).filter(state=State.SPLIT).prefetch_related("parts"):
        if not (_is_too_large(parent) or parent.late):
            continue
        worked = [one for one in parent.parts.all() if one.state == State.READ and not one.excluded]
        worked = [one for one in worked if set(one.fields) == set(METRICS)]
        if not worked:
            continue
        days.append(max((one.until - one.since).days + 1 for one in worked))
        if any(one.object_ids for one in worked):
            is_first_cut = worked[0].object_level == splits.LINES[window.level][0]
            objects.append(max(len(one.object_ids) for one in worked) if is_first_cut else 1)
    if days:
        KnownSplit.objects.update_or_create(
            account=run.account,
            level=window.level,
            breakdown=window.breakdown,
            defaults={
                "days": min(days),
                "objects_per_report": min(objects, default=None),
                "learned_at": timezone.now(),
            },
        )
    else:
        _let_grow(run, window)


def _let_grow(run: SyncRun, window: Window) -> None:
    """All went well at the size that is known: a larger one may do by now."""
    known = _known(run.account, window.level, window.breakdown)
    if known is None or timezone.now() < known.learned_at + GROW_AFTER:
        return
    if _of(run, window).filter(state__in=[State.FAILED, State.SPLIT]).exclude(error="").exists():
        return
    known.days, known.objects_per_report = splits.grown(
        known.days, known.objects_per_report, most_days=FIRST_DAYS
    )
    known.learned_at = timezone.now()
    known.save(update_fields=["days", "objects_per_report", "learned_at"])


# --- rows ------------------------------------------------------------------------------------------


def _of(run: SyncRun, window: Window) -> Any:
    return run.reports.filter(level=window.level, breakdown=window.breakdown)


def _part(report: ReportRun) -> Part:
    return Part(
        report.level,
        report.since,
        report.until,
        tuple(report.fields),
        report.breakdown,
        report.object_level,
        tuple(report.object_ids),
        report.excluded,
    )


def _write(run: SyncRun, parent: ReportRun | None, parts: Iterable[Part]) -> None:
    ReportRun.objects.bulk_create(
        [
            ReportRun(
                sync_run=run,
                parent=parent,
                level=part.level,
                breakdown=part.breakdown,
                since=part.since,
                until=part.until,
                fields=list(part.fields),
                object_level=part.object_level,
                object_ids=list(part.object_ids),
                excluded=part.excluded,
            )
            for part in parts
        ]
    )


def _progress(run: SyncRun, now: _Round) -> Progress:
    held, calls = now.held.get(run.pk), now.calls[run.pk]
    reports = run.reports.exclude(state=State.SPLIT)
    total = reports.count()
    left = reports.filter(state__in=_UNFINISHED)
    if not left.exists():
        return Progress(True, finished=total, total=total, calls=calls)
    finished = total - left.count()
    waits = [
        max(0.0, (_next_look(one) - timezone.now()).total_seconds())
        for one in left.filter(state=State.ORDERED)
    ]
    if held is not None:
        wait = held.retry_after / settings.META_CLOCK_SPEED
    elif left.filter(state=State.READY).exists():
        wait = 0.0
    else:
        wait = min(waits, default=SOONEST / settings.META_CLOCK_SPEED)
    return Progress(False, wait, finished, total, held, calls)


def _whole(value: Any) -> int:
    return _number(value) or 0


def _number(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
