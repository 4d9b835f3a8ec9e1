from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.team import audit
from apps.ui.access import page, wants_partial
from apps.ui.navigation import Badge

from . import setup as steps
from .models import SetupStep

MANAGE = "team.manage_connections"
# Seconds that somebody without JavaScript waits for all checks.
_WAIT = 15.0
KINDS = {"verified": "ok", "waiting": "waiting", "attention": "warn", "not_started": "none"}


def badge(user: Any) -> Badge | None:
    """Progress, until all is done."""
    rows = steps.rows()
    done = sum(row.state == SetupStep.State.VERIFIED for _, row in rows)
    return Badge(f"{done}/{len(rows)}") if done < len(rows) else None


@page(MANAGE)
def setup(request: HttpRequest) -> HttpResponse:
    rows = [_shown(step, row) for step, row in steps.rows()]
    if all(one["row"].state == SetupStep.State.NOT_STARTED for one in rows):
        rows[0]["open"] = True
    context = {"rows": rows, **_progress(rows), "app_id": settings.META_APP_ID}
    return render(request, "connections/setup.html", context)


def _progress(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How far it is, as a number and as a strip with one piece for each step."""
    done = sum(one["row"].state == SetupStep.State.VERIFIED for one in rows)
    pieces = [(place * 100 + 2, one["tone"]) for place, one in enumerate(rows)]
    return {"done": done, "pieces": pieces, "width": len(rows) * 100}


@page(MANAGE, methods=["POST"])
def check_all(request: HttpRequest) -> HttpResponse:
    """One after the other: by the page where it can, each step for itself, or here, for as long as one may wait."""
    if wants_partial(request):
        rows = [_shown(step, row) | {"waits": bool(step.check)} for step, row in steps.rows()]
        return render(request, "connections/_setup_steps.html", {"rows": rows})
    if left := steps.check_for(_WAIT):
        many = "1 step was" if left == 1 else f"{left} steps were"
        messages.warning(
            request, f"Meta answers slowly: {many} not looked at. Press “Check all again” to go on."
        )
    return redirect("connections:setup")


@page(MANAGE, methods=["POST"])
def check(request: HttpRequest, name: str) -> HttpResponse:
    step = _step(name, live=True)
    return _answer(request, step, steps.check(step))


@page(MANAGE, methods=["POST"])
def mark(request: HttpRequest, name: str) -> HttpResponse:
    step = _step(name, live=False)
    done = request.POST.get("done") == "yes"
    row = steps.mark(step, request.user, done=done)
    detail = "done" if done else "not done"
    audit.record("setup.marked", by=request.user, thing=step.title, detail=detail, request=request)  # type: ignore[arg-type]
    return _answer(request, step, row)


def _step(name: str, *, live: bool) -> steps.Step:
    for step in steps.steps():
        if step.name == name and bool(step.check) == live:
            return step
    raise Http404("There is no such step")


def _answer(request: HttpRequest, step: steps.Step, row: SetupStep) -> HttpResponse:
    if not wants_partial(request):
        return redirect("connections:setup")
    one = _shown(step, row) | {"open": "all" not in request.POST}
    rows = [_shown(*known) for known in steps.rows()]
    return render(request, "connections/_setup_answer.html", {"one": one, **_progress(rows)})


def _shown(step: steps.Step, row: SetupStep) -> dict[str, Any]:
    kind = KINDS[row.state]
    return {"step": step, "row": row, "kind": kind, "tone": "info" if kind == "waiting" else kind}
