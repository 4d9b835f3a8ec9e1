"""One's own sessions."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.ui.access import page

from . import audit, members


@page()
def sessions(request: HttpRequest) -> HttpResponse:
    mine = UserSession.objects.filter(user=request.user).order_by("-last_seen_at")
    return render(request, "team/sessions.html", {"sessions": mine, "here": request.session.session_key})


@page(methods=["POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    by: Any = request.user
    chosen = get_object_or_404(UserSession, pk=pk, user=by)
    members.end_session(chosen, by=by, request=request)
    messages.success(request, "That browser is signed out.")
    return redirect("team:sessions")


@page(methods=["POST"])
def end_others(request: HttpRequest) -> HttpResponse:
    """Everywhere but here."""
    me: Any = request.user
    me.end_sessions()
    update_session_auth_hash(request, me)  # this one goes on, under a new key
    for session in UserSession.objects.filter(user=me):
        session.end()
    UserSession.objects.create_from_request(request)
    audit.record("session.ended", by=me, thing=me.email, detail="all others", request=request)
    messages.success(request, "All other browsers are signed out.")
    return redirect("team:sessions")
