"""allauth's pages for the second factor, where ours do more: trust on the code page, codes used once."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.internal.flows import trust
from allauth.mfa.recovery_codes.views import generate_recovery_codes
from allauth.mfa.totp.views import ActivateTOTPView, deactivate_totp
from allauth.mfa.webauthn.views import RemoveWebAuthnView, add_webauthn
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters

from apps.vault import SealBroken

from . import recording, second_factor

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


class Code(AuthenticateView):  # type: ignore[misc]
    """The page with the six-digit code. `trust` spares this browser the next fourteen days."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if self.request.POST.get("trust"):
            trust.trust_browser(self.request, self.stage.login.user, response)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = self.stage.login.user
        kinds = set(person.authenticator_set.values_list("type", flat=True))
        told: dict[str, Any] = super().get_context_data(**kwargs)
        return told | {"person": person, "kinds": kinds}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        wrong = any(form and form.is_bound for form in (context["form"], context.get("webauthn_form")))
        response: HttpResponse = super().render_to_response(context, status=422 if wrong else 200, **kwargs)
        return response


class Overview(IndexView):  # type: ignore[misc]
    """What a person has; and, where the role needs a second factor and there is none, that it comes first."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().get_context_data(**kwargs)
        return told | {"required": second_factor.lacks(self.request.user)}


class Pair(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.used_up(self.request.user, form.step)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().get_context_data(**kwargs)
        return told | {"required": second_factor.lacks(self.request.user)}

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


class RemoveKey(RemoveWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        if second_factor.is_last_required(self.get_object()):
            messages.error(
                self.request, second_factor.MFAAdapter.error_messages["cannot_delete_authenticator"]
            )
            return redirect("mfa_list_webauthn")
        response: HttpResponse = super().form_valid(form)
        return response


def recorded(view: View) -> View:
    """A change of somebody's factors and its entries in the audit trail, in one transaction.

    The entries come last: sealing may be a call to where the keys are, and meanwhile nobody else's entry waits.
    """

    @wraps(view)
    def change(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST" or not request.user.is_authenticated:
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                before = recording.factors_of(request.user)
                response = view(request, *args, **kwargs)
                recording.factors_changed(before, by=request.user, request=request)
        except SealBroken as away:
            logger.exception("A second factor of person %s could not be sealed: %s", request.user.pk, away)
            messages.error(request, second_factor.NOT_SEALED)
            return redirect("mfa_index")
        return response

    return change


overview = Overview.as_view()
code = sensitive_post_parameters("code")(Code.as_view())
pair = sensitive_post_parameters("code")(recorded(Pair.as_view()))
unpair = recorded(deactivate_totp)
new_recovery_codes = recorded(generate_recovery_codes)
add_key = recorded(add_webauthn)
remove_key = recorded(RemoveKey.as_view())


def handled(request: HttpRequest) -> bool:
    """Pages that stay open to somebody who must pair a second factor first."""
    match = request.resolver_match
    return match is not None and (match.view_name in _BEFORE_PAIRING)


_BEFORE_PAIRING = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
    "mfa_view_recovery_codes",
    "mfa_reauthenticate",
    "account_reauthenticate",
    "account_logout",
    "account_login",
}
