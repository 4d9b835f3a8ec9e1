from typing import Any

from django.urls import reverse

from apps.ui.pulse import PulseLine

from .models import SOON, Connection


def tokens(user: Any) -> PulseLine | None:
    """The worst token: refused, or the next to end."""
    if not user.has_perm("team.view_connections"):
        return None
    connections = list(Connection.objects.exclude(state=Connection.State.DISCONNECTED))
    if not connections:
        return None
    url = reverse("connections:list")
    if refused := sum(c.state == Connection.State.REFUSED for c in connections):
        return PulseLine(label="Tokens", word=f"{refused} refused", kind="crit", url=url)
    if waiting := sum(c.state == Connection.State.NEEDS_OWNER for c in connections):
        return PulseLine(label="Tokens", word=f"{waiting} needs a login", kind="warn", url=url)
    days = [c.days_left for c in connections if c.days_left is not None]
    if not days:
        return PulseLine(label="Tokens", word="valid", kind="ok", url=url)
    left = min(days)
    if left < 0:
        return PulseLine(label="Tokens", word="expired", kind="crit", url=url)
    return PulseLine(label="Tokens", word=f"{left} d left", kind="warn" if left <= SOON else "ok", url=url)
