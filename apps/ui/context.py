from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from . import navigation, pulse

PRODUCT = "fbadmin"


class Shell:
    """What stands around every page. Nothing is worked out before a template asks for it."""

    product = PRODUCT

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def organisation(self) -> str:
        return str(getattr(settings, "ORGANISATION", ""))

    @property
    def theme(self) -> str:
        """`auto` follows the system; the script writes the cookie."""
        asked = self.request.COOKIES.get("theme", "")
        return asked if asked in {"light", "dark"} else "auto"

    @property
    def shortcuts(self) -> str:
        return "off" if self.request.COOKIES.get("shortcuts") == "off" else "on"

    @property
    def request_id(self) -> str:
        return str(getattr(self.request, "request_id", ""))

    @cached_property
    def sections(self) -> list[navigation.Section]:
        return navigation.sections(self.request.user, self.request.path)

    @property
    def keys(self) -> list[navigation.Link]:
        """Pages with a shortcut letter."""
        return [link for section in self.sections for link in section.links if link.entry.key]

    @cached_property
    def pulse(self) -> pulse.Pulse:
        return pulse.take(self.request.user)

    @property
    def two_factor_url(self) -> str:
        return _address("mfa_index")

    @property
    def password_url(self) -> str:
        return _address("account_change_password")

    @property
    def sessions_url(self) -> str:
        return _address("team:sessions")


def shell(request: HttpRequest) -> dict[str, Shell]:
    return {"shell": Shell(request)}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
