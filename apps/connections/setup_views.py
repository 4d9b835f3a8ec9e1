from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.team import audit
from apps.ui.access import page, wants_partial
from apps.ui.navigation import Badge

from . import setup as steps
from .models import SetupStep

MANAGE = "team.manage_connections"
KINDS = {"verified": "ok", "waiting": "waiting", "attention": "warn", "not_started": "none"}


def badge(user: Any) -> Badge | None:
    """Progress, until all is done."""
    rows = steps.rows()
    done = sum(row.state == SetupStep.State.VERIFIED for _, row in rows)
    return Badge(f"{done}/{len(rows)}") if done < len(rows) else None


@page(MANAGE)
def setup(request: HttpRequest) -> HttpResponse:
    rows = [_shown(step, row) for step, row in steps.rows()]
    done = sum(row["row"].state == SetupStep.State.VERIFIED for row in rows)
    for n, row in enumerate(rows):
        row["x"] = n * 100 + 2
    context = {"rows": rows, "done": done, "width": len(rows) * 100, "app_id": settings.META_APP_ID}
    return render(request, "connections/setup.html", context)


@page(MANAGE, methods=["POST"])
def check_all(request: HttpRequest) -> HttpResponse:
    """One after the other."""
    for step in steps.steps():
        if step.check:
            steps.check(step)
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
    return render(request, "connections/_setup_step.html", {"one": _shown(step, row), "open": True})


def _shown(step: steps.Step, row: SetupStep) -> dict[str, Any]:
    kind = KINDS[row.state]
    addresses = steps.redirect_addresses() if step.name == "redirects" else {}
    return {
        "step": step,
        "row": row,
        "kind": kind,
        "tone": "info" if kind == "waiting" else kind,
        "addresses": addresses,
    }
