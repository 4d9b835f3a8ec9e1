"""The things of the world: accounts, campaigns, ad sets and ads, and what has been done to them since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from .agency import DELIVERING, AccountPlan
from .currency import offset
from .schedule import Schedule


@dataclass(frozen=True)
class Business:
    id: str
    name: str


@dataclass(eq=False)
class Account:
    """An ad account. `changes` are status changes made through the controls: (moment, status)."""

    id: str
    plan: AccountPlan
    business: Business
    created: float
    pool: int  # people its ads can reach
    campaigns: list[Campaign] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)
    gated_breakdowns: bool = False
    # Its own ceilings of one answer and of one report; None: those of the settings.
    sync_row_cap: int | None = None
    async_row_cap: int | None = None

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.plan.zone)
        self.unit = offset(self.plan.currency)
        self._midnights: dict[int, int] = {}

    @cached_property
    def ads(self) -> list[Ad]:
        return [ad for campaign in self.campaigns for adset in campaign.adsets for ad in adset.ads]

    def local(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, UTC).astimezone(self.zone)

    def day(self, moment: float) -> int:
        """The account's own calendar day at `moment`, as an ordinal."""
        return self.local(moment).toordinal()

    def midnight(self, day: int) -> int:
        """When that day begins here."""
        if day not in self._midnights:
            begins = date.fromordinal(day)
            self._midnights[day] = int(
                datetime(begins.year, begins.month, begins.day, tzinfo=self.zone).timestamp()
            )
        return self._midnights[day]

    def stamp(self, moment: float) -> str:
        """Time as ad objects spell it: offset without a colon."""
        return self.local(moment).strftime("%Y-%m-%dT%H:%M:%S%z")

    def status(self, now: float) -> int:
        for moment, status in reversed(self.changes):
            if moment <= now:
                return status
        falls = self.plan.falls
        if falls and self.day(now) >= falls[1].toordinal():
            return falls[0]
        return 1

    def delivers_on(self, day: int) -> bool:
        """By the script of the world, controls aside."""
        return self.plan.falls is None or day < self.plan.falls[1].toordinal()

    @property
    def switches(self) -> list[tuple[float, bool]]:
        return [(moment, status in DELIVERING) for moment, status in self.changes]


@dataclass(eq=False)
class Node:
    """What a campaign, an ad set and an ad have in common."""

    id: str
    name: str
    created: float
    schedule: Schedule
    archived_from: int | None = None
    deleted_from: int | None = None
    changes: list[tuple[float, str]] = field(default_factory=list, kw_only=True)
    edited: float | None = field(default=None, kw_only=True)
    edits: dict[str, object] = field(default_factory=dict, kw_only=True)

    def runs_on(self, day: int) -> bool:
        return self.schedule.runs(day)

    @property
    def switches(self) -> list[tuple[float, bool]]:
        return [(moment, status == "ACTIVE") for moment, status in self.changes]

    def forget(self) -> None:
        """Undo everything that was written to this object."""
        self.changes.clear()
        self.edits.clear()
        self.edited = None


@dataclass(eq=False)
class Campaign(Node):
    account: Account = field(kw_only=True)
    objective: str = field(kw_only=True)
    family: str = field(kw_only=True)
    attribution: str = field(kw_only=True)
    daily_budget: int | None = field(default=None, kw_only=True)
    lifetime_budget: int | None = field(default=None, kw_only=True)
    issue_from: int | None = field(default=None, kw_only=True)
    adsets: list[AdSet] = field(default_factory=list, kw_only=True)

    @property
    def parents(self) -> tuple[Node, ...]:
        return ()

    @property
    def campaign(self) -> Campaign:
        return self


@dataclass(eq=False)
class AdSet(Node):
    campaign: Campaign = field(kw_only=True)
    daily_budget: int | None = field(default=None, kw_only=True)
    struggles: bool = field(default=False, kw_only=True)
    ads: list[Ad] = field(default_factory=list, kw_only=True)

    @property
    def account(self) -> Account:
        return self.campaign.account

    @property
    def parents(self) -> tuple[Node, ...]:
        return (self.campaign,)


@dataclass(frozen=True)
class Profile:
    """How an ad behaves on a plain day. Shares are per 1,000 unless named otherwise."""

    spend: int  # minor units
    cpm: int  # minor units for 1,000 impressions
    clicks: int  # per 100,000 impressions
    link: int
    landing: int
    video: int
    reactions: int  # per 100,000 impressions
    roas: int
    order_value: int  # minor units
    lead_cost: int  # minor units


@dataclass(eq=False)
class Ad(Node):
    adset: AdSet = field(kw_only=True)
    creative_id: str = field(kw_only=True)
    creative_name: str = field(kw_only=True)
    profile: Profile = field(kw_only=True)
    flaw: str | None = field(default=None, kw_only=True)
    flaw_from: int = field(default=0, kw_only=True)

    @property
    def campaign(self) -> Campaign:
        return self.adset.campaign

    @property
    def account(self) -> Account:
        return self.adset.campaign.account

    @property
    def parents(self) -> tuple[Node, ...]:
        return (self.adset, self.adset.campaign)

    def runs_on(self, day: int) -> bool:
        return self.schedule.runs(day) and (self.flaw is None or day < self.flaw_from)


def local_moment(account: Account, day: int, seconds: int) -> float:
    """`seconds` after midnight of that day on the account's wall clock."""
    begins = date.fromordinal(day)
    wall = datetime(begins.year, begins.month, begins.day, tzinfo=account.zone) + timedelta(seconds=seconds)
    return wall.timestamp()
