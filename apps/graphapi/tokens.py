"""What Meta says about a token, and a token that it gives for another.

Sources: the Graph API reference page "Debug Token" and the Business SDK page "System User Tokens". The answer of
`debug_token` is HTTP 200 whatever the verdict; the verdict, and an error with the key `subcode`, are in `data`.
"""

from dataclasses import dataclass, field
from typing import Any

from apps.graphapi.accounts import bare_id
from apps.graphapi.envelope import number
from apps.graphapi.errors import BadAnswer
from apps.graphapi.scrub import tidy


@dataclass(frozen=True)
class GranularScope:
    """One permission and the ids it is limited to (bare digits); `target_ids` None: every asset."""

    scope: str
    target_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """A verdict on a token. Times are unix seconds: 0 never, None unknown.

    `type`: `USER`, `SYSTEM_USER`, `PAGE` or `APP`. `is_valid` says nothing about assets: probe each account.
    `data_access_expires_at`: after it a valid user token no longer reads the user's data.
    `error_code`, `error_subcode`, `error_message`: why it is not valid.
    """

    app_id: str = ""
    type: str = ""
    application: str = ""
    is_valid: bool = False
    scopes: tuple[str, ...] = ()
    granular_scopes: tuple[GranularScope, ...] = ()
    user_id: str = ""
    profile_id: str = ""
    issued_at: int | None = None
    expires_at: int | None = None
    data_access_expires_at: int | None = None
    error_code: int | None = None
    error_subcode: int | None = None
    error_message: str = ""

    def grants(self, scope: str, target: str = "") -> bool:
        """Whether the permission is there and, with a target (`act_42` or `42`), covers that asset."""
        if scope not in self.scopes:
            return False
        limits = [entry.target_ids for entry in self.granular_scopes if entry.scope == scope]
        return not target or not limits or any(ids is None or bare_id(target) in ids for ids in limits)


@dataclass(frozen=True)
class NewToken:
    """A token as it was issued. `expires_in`: seconds, None where Meta does not say; believe `debug_token` alone."""

    text: str = field(repr=False)
    expires_in: int | None = None


def read_new_token(body: dict[str, Any]) -> NewToken:
    """The answer of a token endpoint; BadAnswer when there is no token in it."""
    text = body.get("access_token")
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or " " in text or not text:
        raise BadAnswer("The answer has no token in it", method="GET", path="oauth/access_token", status=200)
    return NewToken(text, number(body.get("expires_in")))


def read_token_info(body: dict[str, Any], *, secrets: tuple[str, ...] = ()) -> TokenInfo:
    """The `debug_token` answer; BadAnswer when there is no verdict in it."""
    data = body.get("data")
    if not isinstance(data, dict):
        raise BadAnswer(
            "The answer has no verdict on the token", method="GET", path="debug_token", status=200
        )
    error = data.get("error")
    problem: dict[str, Any] = error if isinstance(error, dict) else {}
    return TokenInfo(
        app_id=_id(data.get("app_id")),
        type=_word(data.get("type")),
        application=tidy(data.get("application"), secrets=secrets, longest=200),
        is_valid=data.get("is_valid") is True,
        scopes=_words(data.get("scopes")),
        granular_scopes=_granular(data.get("granular_scopes")),
        user_id=_id(data.get("user_id")),
        profile_id=_id(data.get("profile_id")),
        issued_at=number(data.get("issued_at")),
        expires_at=number(data.get("expires_at")),
        data_access_expires_at=number(data.get("data_access_expires_at")),
        error_code=number(problem.get("code")),
        error_subcode=number(problem.get("subcode")) or number(problem.get("error_subcode")) or None,
        error_message=tidy(problem.get("message"), secrets=secrets),
    )


def _granular(value: Any) -> tuple[GranularScope, ...]:
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return tuple(
        GranularScope(
            _word(entry.get("scope")),
            tuple(_id(i) for i in entry["target_ids"]) if isinstance(entry.get("target_ids"), list) else None,
        )
        for entry in entries
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_word(item) for item in value if _word(item)) if isinstance(value, list) else ()


def _word(value: Any) -> str:
    return tidy(value, longest=100)


def _id(value: Any) -> str:
    """Ids are text; in a few answers they come as numbers."""
    return str(value) if type(value) is int else tidy(value, longest=64)
