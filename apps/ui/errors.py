"""Whole-page errors. Inside the shell for people who are signed in, plain for everybody else."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from .context import Shell


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Plain and without the database: the request itself may be what is wrong."""
    return _alone(request, "400.html", 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "403.html", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, "403_csrf.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "404.html", 404)


def method_not_allowed(request: HttpRequest, methods: Sequence[str]) -> HttpResponse:
    response = _page(request, "405.html", 405, methods=methods)
    response.headers["Allow"] = ", ".join(methods)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Static: whatever broke may be the database, the session or a context processor."""
    return _alone(request, "500.html", 500)


def _page(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
    frame = "ui/base.html" if signed_in else "ui/plain.html"
    return render(request, template, {"frame": frame, **context}, status=status)


def _alone(request: HttpRequest, template: str, status: int) -> HttpResponse:
    context = {"frame": "ui/plain.html", "shell": Shell(request)}
    return HttpResponse(render_to_string(template, context), status=status)
