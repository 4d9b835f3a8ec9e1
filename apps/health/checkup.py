"""The daily check: every stored token, every allowance, every ad account, the API's version, and the work that waits.

It asks Meta (`debug_token` and the list of ad accounts for each connection, one timed minimal call besides) and reads
what is stored. A report is plain data, kept as a row and printed by `check_health --json`. What needs a person is a
`Finding`.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.connections import checking, clients
from apps.connections.models import AdAccount, Connection, ConnectionCheck
from apps.connections.purposes import Purpose
from apps.graphapi import GraphError, Pauses
from apps.graphapi.versions import LATEST, support
from apps.reporting.models import SyncRun
from apps.vault import KeysAway, SealBroken

from .models import HealthCheck, UsageNow

# An allowance that nobody told of for so long says nothing of today.
FRESH = timedelta(hours=2)
# Days before the end of a version from which on a person is told.
VERSION_SOON = 60
_KEPT = 100
_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)


@dataclass(frozen=True)
class Finding:
    """Something that needs a person. `subject`: what it is about; `text`: what is, and what to do."""

    kind: str
    subject: str
    text: str


def check(*, by: Any = None) -> HealthCheck:
    """Look at everything now, and keep the report."""
    before = HealthCheck.objects.order_by("-at").first()
    report: dict[str, Any] = {
        "at": timezone.now().isoformat(timespec="seconds"),
        "connections": [_connection(one, by) for one in _watched()],
        "allowances": list(_allowances()),
        "accounts": list(_accounts(before.report["statuses"] if before else {})),
        "statuses": _statuses(),
        "version": _version(),
        "work": _work(),
    }
    findings = list(_findings(report))
    report["needs_a_person"] = [asdict(finding) for finding in findings]
    row = HealthCheck.objects.create(at=timezone.now(), asked_by=by, report=report, problems=len(findings))
    old = HealthCheck.objects.order_by("-at").values_list("pk", flat=True)[_KEPT:]
    HealthCheck.objects.filter(pk__in=list(old)).delete()
    return row


def _watched() -> Iterable[Connection]:
    return Connection.objects.exclude(state=Connection.State.DISCONNECTED).order_by("name")


# --- connections -----------------------------------------------------------------------------------


def _connection(connection: Connection, by: Any) -> dict[str, Any]:
    look = checking.look(connection, by=by)
    now = Connection.objects.get(pk=connection.pk)
    return {
        "connection": str(now.pk),
        "name": now.name,
        "kind": now.kind,
        "state": now.state,
        "outcome": look.outcome,
        "reason": look.reason,
        "looked_ms": look.milliseconds,
        "call_ms": _minimal_call(now)
        if look.outcome != ConnectionCheck.Outcome.UNCHECKED and now.works
        else None,
        "expires_at": _text(now.expires_at),
        "never_expires": now.never_expires,
        "data_access_expires_at": _text(now.data_access_expires_at),
        "last_good_at": _text(now.last_good_at),
        "days_left": now.days_left,
        "renews_itself": now.renews_itself,
        "missing_scopes": now.missing_scopes,
        "lost_scopes": list(now.lost_scopes),
        "accounts": now.reach.filter(lost_at=None).count(),
        "lost_accounts": now.reach.exclude(lost_at=None).count(),
    }


def _minimal_call(connection: Connection) -> int | None:
    """Milliseconds of `me/adaccounts?limit=1`; None where it did not go well, which the look has told or will."""
    try:
        client = clients.for_connection(connection, purpose=Purpose.CHECK, retries=_PATIENCE)
        begun = time.perf_counter()
        client.get("me/adaccounts", limit=1, fields=["id"])
    except (GraphError, SealBroken, KeysAway):
        return None
    return round((time.perf_counter() - begun) * 1000)


# --- what is stored --------------------------------------------------------------------------------


def _allowances() -> Iterator[dict[str, Any]]:
    """Those that are fuller than they should be, by what Meta told within two hours; the fullest first."""
    now = timezone.now()
    full = UsageNow.objects.filter(told_at__gte=now - FRESH, peak__gte=settings.META_PACE_TELL).order_by(
        "-peak"
    )
    for one in full:
        yield {
            "scope": one.scope, "object_id": one.object_id, "type": one.type, "call_count": one.call_count,
            "total_cputime": one.total_cputime, "total_time": one.total_time, "percent": one.percent,
            "peak": one.peak, "told_at": _text(one.told_at),
            "regain_at": _text(one.regain_at) if one.regain_at and one.regain_at > now else None,
        }  # fmt: skip


def _statuses() -> dict[str, int]:
    return {account.act_id: account.account_status for account in AdAccount.objects.reachable()}


def _accounts(before: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Ad accounts whose status is another than at the check before, or is none in which ads run."""
    for account in AdAccount.objects.reachable().in_order():
        was = before.get(account.act_id)
        if account.account_status != 1 or (was is not None and was != account.account_status):
            yield {
                "account": account.act_id,
                "name": account.name,
                "status": account.account_status,
                "status_before": was,
                "meaning": account.status_sentence,
            }


