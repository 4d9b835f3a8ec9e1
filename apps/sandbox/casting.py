"""Writes the script of the world: which campaigns an account ever has, and when each of them runs.

All dates are absolute. Evergreen campaigns began years ago and pause now and then; a series starts a new
campaign every few months, which ends and is archived later. Nothing here looks at today.
"""

from __future__ import annotations

import random
from datetime import date

from . import wording
from .agency import BUSINESSES, AccountPlan, cast, position
from .objects import Account, Ad, AdSet, Business, Campaign, Profile, local_moment
from .schedule import Schedule
from .seeding import digits, draw

ODAX_SINCE = date(2023, 10, 1).toordinal()
SERIES_BEGIN = date(2025, 12, 1).toordinal()
SERIES_UNTIL = date(2033, 1, 1).toordinal()
ARCHIVED_AFTER = 75  # days after its end
MODERN = {
    "sales": ("OUTCOME_SALES",),
    "leads": ("OUTCOME_LEADS",),
    "traffic": ("OUTCOME_TRAFFIC",),
    "awareness": ("OUTCOME_AWARENESS",),
    "engagement": ("OUTCOME_ENGAGEMENT",),
    "app": ("OUTCOME_APP_PROMOTION",),
}
OLD = {
    "sales": ("CONVERSIONS", "PRODUCT_CATALOG_SALES"),
    "leads": ("LEAD_GENERATION",),
    "traffic": ("LINK_CLICKS",),
    "awareness": ("REACH", "BRAND_AWARENESS", "VIDEO_VIEWS"),
    "engagement": ("POST_ENGAGEMENT", "MESSAGES"),
    "app": ("APP_INSTALLS",),
}
FAMILIES = {
    "shop": ("sales", "sales", "traffic", "sales"),
    "leads": ("leads", "traffic", "engagement", "leads"),
    "brand": ("awareness", "engagement", "traffic", "app"),
}


def businesses(seed: int) -> list[Business]:
    return [Business(digits(seed, "business", name), name) for name in BUSINESSES]


def accounts(seed: int, owners: list[Business], size: int) -> list[Account]:
    return [_account(seed, plan, owners[plan.business]) for plan in cast(size)]


def _account(seed: int, plan: AccountPlan, owner: Business) -> Account:
    daily_impressions = plan.daily * 1000 // (sum(plan.cpm) // 2)
    account = Account(
        id=digits(seed, "account", plan.key, prefix="1", length=15),
        plan=plan,
        business=owner,
        created=date(2022, 2, 14).toordinal() * 86400.0 - date(1970, 1, 1).toordinal() * 86400.0 + 36_000,
        pool=daily_impressions * 14,
    )
    for n in range(plan.evergreens):
        account.campaigns.append(_evergreen(seed, account, n))
    for n in range(plan.legacy):
        account.campaigns.append(_legacy(seed, account, n))
    if plan.has_series:
        account.campaigns.extend(_series(seed, account))
    return account


def _evergreen(seed: int, account: Account, n: int) -> Campaign:
    chance = draw(seed, account.plan.key, "evergreen", n)
    start = date(2023, 2, 1).toordinal() + chance.randrange(0, 960)
    rests = n % 3 == 2
    period = chance.randrange(120, 200) if rests else 1
    schedule = Schedule(start, None, period, period - chance.randrange(20, 45) if rests else 1, start)
    family = FAMILIES[account.plan.trade][n % 4]
    names = wording.CAMPAIGNS[account.plan.trade][account.plan.currency]
    name = names[(n + 3 * position(account.plan)) % len(names)]
    if account.plan.key == "fjaell" and n == 1:
        name = wording.ENDLESS
    share = chance.randrange(700, 1300) / 1000 / (account.plan.evergreens + account.plan.has_series)
    return _campaign(seed, account, ("evergreen", n), name, family, schedule, share, adsets=2 + (n + 1) % 3)


def _legacy(seed: int, account: Account, n: int) -> Campaign:
    chance = draw(seed, account.plan.key, "legacy", n)
    start = date(2022, 3, 1).toordinal() + chance.randrange(0, 200)
    end = date(2025, 7, 1).toordinal() + chance.randrange(0, 120)
    family = FAMILIES[account.plan.trade][0]
    name = wording.LEGACY.format(name=wording.CAMPAIGNS[account.plan.trade][account.plan.currency][-1 - n])
    campaign = _campaign(seed, account, ("legacy", n), name, family, Schedule(start, end), 0.2, adsets=2)
    campaign.archived_from = end + ARCHIVED_AFTER
    if account.plan.key == "brauhaus":
        campaign.deleted_from = date(2026, 5, 2).toordinal()
    return campaign


def _series(seed: int, account: Account) -> list[Campaign]:
    chance = draw(seed, account.plan.key, "series")
    rhythm = chance.randrange(84, 113)
    first = SERIES_BEGIN + chance.randrange(0, 45)
    family = FAMILIES[account.plan.trade][0]
    found = []
    for n, start in enumerate(range(first, SERIES_UNTIL, rhythm)):
        end = start + rhythm - chance.randrange(6, 21)
        name = wording.SERIES[account.plan.currency].format(n=n + 1)
        share = 1 / (account.plan.evergreens + 1)
        campaign = _campaign(
            seed, account, ("series", n), name, family, Schedule(start, end), share, adsets=2
        )
        campaign.archived_from = end + ARCHIVED_AFTER
        found.append(campaign)
    return found


