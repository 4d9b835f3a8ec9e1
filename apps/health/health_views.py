"""The health page. Only stored rows are read, so it stands when Meta is away."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.ui.access import page, wants_partial

from . import verdicts
from .pages import HealthPage
from .panels import BY_ID, PANELS, Panel
from .questions import Question
from .spans import SPANS

logger = logging.getLogger(__name__)


@page("team.view_health")
def index(request: HttpRequest) -> HttpResponse:
    """All of it, or the one panel that looks for news."""
    health = HealthPage(Question.of(request.GET))
    partial = wants_partial(request)
    if partial and (panel := BY_ID.get(request.htmx.target or "")):  # type: ignore[attr-defined]
        return HttpResponse(_drawn(panel, health, request, alone=True))
    context = {
        "panels": [_drawn(panel, health, request) for panel in PANELS],
        "question": health.question,
        "spans": SPANS.values(),
        "now": health.now,
        "verdict": verdicts.of(health),
    }
    return render(request, "health/_results.html" if partial else "health/index.html", context)


def _drawn(panel: Panel, health: HealthPage, request: HttpRequest, *, alone: bool = False) -> SafeString:
    """A fault stays in its panel: it is logged, and told in its place."""
    context = {
        "panel": panel, "question": health.question, "now": health.now, "alone": alone,
        "here": request.get_full_path(), "watch": int(settings.META_PACE_TELL), "slow": int(settings.META_PACE_SLOW),
    }  # fmt: skip
    try:
        return render_to_string(panel.template, context | panel.told(health), request)
    except Exception:
        logger.exception("The panel %s of the health page failed.", panel.name)
        return render_to_string("health/_failed.html", context, request)
