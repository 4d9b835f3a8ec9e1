"""The ad accounts that whoever asks may see: where every page of this app begins."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from apps.connections.models import AdAccount


def account(request: HttpRequest, act: str) -> AdAccount:
    """The account, or a 404 that does not tell whether somebody else can see it."""
    seen = AdAccount.objects.visible_to(request.user)
    found: AdAccount = get_object_or_404(seen, meta_id=act.removeprefix("act_"))
    return found
