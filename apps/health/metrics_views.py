"""`/metrics` for Prometheus: a bearer token where one is set, otherwise this machine alone."""

import ipaddress
import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from apps.ui.access import public

from . import metrics

logger = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
# Who comes past a proxy is not this machine, whatever the socket says.
_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO",
            "HTTP_X_FORWARDED_HOST")  # fmt: skip


@public()
def show(request: HttpRequest) -> HttpResponse:
    if refusal := _refusal(request):
        return refusal
    try:
        return HttpResponse(metrics.text(), content_type=metrics.CONTENT_TYPE)
    except DatabaseError:
        logger.exception("The metrics could not be read.")
        return HttpResponse("The database does not answer.\n", status=503, content_type=_PLAIN)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if settings.METRICS_TOKEN:
        if _shows(request, settings.METRICS_TOKEN):
            return None
        told = "Send METRICS_TOKEN as a bearer token: Authorization: Bearer ...\n"
        return HttpResponse(told, status=401, content_type=_PLAIN, headers={"WWW-Authenticate": "Bearer"})
    if _is_this_machine(request):
        return None
    told = "Only this machine may read the metrics. Set METRICS_TOKEN to let a scraper in from elsewhere.\n"
    return HttpResponse(told, status=403, content_type=_PLAIN)


def _shows(request: HttpRequest, wanted: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(given.strip(), wanted)


def _is_this_machine(request: HttpRequest) -> bool:
    if any(name in request.META for name in _PROXIES):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
