"""The first sentence of the health page: what is true, what is wrong, until when."""

import logging
from collections.abc import Callable, Iterable

from django.utils import timezone

from . import budgets
from .budgets import Budget
from .models import Alert
from .pages import HealthPage
from .rules import answers, background

logger = logging.getLogger(__name__)

# A kind of state, or empty for plain words, and the words.
Piece = tuple[str, str]


def of(page: HealthPage) -> list[Piece]:
    """A part that can not be read says so; the others still speak."""
    parts = [_part(name, about, page) for name, about in _ABOUT]
    pieces = [piece for part in parts for piece in part]
    if any(kind for kind, _ in pieces):
        return pieces
    return [("ok", "All quiet."), *pieces]


def _part(name: str, about: Callable[[HealthPage], list[Piece]], page: HealthPage) -> list[Piece]:
    try:
        return about(page)
    except Exception:
        logger.exception("The verdict can not tell of %s.", name)
        return [("none", f"Nothing is known of {name} right now.")]


def _foundation(page: HealthPage) -> list[Piece]:
    """What all the rest stands on: that background work runs, and that Meta answers."""
    firing = Alert.objects.open().filter(key__in=_FOUNDATION)
    return [(alert.severity, f"{alert.title}.") for alert in sorted(firing, key=lambda one: one.opened_at)]


def _limits(page: HealthPage) -> list[Piece]:
    known = page.budgets
    if not known.all:
        return [("", "Rate limits are known from the first call to Meta on.")]
    blocked = [one for one in known.all if one.state == budgets.BLOCKED]
    backing_off = _accounts(one for one in known.all if one.state == budgets.BACKING_OFF)
    pieces = []
    if blocked:
        ends = [one.until for one in blocked if one.until]
        until = f" until {timezone.localtime(max(ends)):%H:%M}" if ends else ""
        who = "The app is" if any(one.is_app_wide for one in blocked) else _are(_accounts(blocked))
        pieces.append(("crit", f"{who} blocked{until}."))
    if backing_off:
        pieces.append(("warn", f"{_are(backing_off)} near a limit, and slowed down by us."))
    return pieces or [("", "Every rate limit has room.")]


def _accounts(several: Iterable[Budget]) -> int:
    return len({one.object_id for one in several})


def _are(number: int) -> str:
    return "1 account is" if number == 1 else f"{number:,} accounts are"


def _tokens(page: HealthPage) -> list[Piece]:
    if not page.connections:
        return [("warn", "No token is connected, so nothing can be fetched.")]
    states = [(row.connection, *row.state) for row in page.connections]
    dead = [connection for connection, kind, _ in states if kind == "crit"]
    soon = [connection for connection, kind, _ in states if kind == "warn"]
    pieces = []
    if dead:
        pieces.append(("crit", f"{_tokens_are(len(dead))} dead."))
    if soon:
        left = min((one.days_left for one in soon if one.days_left is not None), default=None)
        when = "" if left is None else " today" if left < 1 else f" within {left + 1} days"
        words = f"{len(soon)} token{'' if len(soon) == 1 else 's'}"
        pieces.append(("warn", f"{words} need{'s' if len(soon) == 1 else ''} a person{when}."))
    return pieces or [("", "All tokens are valid." if len(states) > 1 else "The token is valid.")]


def _tokens_are(number: int) -> str:
    return "1 token is" if number == 1 else f"{number} tokens are"


def _data(page: HealthPage) -> list[Piece]:
    if not page.ages:
        return []
    on_time = sum(state.kind in {"ok", "info"} for state in page.ages)
    kind = "" if on_time == len(page.ages) else "warn"
    return [(kind, f"Data is on time for {on_time:,} of {len(page.ages):,} accounts.")]


_FOUNDATION = (background.KEY, answers.BROKEN_KEY, answers.SLOW_KEY)
_ABOUT = (
    ("background work and Meta's answers", _foundation),
    ("rate limits", _limits),
    ("tokens", _tokens),
    ("data", _data),
)
