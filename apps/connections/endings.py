"""How a login at Meta can end without a connection: what happened, and the way on. One page shows them all."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.graphapi import BadAnswer, GraphError, ServerFault, Throttled, Unreachable

from . import tokens
from .models import Connection

# Meta's subcodes for a code of the dialog that it does not take.
_EXPIRED, _OTHER_ADDRESS, _USED = 36007, 36008, 36009
_NOT_TOLD = {1, 101}  # the app's secret, the app's id


@dataclass(frozen=True)
class Ending:
    """`name` is what the audit trail and the log call it. `actions`: words and addresses, the first one stands out."""

    name: str
    title: str
    text: str
    more: str = ""
    status: int = 422
    actions: list[list[str]] = field(default_factory=list)


class Ended(Exception):
    """The login is over. Nothing was stored."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.title)
        self.ending = ending


def denied() -> Ending:
    return Ending(
        "denied",
        "You said no at Meta",
        "The dialog at Meta was cancelled, so nothing was connected and nothing was stored.",
        "If it was a slip, start again. If you would rather not give access, there is nothing more to do.",
        status=200,
    )


def needed_scope(granted: list[str]) -> Ending:
    has = ", ".join(granted) or "nothing"
    return Ending(
        "scope_missing",
        f"Without {tokens.NEEDED_SCOPE} nothing can be read",
        f"At Meta the box for {tokens.NEEDED_SCOPE} was not ticked; what was granted is {has}. Reading ad accounts "
        "needs it, so nothing was connected and nothing was stored.",
        "Meta asks for it again when you press the button. Leave the box ticked there.",
    )


def other_person(expected: str, came: str) -> Ending:
    return Ending(
        "other_person",
        "That was somebody else",
        f"This connection belongs to {expected}. At Meta {came} was logged in. Nothing was changed and nothing was "
        "stored.",
        f"Log out at Meta, or open a private window, and log in there as {expected}.",
    )


def from_error(error: GraphError, *, public: bool) -> Ending:
    """Meta did not take the code, or could not be asked. `public`: for somebody who does not run this installation."""
    if error.subcode == _USED:
        return Ending(
            "code_used",
            "This login was used already",
            "Meta gives a code that is good once, and this one was used before. Nothing was stored this time.",
            "Start again; if you have agreed before, Meta asks for one click.",
        )
    if error.subcode == _EXPIRED:
        return Ending(
            "code_expired",
            "This login came too late",
            "The code that Meta gave is good for a few minutes, and they are over. Nothing was stored.",
            "Start again and come straight back.",
        )
    if error.subcode == _OTHER_ADDRESS or error.code == 191:
        return _other_address(public=public)
    if error.code in _NOT_TOLD and not isinstance(error, Unreachable | BadAnswer) and error.status == 400:
        return _app_refused(error, public=public)
    if isinstance(error, Unreachable | BadAnswer | ServerFault | Throttled):
        return unreachable(str(error), public=public)
    return Ending(
        "refused_by_meta",
        "Meta did not accept the login",
        "Meta took back what it had just given. Nothing was stored.",
        "Start again. If it happens twice, show this to whoever runs the dashboard. " + _told(error),
    )


def _other_address(*, public: bool) -> Ending:
    title = "Meta was told another address"
    text = "Meta gives access only to the very address that the login began with, and that one has changed."
    if public:
        return Ending("redirect_changed", title, f"{text} Nothing was stored.", _TELL_THEM)
    return Ending(
        "redirect_changed",
        title,
        f"{text} Nothing was stored.",
        f"Enter {settings.SITE_URL}{reverse('connections:login-callback')} among the valid OAuth redirect URIs of the "
        "app, exactly so, and check SITE_URL. The set-up page has it to copy.",
        actions=[["Open the set-up page", reverse("connections:setup")]],
    )


def _app_refused(error: GraphError, *, public: bool) -> Ending:
    title = "Meta does not accept this installation's app"
    if public:
        return Ending("app_refused", title, "It is not your fault. Nothing was stored.", _TELL_THEM)
    return Ending(
        "app_refused",
        title,
        "Meta says that the app's id and its secret do not belong together. Nothing was stored.",
        f"Check META_APP_ID and META_APP_SECRET and restart, then begin again. {_told(error)}",
        actions=[["Open the set-up page", reverse("connections:setup")]],
    )


