"""What a person does about an error: numbered steps with buttons, and whom to call. For every row of the catalogue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from apps.graphapi import Category, Entry, Retry, Who
from apps.ui import formats


@dataclass(frozen=True)
class Button:
    """`outside`: it leads to Meta."""

    label: str
    url: str
    icon: str = "arrow-right"
    outside: bool = False


@dataclass(frozen=True)
class Step:
    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where it happened. `connections`: (id, name), `accounts`: (bare id, name), the most touched first."""

    connections: Sequence[tuple[str, str]] = ()
    accounts: Sequence[tuple[str, str]] = ()
    # When the closed allowance opens.
    opens_at: datetime | None = None
    # Names of whom to call.
    admins: Sequence[str] = ()
    # The address of the group's own page, where the text for support stands.
    page: str = ""


@dataclass(frozen=True)
class Advice:
    """`call`: whom, in a sentence. The first step is the one that matters."""

    steps: tuple[Step, ...]
    call: str

    @property
    def next(self) -> Step:
        return self.steps[0]


# Pairs whose button is not that of their category.
_APP = {(3, None), (270, None), (294, None), (1885183, None), (None, 1885183), (2200, None), (100, 36008)}
_IDENTITY = {(10, 2332002)}
_BILLING = {(None, 1487470)}
_CHECKPOINT = {(190, 459), (190, 464)}
_BILLING_PAGE = "https://business.facebook.com/billing_hub/accounts/details"
_ADS_MANAGER = "https://adsmanager.facebook.com/adsmanager/manage/campaigns"


def of(entry: Entry, place: Place = Place()) -> Advice:
    first = Step(entry.action, tuple(_buttons(entry, place)))
    return Advice((first, *_then(entry, place)), _call(entry, place))


# --- the steps after the first ---------------------------------------------------------------------


def _then(entry: Entry, place: Place) -> Iterable[Step]:
    if entry.category is Category.RATE_LIMIT and place.opens_at:
        yield Step(
            f"Meta lets calls through again at {formats.clock(place.opens_at)}, {formats.ago(place.opens_at)}."
        )
    yield from _BY_WHO[entry.who](entry, place)
    yield Step(_AT_THE_END[entry.retry])


def _nobody(entry: Entry, place: Place) -> Iterable[Step]:
    if entry.retry is Retry.SMALLER:
        yield Step("Nothing to do: the program splits the question by itself and asks again.")
    elif entry.category is Category.RATE_LIMIT:
        yield Step("Nothing to do: what was put off is made up for by itself.")
    else:
        yield Step(
            "Nothing to do as long as it happens now and then: most such calls succeed the second time."
        )


def _engineer(entry: Entry, place: Place) -> Iterable[Step]:
    yield Step("Tell whoever runs this program, and send the link to this page.")
    if entry.category is Category.UNKNOWN:
        yield Step("If they do not know it either, send Meta the text for support.", (_support(place),))


def _admin(entry: Entry, place: Place) -> Iterable[Step]:
    yield Step(f"If you are no admin, ask one: {_names(place.admins)}.")


def _owner(entry: Entry, place: Place) -> Iterable[Step]:
    whose = " and ".join(name for _, name in place.accounts[:2]) or "the ad account"
    yield Step(f"If you do not manage {whose} yourself, call whoever does and read them the line above.")


def _meta(entry: Entry, place: Place) -> Iterable[Step]:
    yield Step("Send Meta the text for support. It holds no token and no personal data.", (_support(place),))


_BY_WHO = {
    Who.NOBODY: _nobody,
    Who.ENGINEER: _engineer,
    Who.ADMIN: _admin,
    Who.ACCOUNT_OWNER: _owner,
    Who.META: _meta,
}

