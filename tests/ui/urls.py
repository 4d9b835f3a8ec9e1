"""A small site around the furniture: some pages of the navigation exist, others do not."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from apps.ui.access import page, public
from apps.ui.htmx import toast


@page("team.view_performance")
def performance(request: HttpRequest) -> HttpResponse:
    return HttpResponse("numbers")


@page("team.manage_connections", methods=["POST"])
def check(request: HttpRequest) -> HttpResponse:
    return toast(HttpResponse("checked"), "Checked", undo="/undo/")


@public()
def open_to_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret detail")


def named(app: str, **pages: str):
    return include(([path(address, performance, name=name) for name, address in pages.items()], app))


urlpatterns = [
    path("", include("apps.ui.urls")),
    path("", include("apps.team.urls")),
    path("start/", performance, name="overview"),
    path("performance/", performance),
    path("reporting/", named("reporting", performance="performance/", accounts="accounts/")),
    path("connections/", named("connections", list="", setup="setup/")),
    path("check/", check),
    path("open/", open_to_all),
    path("broken/", broken),
]

handler400 = "apps.ui.errors.bad_request"
handler403 = "apps.ui.errors.permission_denied"
handler404 = "apps.ui.errors.not_found"
handler500 = "apps.ui.errors.server_error"