def unreachable(detail: str, *, public: bool) -> Ending:
    return Ending(
        "unreachable",
        "Meta did not answer",
        "You were logged in at Meta, and then Meta could not be asked what was granted. Nothing was stored.",
        "Start again in a few minutes." if public else f"Start again in a few minutes. {detail}",
    )


def refused(refusal: tokens.Refusal, *, public: bool) -> Ending:
    """What the check of the token came to."""
    if isinstance(refusal, tokens.ScopeMissing):
        return needed_scope(list(refusal.info.scopes) if refusal.info else [])
    if isinstance(refusal, tokens.Unchecked):
        return unreachable(str(refusal), public=public)
    if isinstance(refusal, tokens.NameRefused):
        return Ending("name_taken", "The name is taken by now", str(refusal), _TELL_THEM)
    return Ending(
        "token_refused",
        "Meta gave an access that can not be used",
        "It is over already, or of a kind that reads no ad accounts. Nothing was stored.",
        "Start again. If it happens twice, show this to whoever runs the dashboard."
        + (f" Meta says: {refusal.message}" if refusal.message and not public else ""),
    )


def dialog_error(code: str) -> Ending:
    told = f" (it says {code})" if code else ""
    return Ending(
        "dialog_error",
        "The dialog at Meta came to no end",
        f"Meta sent you back without an answer{told}. Nothing was stored.",
        "Start again. If it happens twice, look whether the app is live at Meta and whether you have a role in it.",
    )


def not_allowed() -> Ending:
    return Ending(
        "not_allowed",
        "You may not connect ad accounts any more",
        "While you were at Meta your rights here have changed. Nothing was stored.",
        "Ask an admin to connect them, or to give you back the role.",
        status=403,
    )


def unknown(*, signed_in: bool) -> Ending:
    """A state that this browser did not get from us, used before, or older than ten minutes."""
    text = (
        "What came from Meta does not belong to a login that was begun here in the last ten minutes, in this browser "
        f"and at {settings.SITE_URL}. It was not looked at, and nothing was stored."
    )
    if signed_in:
        more = (
            "Start again. If you did not begin a login at all, somebody may have sent you a forged link: "
            "close this page."
        )
        return Ending(
            "unknown_state", "This login was not begun here", text, more, 400,
            [["Start again", reverse("connections:new-login")], ["All connections", reverse("connections:list")]],
        )  # fmt: skip
    more = (
        "If you are an admin, your sign-in ended while you were at Meta: sign in and start again. If you came by a "
        "link from a mail, open that link again in this browser; it was not used up."
    )
    on = f"{reverse('account_login')}?next={reverse('connections:new-login')}"
    return Ending(
        "unknown_state", "This login was not begun here", text, more, 400, [["Sign in and start again", on]]
    )


def link_gone(*, signed_in: bool = False) -> Ending:
    actions = [["All connections", reverse("connections:list")]] if signed_in else []
    return Ending(
        "link_gone",
        "This link does not work any more",
        "It was used already, replaced by a newer one, or is older than 24 hours. Nothing was stored.",
        "If you have not logged in yet, ask whoever sent it for a new one.",
        410,
        actions,
    )


def link_unknown() -> Ending:
    return Ending(
        "link_unknown",
        "There is no such link",
        "The address is not complete, or was changed on the way.",
        "Open the link from the mail once more, or copy all of it, to the last character.",
        404,
    )


def over(*, public: bool) -> Ending:
    actions = (
        []
        if public
        else [["Connect", reverse("connections:new")], ["All connections", reverse("connections:list")]]
    )
    return Ending(
        "over",
        "This step is over",
        "What waited here was saved, thrown away, or is older than 15 minutes. A token does not wait longer.",
        "Open the link from the mail once more."
        if public
        else "Look at the list of connections whether it is there, or begin again.",
        410,
        actions,
    )


def of_connection(connection: Connection) -> str:
    return connection.subject_name or connection.subject_id


_TELL_THEM = "Please tell whoever sent you the link. They can mend it and send you a new one."


def _told(error: GraphError) -> str:
    subcode = f"/{error.subcode}" if error.subcode is not None else ""
    trace = f", fbtrace_id {error.fbtrace_id}" if error.fbtrace_id else ""
    return f"(Meta: {error.code}{subcode}{trace})" if error.code is not None else ""


def as_json(ending: Ending) -> dict[str, Any]:
    return {**vars(ending)}
