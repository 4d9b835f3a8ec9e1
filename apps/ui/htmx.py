from django.http import HttpResponse
from django_htmx.http import trigger_client_event


def toast(response: HttpResponse, text: str, *, undo: str = "") -> HttpResponse:
    """Say something short beside an htmx answer; `undo` is the address that takes it back."""
    detail: dict[str, object] = {"text": text}
    if undo:
        detail["action"] = {"label": "Undo", "url": undo}
    return trigger_client_event(response, "toast", detail)
