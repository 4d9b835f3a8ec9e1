"""The line about rate limits at the foot of the sidebar."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.connections.models import AdAccount
from apps.ui.pulse import Kind, PulseLine

from . import budgets


def rate_limits(user: Any) -> PulseLine | None:
    """The worst of the ad accounts that a person sees, and of the app."""
    accounts = None
    if not user.has_perm("team.view_all_accounts"):
        accounts = set(AdAccount.objects.visible_to(user).values_list("meta_id", flat=True))
    worst = budgets.worst(accounts)
    url = reverse("health:index") if user.has_perm("team.view_health") else ""
    if worst.blocked:
        word = "app blocked" if worst.app_is_blocked else f"{worst.blocked:,} blocked"
        return PulseLine(label="Rate limit", word=word, kind="crit", url=url)
    if worst.level is None:
        return None
    return PulseLine(label="Rate limit", word=f"{worst.level:.0f}%", kind=_kind(worst.level), url=url)


def _kind(level: float) -> Kind:
    if level >= settings.META_PACE_SLOW:
        return "warn"
    return "info" if level >= settings.META_PACE_TELL else "ok"