def _campaign(
    seed: int,
    account: Account,
    key: tuple[str, int],
    name: str,
    family: str,
    schedule: Schedule,
    share: float,
    *,
    adsets: int,
) -> Campaign:
    """`share` is the part of the account's daily spend that goes here."""
    chance = draw(seed, account.plan.key, "campaign", *key)
    spend = max(1, int(account.plan.daily * share))
    budget = _rounded(int(spend * 1.1), account.unit)
    objectives = (OLD if schedule.start < ODAX_SINCE else MODERN)[family]
    campaign = Campaign(
        id=digits(seed, account.plan.key, "campaign", *key, prefix="12021", length=17),
        name=name,
        created=_drafted(account, schedule.start, chance),
        schedule=schedule,
        account=account,
        objective=objectives[chance.randrange(len(objectives))],
        family=family,
        # One campaign keeps another setting than its account's, as happens after a migration.
        attribution="1d_click"
        if key == ("evergreen", 2) and account.plan.key == "fjaell"
        else account.plan.attribution,
        issue_from=schedule.start + 60 if account.plan.key == "saojoao" and key == ("evergreen", 1) else None,
    )
    if chance.random() < 0.5:
        campaign.daily_budget = budget
    elif key[0] == "series" and chance.random() < 0.5:
        campaign.lifetime_budget = budget * 80
    bad = chance.random() < 0.12
    weights = [chance.randrange(600, 1400) for _ in range(adsets)]
    for n, weight in enumerate(weights):
        part = spend * weight // sum(weights)
        campaign.adsets.append(_adset(seed, campaign, (*key, n), part, bad))
    return campaign


def _adset(seed: int, campaign: Campaign, key: tuple[object, ...], spend: int, bad: bool) -> AdSet:
    account = campaign.account
    chance = draw(seed, account.plan.key, "adset", *key)
    start = campaign.schedule.start + (chance.randrange(0, 10) if key[0] == "series" and key[-1] else 0)
    ends = key[0] == "evergreen" and chance.random() < 0.18
    end = date(2025, 9, 1).toordinal() + chance.randrange(0, 800) if ends else None
    adset = AdSet(
        id=digits(seed, account.plan.key, "adset", *key, prefix="12021", length=17),
        name=wording.pick(wording.AUDIENCES[account.plan.currency], chance),
        created=max(campaign.created, _drafted(account, start, chance)) + 60,
        schedule=Schedule(start, end),
        campaign=campaign,
        struggles=chance.random() < 0.15,
    )
    if campaign.daily_budget is None and campaign.lifetime_budget is None:
        adset.daily_budget = _rounded(int(spend * 1.1), account.unit)
    ads = 2 + chance.randrange(0, 2)
    for n in range(ads):
        # Not all ads of a set run at once, so each may spend more than an equal part.
        adset.ads.append(_ad(seed, adset, (*key, n), max(1, int(spend * 1.3 / ads)), bad))
    return adset


def _ad(seed: int, adset: AdSet, key: tuple[object, ...], spend: int, bad: bool) -> Ad:
    account = adset.account
    chance = draw(seed, account.plan.key, "ad", *key)
    schedule = _rotation(adset.schedule.start, key, chance)
    flawed = key[-1] != 0 and chance.random() < 0.08
    return Ad(
        id=digits(seed, account.plan.key, "ad", *key, prefix="12021", length=17),
        name=f"{wording.pick(wording.CREATIVES[account.plan.currency], chance)} v{key[-1]}",
        created=max(adset.created, _drafted(account, schedule.start, chance)) + 60,
        schedule=schedule,
        adset=adset,
        creative_id=digits(seed, account.plan.key, "creative", *key, prefix="23", length=16),
        creative_name=wording.pick(wording.CREATIVES[account.plan.currency], chance),
        profile=_profile(adset, spend, bad, chance),
        flaw=("DISAPPROVED" if chance.random() < 0.6 else "WITH_ISSUES") if flawed else None,
        flaw_from=schedule.start + chance.randrange(3, 120),
    )


def _rotation(start: int, key: tuple[object, ...], chance: random.Random) -> Schedule:
    """The first ad of a set always runs; the others come later and take turns."""
    if key[-1] == 0:
        return Schedule(start)
    if key[0] != "evergreen":
        later = start + chance.randrange(10, 35)
        return Schedule(later, later + chance.randrange(25, 60) if chance.random() < 0.4 else None)
    period = chance.randrange(35, 120)
    return Schedule(
        start + chance.randrange(0, 300), None, period, period * chance.randrange(40, 80) // 100, start
    )


def _profile(adset: AdSet, spend: int, bad: bool, chance: random.Random) -> Profile:
    plan, family = adset.account.plan, adset.campaign.family
    cheap = 0.7 if family in ("awareness", "engagement") else 1.0
    clicks = {"awareness": (600, 1000), "traffic": (1500, 2400)}.get(family, (800, 2000))
    return Profile(
        spend=max(1, spend * chance.randrange(700, 1300) // 1000),
        cpm=max(plan.cpm[0], int(chance.randrange(*plan.cpm) * cheap)),
        clicks=chance.randrange(*clicks),
        link=chance.randrange(620, 840),
        landing=chance.randrange(680, 900),
        video=chance.randrange(60, 380) if family != "sales" else chance.randrange(20, 200),
        reactions=chance.randrange(60, 420) * (3 if family == "engagement" else 1),
        roas=chance.randrange(200, 850) if bad else chance.randrange(1700, 5400),
        order_value=chance.randrange(*plan.order_value),
        lead_cost=max(1, chance.randrange(*plan.order_value) // 6) * (5 if bad else 1),
    )


def _drafted(account: Account, start: int, chance: random.Random) -> float:
    """Objects are made the day before they start, during office hours."""
    return local_moment(account, start - 1, chance.randrange(8 * 3600, 19 * 3600))


def _rounded(minor: int, unit: int) -> int:
    """A budget a person would type."""
    step = 5 * unit if unit > 1 else 500
    return max(step, minor // step * step)
