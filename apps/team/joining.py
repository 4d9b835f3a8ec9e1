"""Coming in by an invitation."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from apps.ui.access import public

from . import members
from .forms import JoinForm
from .models import Invitation

_KEPT_AS = "invitation"


@public()
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. The token moves into the session at once: addresses are kept in too many places."""
    request.session[_KEPT_AS] = token
    return redirect("team:join")


@sensitive_post_parameters("password", "again")
@public(methods=["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    found: Any = (
        Invitation.objects.open().by_token(request.session.get(_KEPT_AS, "")).select_related("user").first()
    )
    if found is None:
        return _gone(request)
    form = JoinForm(request.POST or None, person=found.user)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        person = members.accept(found, name=name, password=password, request=request)
        if person is None:
            return _gone(request)
        request.session.pop(_KEPT_AS, None)
        login = Login(user=person, email=person.email)
        response: HttpResponse = perform_password_login(request, {"email": person.email}, login)
        return response
    status = 422 if form.errors else 200
    return render(request, "team/join.html", {"form": form, "invitation": found}, status=status)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "team/invitation_gone.html", status=410)
