"""Who may open a page. Every view begins with one of these two decorators; a test looks for `view.access`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers

from . import errors

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Access:
    """What a view asks for. No permission: being signed in is enough. Not private: open to everybody."""

    permission: str
    methods: tuple[str, ...]
    private: bool = True

    def allows(self, method: str | None) -> bool:
        return method in self.methods or (method == "HEAD" and "GET" in self.methods)


def page(permission: str = "", *, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """A page for people who are signed in and hold the permission."""
    return _guard(Access(permission, tuple(methods)))


def public(*, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """A page that needs no sign-in, on purpose."""
    return _guard(Access("", tuple(methods), private=False))


def wants_partial(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for. Boosted and history requests want the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _guard(access: Access) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = _refusal(request, access) or view(request, *args, **kwargs)
            patch_vary_headers(response, ["HX-Request"])
            if access.private:
                # What was on the screen of a shared machine does not come back with the Back button.
                response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        guarded.access = access  # type: ignore[attr-defined]
        return guarded

    return decorate


def _refusal(request: HttpRequest, access: Access) -> HttpResponse | None:
    user: Any = request.user
    if access.private and not user.is_authenticated:
        return _to_sign_in(request)
    if access.permission and not user.has_perm(access.permission):
        raise PermissionDenied(access.permission)
    if not access.allows(request.method):
        return errors.method_not_allowed(request, access.methods)
    return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A page goes to sign-in and comes back. A part of a page keeps the page: app.js offers to sign in."""
    address = resolve_url(settings.LOGIN_URL)
    if wants_partial(request):
        return render(request, "ui/_session_ended.html", {"address": address}, status=401)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/", address)
