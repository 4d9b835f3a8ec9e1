from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from apps.ui.access import wants_partial

from . import second_factor
from .second_factor_views import handled

_SEEN_EVERY = timedelta(minutes=1)


class SecondFactorMiddleware:
    """Who must have a second factor and has none is led to pairing one, before any other page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        person: Any = request.user
        if not person.is_authenticated or handled(request) or not second_factor.lacks(person):
            return None
        there = redirect("mfa_index")
        return HttpResponseClientRedirect(there.url) if wants_partial(request) else there


class LastSeenMiddleware:
    """Keeps when a session was last used, to the minute: one statement that seldom writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            now = timezone.now()
            UserSession.objects.filter(session_key=key, last_seen_at__lt=now - _SEEN_EVERY).update(
                last_seen_at=now
            )
        return self.get_response(request)
