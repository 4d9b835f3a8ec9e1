"""The tokens of the world, what each of them may do, and how each of them can die."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import GraphFault, fault, no_token, unparsable_token
from .objects import Account
from .seeding import digits, letters

DAY = 86400
SIXTY_DAYS = 60 * DAY
NINETY_DAYS = 90 * DAY
PROOF_SECONDS = 300
FOREIGN_APP = "555000111222333"
FOREIGN_SECRET = "fedcba9876543210fedcba9876543210"  # noqa: S105 - belongs to a pretend app
ADS_SCOPES = ("ads_read", "ads_management", "business_management")
MARKETING = frozenset({"ads_read", "ads_management"})

DEATHS = {
    458: "The user has not authorized application {app}.",
    459: "The user is enrolled in a blocking, logged-in checkpoint.",
    460: "The session has been invalidated because the user changed their password or Facebook has changed "
    "the session for security reasons.",
    464: "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "The session is invalid because the user logged out.",
}


@dataclass
class Token:
    """`targets` are the bare account ids it is limited to; None reaches every account."""

    name: str
    purpose: str
    text: str
    kind: str
    app_id: str
    subject_id: str
    subject_name: str
    scopes: list[str]
    issued_at: int
    expires_at: int = 0  # 0 never
    data_access_expires_at: int = 0
    targets: list[str] | None = None
    subcode: int | None = None  # why it is dead
    removed: list[str] = field(default_factory=list)  # what its owner has declined
    lapsed: list[str] = field(default_factory=list)  # what its owner has to confirm anew

    def reaches(self, account: Account) -> bool:
        return self.targets is None or account.id in self.targets

    def may(self, *scopes: str) -> bool:
        return any(scope in self.scopes for scope in scopes)

    def reads_data(self, now: float) -> bool:
        """A person's data stay open for 90 days after a login, whatever the token's own life."""
        return not self.data_access_expires_at or now < self.data_access_expires_at


class Tokens:
    """Every token of the world by its text, and the apps they belong to."""

    def __init__(self, seed: int, app_id: str, app_secret: str, accounts: list[Account], now: float) -> None:
        self.seed = seed
        self.app_id = app_id
        self.secrets = {app_id: app_secret, FOREIGN_APP: FOREIGN_SECRET}
        self.accounts = accounts
        self.reset(now)

    def reset(self, now: float) -> None:
        self.minted = 0
        self.exchanges = 0
        self.by_text: dict[str, Token] = {}
        self.by_name: dict[str, Token] = {}
        for token in _cast(self.seed, self.app_id, self.accounts, int(now)):
            self._add(token)
        self.opaque_app_tokens = {f"{self.app_id}|{letters(self.seed, 'app token', length=27)}"}

    def _add(self, token: Token) -> None:
        self.by_text[token.text] = token
        self.by_name[token.name] = token

    def mint(self, like: Token, *, issued_at: float, expires_at: float, scopes: list[str]) -> Token:
        """A new token of the same subject."""
        self.minted += 1
        token = Token(
            name=f"minted_{self.minted}",
            purpose=f"issued by the sandbox for the subject of {like.name}",
            text="EAA" + letters(self.seed, "minted", self.minted, int(issued_at), length=180),
            kind=like.kind,
            app_id=like.app_id,
            subject_id=like.subject_id,
            subject_name=like.subject_name,
            scopes=scopes,
            issued_at=int(issued_at),
            expires_at=int(expires_at),
            data_access_expires_at=like.data_access_expires_at,
            targets=like.targets,
            removed=list(like.removed),
            lapsed=list(like.lapsed),
        )
        self._add(token)
        return token

    def log_in(self, name: str, now: float) -> Token | None:
        """The person behind it logs in once more: a fresh token, and fresh access to their data."""
        like = self.by_text.get(name) or self.by_name.get(name)
        if like is None or like.kind != "USER":
            return None
        end = now + SIXTY_DAYS
        token = self.mint(
            like, issued_at=now, expires_at=end, scopes=[*like.scopes, *like.removed, *like.lapsed]
        )
        token.removed, token.lapsed = [], []
        token.data_access_expires_at = int(now) + NINETY_DAYS
        return token

    def app_of(self, text: str) -> str | None:
        """The app an app access token speaks for."""
        if text in self.opaque_app_tokens:
            return self.app_id
        app_id, bar, secret = text.partition("|")
        if bar and hmac.compare_digest(self.secrets.get(app_id, "").encode(), secret.encode()) and secret:
            return app_id
        return None

    def find(self, text: str | None, now: float) -> Token:
        """The token if it is good now; otherwise the fault that says why not."""
        if not text:
            raise no_token()
        app_id = self.app_of(text)
        if app_id is not None:
            return Token("app", "app access token", text, "APP", app_id, app_id, "Ads Console", [], 0)
        token = self.by_text.get(text)
        if token is None:
            raise unparsable_token()
        dead = death(token, now)
        if dead:
            raise dead
        return token

    def check_proof(self, token: Token, params: dict[str, str], now: float, *, required: bool) -> None:
        proof = params.get("appsecret_proof")
        if not proof:
            if required and token.kind != "APP":
                raise _proof_fault("API calls from the server require an appsecret_proof argument")
            return
        message, stamp = token.text, params.get("appsecret_time")
        if stamp is not None:
            # Callers live by the machine's clock, which the sandbox's may have left behind.
            fresh = any(_near(stamp, moment) for moment in (now, time.time()))
            if not fresh:
                raise _proof_fault("Invalid appsecret_proof provided in the API argument")
            message = f"{message}|{stamp}"
        expected = hmac.new(self.secrets[token.app_id].encode(), message.encode(), hashlib.sha256)
        if not hmac.compare_digest(expected.hexdigest().encode(), proof.encode()):
            raise _proof_fault("Invalid appsecret_proof provided in the API argument")

    def kill(self, text: str, subcode: int) -> Token | None:
        """Let a token die, found by its text or its name."""
        token = self.by_text.get(text) or self.by_name.get(text)
        if token is not None:
            token.subcode = subcode
        return token


def _near(stamp: str, moment: float) -> bool:
    return stamp.isdigit() and abs(int(stamp) - moment) <= PROOF_SECONDS


def _proof_fault(message: str) -> GraphFault:
    return fault(message, 100, kind="GraphMethodException")


def death(token: Token, now: float) -> GraphFault | None:
    if token.subcode == 463 or (token.expires_at and now >= token.expires_at):
        text = f"Session has expired on {_spelled(token.expires_at or now)}. "
        text += f"The current time is {_spelled(now)}."
        return fault(f"Error validating access token: {text}", 190, 463)
    if token.subcode is None:
        return None
    text = DEATHS.get(token.subcode, "The session is invalid.").format(app=token.app_id)
    return fault(f"Error validating access token: {text}", 190, token.subcode)


def _spelled(moment: float) -> str:
    pacific = timezone(timedelta(hours=-8), "PST")
    return datetime.fromtimestamp(moment, pacific).strftime("%A, %d-%b-%y %H:%M:%S PST")


def debug_data(token: Token, now: float) -> dict[str, Any]:
    """The `data` object of debug_token."""
    data: dict[str, Any] = {
        "app_id": token.app_id,
        "type": token.kind,
        "application": "Ads Console" if token.app_id != FOREIGN_APP else "Somebody Else's App",
    }
    if token.kind == "APP":
        return data | {"is_valid": True, "scopes": []}
    dead = death(token, now)
    if dead:
        data["error"] = {
            "code": 190,
            "message": dead.body["message"],
            "subcode": dead.body["error_subcode"],
        }
    data["data_access_expires_at"] = token.data_access_expires_at
    data["expires_at"] = token.expires_at
    data["is_valid"] = dead is None
    data["issued_at"] = token.issued_at
    data["scopes"] = list(token.scopes)
    data["granular_scopes"] = [_granular(scope, token) for scope in token.scopes if scope in ADS_SCOPES]
    data["user_id"] = token.subject_id
    return data


def _granular(scope: str, token: Token) -> dict[str, Any]:
    if token.targets is None or scope == "business_management":
        return {"scope": scope}
    return {"scope": scope, "target_ids": list(token.targets)}


def garbage_data() -> dict[str, Any]:
    """What debug_token says about text that is no token."""
    return {
        "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
        "is_valid": False,
        "scopes": [],
    }


def _cast(seed: int, app_id: str, accounts: list[Account], now: int) -> list[Token]:
    """Lives are counted from the start of the sandbox, so that a fresh one always has them all."""
    some = [account.id for account in accounts[:4]]
    system = (digits(seed, "system user", prefix="1221", length=18), "reporting-prod")
    clerk = (digits(seed, "system user 2", prefix="1221", length=18), "reporting-readonly")
    user = (digits(seed, "user", prefix="102", length=17), "Zoë Øvergård")
    everything = list(ADS_SCOPES)
    public = [*ADS_SCOPES, "public_profile"]
    users = {"data_access_expires_at": now + 80 * DAY}

    def token(
        name: str, purpose: str, kind: str, who: tuple[str, str], scopes: list[str], **more: Any
    ) -> Token:
        more.setdefault("issued_at", now - 10 * DAY)
        text = "EAA" + letters(seed, "token", name, length=180)
        return Token(name, purpose, text, kind, more.pop("app_id", app_id), *who, list(scopes), **more)

    return [
        token("system", "never expires; reaches all accounts", "SYSTEM_USER", system, everything),
        token(
            "reporting",
            "ads_read only, limited to four accounts",
            "SYSTEM_USER",
            clerk,
            ["ads_read"],
            targets=some,
        ),
        token(
            "no_ads_read",
            "valid, but lacks ads_read and ads_management",
            "SYSTEM_USER",
            system,
            ["business_management"],
        ),
        token(
            "sixty_day",
            "60-day token with 40 days left; can be refreshed",
            "SYSTEM_USER",
            system,
            everything,
            issued_at=now - 20 * DAY,
            expires_at=now + 40 * DAY,
        ),
        token(
            "expiring",
            "60-day token with 3 days left; can be refreshed",
            "SYSTEM_USER",
            system,
            everything,
            issued_at=now - 57 * DAY,
            expires_at=now + 3 * DAY,
        ),
        token(
            "expired",
            "expired 15 days ago (190/463)",
            "USER",
            user,
            public,
            issued_at=now - 75 * DAY,
            expires_at=now - 15 * DAY,
            **users,
        ),
        token(
            "revoked",
            "the user removed the app (190/458)",
            "USER",
            user,
            public,
            expires_at=now + 50 * DAY,
            subcode=458,
            **users,
        ),
        token(
            "password_changed",
            "the user changed the password (190/460)",
            "USER",
            user,
            public,
            expires_at=now + 50 * DAY,
            subcode=460,
            **users,
        ),
        token(
            "user",
            "a person's long-lived token; reaches all accounts",
            "USER",
            user,
            public,
            expires_at=now + 50 * DAY,
            **users,
        ),
        token(
            "user_short",
            "a person's fresh token with one hour left",
            "USER",
            user,
            public,
            issued_at=now - 3600,
            expires_at=now + 3600,
            **users,
        ),
        token(
            "foreign_app",
            "belongs to another app",
            "SYSTEM_USER",
            (digits(seed, "stranger", prefix="1221", length=18), "somebody-else"),
            everything,
            app_id=FOREIGN_APP,
        ),
    ]
