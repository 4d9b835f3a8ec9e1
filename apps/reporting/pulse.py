from typing import Any

from django.urls import reverse

from apps.connections.models import AdAccount
from apps.ui import formats
from apps.ui.pulse import PulseLine

from . import freshness


def synced(user: Any) -> PulseLine | None:
    """The age of the oldest numbers among the ad accounts a person sees."""
    if not user.has_perm("team.view_performance"):
        return None
    states = freshness.of(AdAccount.objects.visible_to(user).only("meta_id")).values()
    if not states:
        return None
    url = reverse("reporting:accounts")
    if failed := sum(state.kind == "crit" for state in states):
        return PulseLine(label="Synced", word=f"{failed} failed", kind="crit", url=url)
    ages = [state.at for state in states if state.at]
    if not ages:
        return PulseLine(label="Synced", word="not yet", kind="info", url=url)
    oldest = min(ages)
    late = any(state.kind == "warn" for state in states)
    return PulseLine(
        label="Synced", word=f"{formats.age(oldest)} ago", kind="warn" if late else "ok", url=url
    )
