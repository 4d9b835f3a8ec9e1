"""The addresses Meta calls when a person removes the app or wants their data deleted, and the page they may look at."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from apps.graphapi import BadSignedRequest, SignedRequest
from apps.ui.access import public

from . import callbacks
from .models import UserCallback

_LONGEST_BODY = 16_384


@csrf_exempt
@public(methods=["POST"])
def deauthorize(request: HttpRequest) -> HttpResponse:
    try:
        callbacks.deauthorize(_told(request))
    except BadSignedRequest as wrong:
        return _refused(wrong)
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
@public(methods=["POST"])
def data_deletion(request: HttpRequest) -> HttpResponse:
    try:
        callback = callbacks.delete(_told(request))
    except BadSignedRequest as wrong:
        return _refused(wrong)
    url = settings.SITE_URL + reverse("connections:deletion_status", args=[callback.code])
    return JsonResponse({"url": url, "confirmation_code": callback.code})


@public()
def status(request: HttpRequest, code: str) -> HttpResponse:
    callback = get_object_or_404(UserCallback, code=code[:40], kind=UserCallback.Kind.DELETION)
    return render(request, "connections/deletion.html", {"callback": callback})


def _told(request: HttpRequest) -> SignedRequest:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > _LONGEST_BODY:
        raise BadSignedRequest("The body is too large.")
    return callbacks.read(request.POST.get("signed_request", ""))


def _refused(wrong: BadSignedRequest) -> HttpResponse:
    return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain")
