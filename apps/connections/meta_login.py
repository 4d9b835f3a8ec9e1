"""allauth's Facebook provider for the login at Meta: dialog, one-time state, callback. Nobody is signed in by it.

Addresses and the app come from the settings each time; the code is redeemed by our own client; what comes of it is
stored by `logins`, and allauth's flow is left before it would keep anything.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from allauth.socialaccount.providers.facebook.provider import FacebookProvider
from allauth.socialaccount.providers.facebook.views import FacebookOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.graphapi import GraphError

from . import endings, logins
from .endings import Ended
from .logins import Aim


class Dialog(OAuth2Client):  # type: ignore[misc]
    """Writes the dialog's address: scopes, or the configuration that takes their place."""

    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: dict[str, str]) -> str:
        asked = {"scope": ",".join(scope)} if scope else {}
        params = {
            "client_id": self.consumer_key,
            "redirect_uri": self.callback_url,
            "response_type": "code",
            "state": self.state,
            **asked,
            **extra_params,
        }
        return f"{authorization_url}?{urlencode(params)}"


class MetaAdapter(FacebookOAuth2Adapter):  # type: ignore[misc]
    client_class = Dialog

    @property
    def authorize_url(self) -> str:
        return f"{settings.META_DIALOG_URL}/{settings.META_API_VERSION}/dialog/oauth"

    @property
    def access_token_url(self) -> str:
        return f"{settings.META_GRAPH_URL}/{settings.META_API_VERSION}/oauth/access_token"

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """One address whatever host the person came by: Meta compares it to the letter."""
        return logins.callback_address()

    def get_access_token_data(self, request: HttpRequest, app: Any, client: Any, **_: Any) -> dict[str, str]:
        try:
            return {"access_token": logins.redeem(request.GET.get("code", ""))}
        except GraphError as error:
            raise OAuth2Error("The code was not taken") from error

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **_: Any) -> Any:
        """Who it is, Meta is asked by `logins`; nothing of this is ever saved."""
        return SocialLogin(
            provider=self.get_provider(), account=SocialAccount(provider=self.provider_id, uid="")
        )


class MetaProvider(FacebookProvider):  # type: ignore[misc]
    oauth2_adapter_class = MetaAdapter


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The one provider, with the app that the settings name; and what is done with an answer of Meta's."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> MetaProvider:
        app = SocialApp(
            provider=provider, client_id=settings.META_APP_ID, secret=settings.META_APP_SECRET, name="Meta"
        )
        return MetaProvider(request, app=app)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Always leaves here, so no account, token or sign-in comes of it."""
        aim = _aim(sociallogin.state)
        ended: Any
        try:
            ended = logins.arrive(request, aim, sociallogin.token.token)
        except Ended as over:
            ended = over.ending
        raise ImmediateHttpResponse(_land(request, aim, ended))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        state = (extra_context or {}).get("state")
        if not state:
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("connections:login-unknown")))
        aim = _aim(state)
        cause = exception.__cause__ if exception else None
        if error == AuthError.CANCELLED:
            ending = endings.denied()
        elif isinstance(cause, GraphError):
            ending = endings.from_error(cause, public=bool(aim.link))
        else:
            ending = endings.dialog_error(
                "".join(c for c in request.GET.get("error", "") if c.isalnum() or c == "_")[:40]
            )
        raise ImmediateHttpResponse(_land(request, aim, ending))


def go(request: HttpRequest, aim: Aim, *, again: bool = False) -> HttpResponse:
    """To the dialog. Nothing changes here but that the browser's session has one more state."""
    params = {"auth_type": "rerequest"} if again else {}
    scope = aim.scopes
    if settings.META_LOGIN_CONFIG_ID:
        scope = []
        params |= {"config_id": settings.META_LOGIN_CONFIG_ID, "override_default_response_type": "true"}
    provider = SocialAdapter(request).get_provider(request, MetaAdapter.provider_id)
    response: HttpResponse = provider.redirect(
        request, AuthProcess.CONNECT, data=logins.as_state(aim), scope=scope, auth_params=params
    )
    return response


def come_back(request: HttpRequest) -> HttpResponse:
    """What Meta sent the person back with. Always leads on to an address without a code in it."""
    if before := logins.landed(request, request.GET.get("state", "")):
        return HttpResponseRedirect(before)
    response: HttpResponse = OAuth2CallbackView.adapter_view(MetaAdapter)(request)
    return response


def _aim(state: dict[str, Any]) -> Aim:
    return Aim(**state["data"])


def _land(request: HttpRequest, aim: Aim, ended: Any) -> HttpResponse:
    return HttpResponseRedirect(logins.land(request, request.GET.get("state", ""), aim, ended))