def _version() -> dict[str, Any]:
    known = support(settings.META_API_VERSION)
    return {
        "version": known.version,
        "latest": LATEST,
        "known": known.known,
        "graph_ends": _text(known.graph_ends),
        "ads_end": _text(known.ads_end),
    }


def _work() -> dict[str, Any]:
    open_runs = SyncRun.objects.filter(state__in=["queued", "running", "waiting"])
    oldest = open_runs.filter(state="queued").order_by("queued_at").first()
    return {
        "open_runs": open_runs.count(),
        "oldest_queued_at": _text(oldest.queued_at) if oldest else None,
        "failed_last_day": SyncRun.objects.filter(
            state="failed", finished_at__gte=timezone.now() - timedelta(days=1)
        ).count(),
    }


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


# --- what needs a person ---------------------------------------------------------------------------


def _findings(report: dict[str, Any]) -> Iterator[Finding]:
    for one in report["connections"]:
        yield from _about_connection(one)
    for one in report["allowances"]:
        place = one["object_id"] or "the app"
        word = f"{one['type'] or one['scope']} of {place}"
        slows = f"Background work slows down from {settings.META_PACE_SLOW:.0f} % on."
        yield Finding("allowance", word, f"{word} is {one['peak']:.0f} % used. {slows}")
    for one in report["accounts"]:
        if one["status"] != 1:
            yield Finding("account", one["name"], f"{one['name']} ({one['account']}): {one['meaning']}")
    yield from _about_version(report["version"])
    if not report["connections"]:
        yield Finding(
            "connections", "none", "Nothing is connected. Connect a token on the page of connections."
        )


def _about_connection(one: dict[str, Any]) -> Iterator[Finding]:
    name = one["name"]
    if one["outcome"] == ConnectionCheck.Outcome.UNCHECKED:
        yield Finding("unchecked", name, f"{name} could not be checked: {one['reason']}")
    elif one["state"] == Connection.State.REFUSED:
        yield Finding("token", name, f"{name} is refused by Meta: {one['reason']} Connect it again.")
    elif one["state"] == Connection.State.NEEDS_OWNER:
        yield Finding("token", name, f"{name} needs its owner: only their login at Meta keeps it alive.")
    elif one["days_left"] is not None and one["days_left"] <= 15 and not one["renews_itself"]:
        yield Finding("token", name, f"{name} ends in {one['days_left']} days and its renewal failed.")
    missing = sorted({*one["missing_scopes"], *one["lost_scopes"]})
    if missing and one["state"] != Connection.State.REFUSED:
        yield Finding("scopes", name, f"{name} lacks {', '.join(missing)}. Connect it again and allow them.")


def _about_version(told: dict[str, Any]) -> Iterator[Finding]:
    version = told["version"]
    ends = support(version).ends
    if ends is None:
        return
    left = (ends - timezone.now().date()).days
    if left < 0:
        yield Finding(
            "version", version, f"{version} ended on {ends}. Set META_API_VERSION to {told['latest']}."
        )
    elif left <= VERSION_SOON:
        yield Finding(
            "version", version, f"{version} ends on {ends}, in {left} days. Move to {told['latest']}."
        )
