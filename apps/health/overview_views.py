from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.ui.access import page

from . import overview


@page()
def today(request: HttpRequest) -> HttpResponse:
    """Where everybody lands: what needs them today."""
    return render(
        request, "health/overview.html", {"overview": overview.of(request.user), "now": timezone.now()}
    )