_AT_THE_END = {
    Retry.NEVER: "When it is done, press Resolve. If the error comes back, it opens again by itself.",
    Retry.ONCE: "When it is done, press Resolve. If the error comes back, it opens again by itself.",
    Retry.LATER: "If it comes every day, tell whoever runs this program; else press Resolve when it is over.",
    Retry.SOON: "If it goes on for more than an hour, look at Meta's status page; else press Resolve.",
    Retry.SMALLER: "Press Resolve. If it comes every day, tell whoever runs this program.",
}


# --- whom to call ----------------------------------------------------------------------------------


def _call(entry: Entry, place: Place) -> str:
    if entry.who is Who.NOBODY:
        return "Nobody has to be called."
    if entry.who is Who.ENGINEER:
        return f"Call whoever runs this program; if you do not know who that is, ask an admin: {_names(place.admins)}."
    if entry.who is Who.ADMIN:
        return f"Call an admin: {_names(place.admins)}."
    if entry.who is Who.META:
        return "Write to Meta support with the text for support."
    whose = ", ".join(name for _, name in place.accounts[:3])
    return f"Call whoever manages the ad account{f' ({whose})' if whose else ''} and pays for it."


def _names(admins: Sequence[str]) -> str:
    return ", ".join(admins[:3]) or "an admin of this installation"


# --- buttons ---------------------------------------------------------------------------------------


def _buttons(entry: Entry, place: Place) -> Iterable[Button]:
    pair = entry.code, entry.subcode
    if pair in _APP:
        yield _at_meta(
            "Open the app at Meta", f"https://developers.facebook.com/apps/{settings.META_APP_ID}/"
        )
    elif pair in _IDENTITY:
        yield _at_meta("Confirm the identity at Meta", "https://www.facebook.com/ID")
    elif pair in _BILLING:
        yield _at_meta("Open billing at Meta", _ad_account(_BILLING_PAGE, "asset_id", place))
    elif entry.category in (Category.AUTH, Category.PERMISSION):
        if pair in _CHECKPOINT:
            yield _at_meta("Open facebook.com", "https://www.facebook.com/")
        yield from _reconnect(entry, place)
    elif entry.category is Category.POLICY:
        yield _at_meta("Open account quality at Meta", "https://www.facebook.com/accountquality/")
    elif entry.category is Category.ACCOUNT or entry.who is Who.ACCOUNT_OWNER:
        yield _at_meta("Open Ads Manager", _ad_account(_ADS_MANAGER, "act", place))
    elif entry.category is Category.RATE_LIMIT:
        yield from _accounts(place)
    elif entry.category is Category.TRANSIENT:
        yield _at_meta("Meta's status page", "https://metastatus.com/")
    elif entry.category is Category.VERSION:
        yield _at_meta(
            "Versions at Meta", "https://developers.facebook.com/docs/graph-api/changelog/versions/"
        )
    elif entry.category is Category.UNKNOWN:
        yield _support(place)
    elif entry.who is Who.ADMIN:
        yield Button("Open set-up", reverse("connections:setup"), "list-checks")


def _reconnect(entry: Entry, place: Place) -> Iterable[Button]:
    word = "Reconnect" if entry.category is Category.AUTH else "Look at"
    for pk, name in place.connections[:2]:
        yield Button(f"{word} {name}", reverse("connections:detail", args=[pk]), "plug")
    if not place.connections:
        yield Button("Open connections", reverse("connections:list"), "plug")


def _accounts(place: Place) -> Iterable[Button]:
    for digits, name in place.accounts[:1]:
        yield Button(f"Open {name}", reverse("reporting:account", args=[f"act_{digits}"]), "wallet-cards")


def _support(place: Place) -> Button:
    return Button("Text for Meta support", f"{place.page}#support", "copy")


def _at_meta(label: str, url: str) -> Button:
    return Button(label, url, "external-link", outside=True)


def _ad_account(address: str, name: str, place: Place) -> str:
    """With the ad account chosen where there is only one."""
    return f"{address}?{name}={place.accounts[0][0]}" if len(place.accounts) == 1 else address
