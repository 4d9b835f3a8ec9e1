"""How many rows an answer will hold, before it is asked for: by the last run of the same kind, or else by objects."""

from django.db.models import Model

from .models import Ad, AdSet, Campaign, SyncRun

# Beyond so many rows, five pages, a report is ordered; below, reading at once takes fewer calls.
DIRECT_ROWS = 2500
# Parts that an object's day has when it is broken down, before anything was seen.
_PARTS = {"": 1, "device_platform": 4}
_USUAL_PARTS = 12
# Ad sets and ads per campaign, before they were listed.
_PER_CAMPAIGN = {"adset": 4, "ad": 10}
_OBJECTS: dict[str, type[Model]] = {"campaign": Campaign, "adset": AdSet, "ad": Ad}


def is_large(run: SyncRun) -> bool:
    """Whether what a run asks for is better ordered as reports than read at once."""
    return expected(run) > DIRECT_ROWS


def expected(run: SyncRun) -> int:
    days = (run.until - run.since).days + 1
    last = _last_alike(run)
    if last is not None:
        return last.rows * days // ((last.until - last.since).days + 1)
    return sum(
        days * _objects(run, level) * _PARTS.get(breakdown, _USUAL_PARTS)
        for level in run.levels
        for breakdown in run.breakdowns or [""]
    )


def _last_alike(run: SyncRun) -> SyncRun | None:
    """The last run of the same sets that was done, over days enough to judge by."""
    found: SyncRun | None = (
        run.account.sync_runs.filter(levels=run.levels, breakdowns=run.breakdowns, state=SyncRun.State.DONE)
        .exclude(reason=SyncRun.Reason.HOURLY)
        .order_by("-queued_at")
        .first()
    )
    return found


def _objects(run: SyncRun, level: str) -> int:
    if level == "account":
        return 1
    known = _OBJECTS[level]._default_manager.filter(account=run.account).count()
    if known or level == "campaign":
        return known
    return _PER_CAMPAIGN[level] * _objects(run, "campaign")
