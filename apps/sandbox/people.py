"""The people of the world who can log in, the codes that the dialog hands out, and what each person has declined."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import fault, invalid
from .objects import Account
from .seeding import digits, letters
from .tokens import ADS_SCOPES, DAY, Token, Tokens

CODE_SECONDS = 600
SHORT_TOKEN_SECONDS = 5400
DATA_ACCESS = 90 * DAY


@dataclass(frozen=True)
class Person:
    """`targets`: bare ids of the ad accounts that they reach; None: all of them."""

    key: str
    id: str
    name: str
    targets: list[str] | None


@dataclass
class Code:
    text: str
    person: Person
    app_id: str
    redirect_uri: str
    scopes: list[str]
    declined: list[str]
    issued_at: float
    used: bool = False


@dataclass
class People:
    """Who can log in. Nothing is asked of them but a click."""

    seed: int
    accounts: list[Account]
    codes: dict[str, Code] = field(default_factory=dict)
    declined: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        some = [account.id for account in self.accounts[4:7]]
        self.all = {
            person.key: person
            for person in (
                # The one whose tokens the sandbox begins with.
                Person("zoe", digits(self.seed, "user", prefix="102", length=17), "Zoë Øvergård", None),
                Person("kofi", digits(self.seed, "user 2", prefix="102", length=17), "Kofi Mensah", some),
                Person("nils", digits(self.seed, "user 3", prefix="102", length=17), "Nils Ohne-Konto", []),
            )
        }

    def reset(self) -> None:
        self.codes.clear()
        self.declined.clear()

    def offered(self, person: Person, scopes: list[str], *, again: bool) -> list[str]:
        """What the dialog asks them for: not what they have declined before, unless it is asked again on purpose."""
        refused = set() if again else self.declined.get(person.key, set())
        return [scope for scope in scopes if scope not in refused]

    def allow(
        self,
        person: Person,
        *,
        app_id: str,
        redirect_uri: str,
        asked: list[str],
        ticked: list[str],
        now: float,
    ) -> Code:
        """They pressed Continue: a code, good for one use."""
        declined = [scope for scope in asked if scope not in ticked]
        self.declined[person.key] = (self.declined.get(person.key, set()) - set(ticked)) | set(declined)
        text = "AQB" + letters(self.seed, "code", len(self.codes), int(now), length=120)
        granted = [*ticked, "public_profile"]
        refused = sorted(self.declined[person.key])
        self.codes[text] = Code(text, person, app_id, redirect_uri, granted, refused, now)
        return self.codes[text]

    def redeem(self, params: dict[str, str], tokens: Tokens, now: float) -> Token:
        """A short-lived token for a code, once, with the very address that the dialog was given."""
        code = self.codes.get(params["code"])
        if code is None or code.app_id != params.get("client_id"):
            raise invalid("Invalid verification code format.")
        if code.used:
            raise fault("This authorization code has been used.", 100, 36009)
        if now - code.issued_at > CODE_SECONDS:
            raise fault("This authorization code has expired.", 100, 36007)
        if params.get("redirect_uri") != code.redirect_uri:
            text = "Error validating verification code. Please make sure your redirect_uri is identical to the one "
            raise fault(text + "you used in the OAuth dialog request", 100, 36008)
        code.used = True
        person = code.person
        like = Token("login", "", "", "USER", code.app_id, person.id, person.name, [], 0)
        like.targets, like.removed = person.targets, code.declined
        like.data_access_expires_at = int(now + DATA_ACCESS)
        end = now + SHORT_TOKEN_SECONDS
        return tokens.mint(like, issued_at=now, expires_at=end, scopes=list(code.scopes))


def usual_scopes(scope: str, config_id: str) -> list[str]:
    """What is asked for: a configuration of Login for Business replaces the list."""
    asked = list(ADS_SCOPES) if config_id else [one.strip() for one in scope.split(",")]
    return list(dict.fromkeys(one for one in asked if one and one != "public_profile"))
