"""Makes errors as the recorder hears them: in tests, and in benches that need many."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from apps.graphapi import Call
from apps.graphapi.envelope import meta_error
from apps.health import errors
from apps.health.heard import Heard

PATHS = ("act_{id}/insights", "act_{id}/campaigns", "{id}", "me/adaccounts", "act_{id}/adsets")


def heard(
    code=190, subcode=None, *, at=None, path="act_{id}/insights", account="", connection="", message="", status=400,
    trace="", kind=None, **more,
):  # fmt: skip
    """One failed attempt. `kind`: a class of error that has no code."""
    at = at or datetime.now(UTC)
    said = {"message": message or f"(#{code}) It failed", "code": code, "type": "OAuthException"}
    said |= {"fbtrace_id": trace} | more
    if subcode is not None:
        said["error_subcode"] = subcode
    error = kind(message) if kind else meta_error(said, {"status": status})
    call = Call(
        method="GET", path=path, account_id=account or None, status=None if kind else status, milliseconds=120,
        started_at=at.timestamp(), error=error, fbtrace_id=trace, request_id="AcF3hTn0vQ8s", rev="1024713388",
        api_version="v26.0",
    )  # fmt: skip
    return Heard(call, str(connection), "sync")


def many(groups: int, each: int, *, accounts: int = 50, connection: str = "", until: datetime | None = None,
         hours: int = 24) -> Iterator[Heard]:  # fmt: skip
    """So many kinds of errors, each so often, spread over the hours before and over so many ad accounts."""
    until = until or datetime.now(UTC)
    for n in range(groups * each):
        kind = n % groups
        yield heard(
            10_000 + kind // len(PATHS),
            path=PATHS[kind % len(PATHS)],
            at=until - timedelta(seconds=n * hours * 3600 / (groups * each)),
            account=str(900_000 + n % accounts),
            connection=connection,
            message=f"Object {n * 7919} failed",
            trace=f"A{n:08d}",
        )


def keep(*attempts: Heard) -> None:
    """Write them into the error log, in the way of the recorder."""
    from django.db import transaction

    with transaction.atomic():
        errors.take(attempts)
