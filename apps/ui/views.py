from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import kit
from .access import page


@page()
def pulse(request: HttpRequest) -> HttpResponse:
    """The foot of the sidebar, asked for every half minute."""
    return render(request, "ui/_pulse.html")


@page()
def parts(request: HttpRequest) -> HttpResponse:
    """Every part and every state on one page. For builders, so only routed with DEBUG."""
    return render(request, "ui/kit.html", kit.context())
