"""What a rule is, and what it finds. A rule looks at stored rows only; it asks Meta nothing and writes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from apps.connections.models import AdAccount


@dataclass(frozen=True)
class Finding:
    """One cause that needs a person.

    `key`: the same as long as the cause is. `parts`: what it is about, one word each; when more join, people are told
    anew. `accounts`: keys of the ad accounts touched. `due_at`: when time runs out. `without`: a channel that it can
    not be sent through.
    """

    key: str
    severity: str
    title: str
    text: str
    parts: Sequence[str] = ()
    accounts: Sequence[int] = ()
    action: str = ""
    url: str = ""
    due_at: datetime | None = None
    without: str = ""


@dataclass
class Explained:
    """What earlier rules have found the cause of: later ones do not find it once more."""

    accounts: set[int] = field(default_factory=set)
    connections: set[str] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    everything: bool = False

    def covers(self, key: str, accounts: Iterable[int]) -> bool:
        """Whether something else that fires is the cause of this one."""
        touched = set(accounts)
        return self.everything or key in self.keys or (bool(touched) and touched <= self.accounts)


@dataclass(frozen=True)
class Asked:
    """What a rule is asked with. `before`: the parts that fire already, by key, for those that calm down lower."""

    now: datetime
    threshold: int = 0
    before: dict[str, list[str]] = field(default_factory=dict)
    explained: Explained = field(default_factory=Explained)


@dataclass(frozen=True)
class Rule:
    """`condition` in words, with `{threshold}` where people may set one from `least` to `most`.

    `calm`: how long it stays away before its alert closes. `mailed`: somebody else mails the admins of it already.
    """

    name: str
    title: str
    condition: str
    find: Callable[[Asked], Iterable[Finding]]
    threshold: int = 0
    least: int = 0
    most: int = 0
    unit: str = ""
    calm: timedelta = timedelta(minutes=1)
    mailed: bool = False

    def words(self, threshold: int) -> str:
        return self.condition.format(threshold=threshold)


def rules() -> list[Rule]:
    """Those that the settings name, causes before what they cause."""
    return [import_string(path) for path in settings.HEALTH_RULES]


# --- words ---------------------------------------------------------------------------------------

NAMED = 3


def named(names: Iterable[str], most: int = NAMED) -> str:
    """`Fjäll, Brauhaus, Harbor and 4 more`."""
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))


def counted(number: int, what: str, several: str = "") -> str:
    """`1 ad account`, `3 ad accounts`."""
    return f"{number:,} {what if number == 1 else several or what + 's'}"


def of_accounts(accounts: Sequence[AdAccount], verb: str, several: str) -> str:
    """`Fjäll is behind`, `3 ad accounts are behind`."""
    if len(accounts) == 1:
        return f"{accounts[0]} {verb}"
    return f"{len(accounts):,} ad accounts {several}"


def place(name: str, *args: object) -> str:
    """An address, or nothing while there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def place_of(accounts: Sequence[AdAccount]) -> tuple[str, str]:
    """Where to look at these: words of a button and its address."""
    if len(accounts) == 1:
        return "Open ad account", place("reporting:account", accounts[0].act_id)
    return "Open ad accounts", place("reporting:accounts")
