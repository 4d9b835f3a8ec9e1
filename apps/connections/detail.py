"""One connection, all that is known of it: how long it lives, what it may do, what stops with it."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone

from . import lifeline, links, overview, paths, rotating, scopes, setup, stakes
from .models import Connection, ConnectionCheck, Reach

_DAYS = 28
_CHECKS_SHOWN = 20
_ASSETS_SHOWN = 100
# Points of the little chart of response times.
_TIMES = 60


def context(connection: Connection) -> dict[str, Any]:
    at_stake = stakes.of(connection)
    reach = list(connection.reach.select_related("account").order_by("lost_at", "account__name"))
    ways = paths.to(one.account for one in reach)
    assets = [_asset(one, connection, ways[one.account_id], at_stake.notes) for one in reach]
    # What nobody else reaches is what matters; the order within stays.
    assets.sort(key=lambda asset: bool(asset["others"]))
    levels, levels_read_at = setup.access_levels()
    return {
        "connection": connection,
        "row": overview.Row(connection, alone=len(at_stake.alone)),
        "verdict": verdict(connection, at_stake),
        "lifeline": lifeline.of(connection),
        "scopes": scopes.rows(connection, levels),
        "levels_read_at": levels_read_at,
        "missing": len(connection.missing_scopes),
        "reach": assets[:_ASSETS_SHOWN],
        "reach_rest": max(0, len(assets) - _ASSETS_SHOWN),
        "reached": sum(one.lost_at is None for one in reach),
        "stakes": at_stake,
        "can_ask": links.can_help(connection) and connection.state != Connection.State.DISCONNECTED,
        "can_rotate": rotating.can_rotate(connection),
        "can_renew": connection.works and not connection.never_expires,
        "link": links.open_link(connection),
        "alerts": list(connection.expiry_alerts.filter(cleared_at=None).order_by("ends_at", "days")),
        **_history(connection),
        "openings": _openings(connection),
    }


def _asset(reach: Reach, connection: Connection, ways: paths.Paths, notes: dict[int, str]) -> dict[str, Any]:
    return {
        "account": reach.account,
        "tasks": reach.tasks,
        "lost": reach,
        "is_lost": reach.lost_at is not None,
        "others": [way.connection for way in ways.open if way.connection_id != connection.pk],
        "note": notes.get(reach.account_id, ""),
    }


def verdict(connection: Connection, at_stake: stakes.Stakes) -> list[tuple[str, str]]:
    """Pieces of a sentence, each with its state."""
    kind, word = overview.Row(connection).state
    if connection.state == Connection.State.DISCONNECTED:
        return [("none", "Disconnected."), ("", f"{connection.state_reason} Its history stays.")]
    if connection.state == Connection.State.REFUSED:
        stopped = len(at_stake.alone)
        many = "1 ad account is" if stopped == 1 else f"{stopped} ad accounts are"
        tail = f"{many} read by nobody." if stopped else "Nothing depends on it."
        return [("crit", "Refused by Meta."), ("", f"{connection.state_reason} {tail}")]
    pieces: list[tuple[str, str]] = []
    if connection.left:
        pieces.append((kind, f"{word if kind == 'crit' else connection.left.capitalize()}."))
    elif kind != "ok":
        pieces.append((kind, f"{word}."))
    pieces.append(("", connection.state_reason or connection.renewal_error or _well(connection)))
    return pieces


def _well(connection: Connection) -> str:
    if connection.never_expires:
        return "It works, and its token never expires."
    if connection.left:
        return "Until then everything works."
    return "It works, and its token is renewed by itself." if connection.expires_at else "It works."


def _history(connection: Connection) -> dict[str, Any]:
    """The latest look, and those that changed something; how many passed; how long they took."""
    since = timezone.now() - timedelta(days=_DAYS)
    checks = connection.checks.select_related("asked_by").order_by("-at", "-pk")
    latest = checks.first()
    dull = [ConnectionCheck.Outcome.SAME]
    shown = list(checks.exclude(outcome__in=dull)[:_CHECKS_SHOWN])
    if latest and latest not in shown:
        shown.insert(0, latest)
    passed = Q(outcome__in=["same", "changed"])
    recent = connection.checks.filter(at__gte=since).aggregate(
        total=Count("pk"), passed=Count("pk", filter=passed)
    )
    timed = checks.filter(at__gte=since, milliseconds__gt=0)[:_TIMES]
    times = list(timed.values_list("milliseconds", flat=True))[::-1]
    return {
        "checks": shown,
        "checked": recent["total"],
        "passed": recent["passed"] / recent["total"] if recent["total"] else None,
        "times": times,
        "slowest": max(times, default=None),
    }


def _openings(connection: Connection) -> list[dict[str, Any]]:
    """How often the token was opened, and for what."""
    since = timezone.now().date() - timedelta(days=_DAYS)
    counted = connection.openings.filter(day__gte=since).values("purpose").annotate(total=Sum("count"))
    return [dict(one) for one in counted.order_by("-total")]
