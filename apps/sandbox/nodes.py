"""How each kind of object shows itself: a function per field, and a field without a value is absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import fieldnames
from .call import Call
from .errors import fault
from .fields import Field
from .objects import Account, Ad, AdSet, Business, Campaign
from .world import configured_status, effective_status, has_issue, learning_stage, updated

Row = dict[str, Any]
Getter = Callable[[Any, Call], Any]
GOALS = {
    "sales": "OFFSITE_CONVERSIONS",
    "leads": "LEAD_GENERATION",
    "traffic": "LANDING_PAGE_VIEWS",
    "awareness": "REACH",
    "engagement": "POST_ENGAGEMENT",
    "app": "APP_INSTALLS",
}
ATTRIBUTION_SPECS = {
    "1d_click": [("CLICK_THROUGH", 1)],
    "7d_click": [("CLICK_THROUGH", 7)],
    "7d_click_1d_view": [("CLICK_THROUGH", 7), ("VIEW_THROUGH", 1)],
}


def show(thing: Any, wanted: list[Field], call: Call) -> Row:
    """The object with the wanted fields; `id` always comes along."""
    kind = type(thing)
    known, getters, node_type = KINDS[kind]
    row: Row = {}
    for one in wanted or [Field(name) for name in DEFAULTS.get(kind, ("id",))]:
        if one.name in getters:
            value = getters[one.name](thing, call)
        elif one.name in EDGES.get(kind, ()):
            value = call.expand(thing, one)
        elif one.name in known:
            continue
        else:
            raise fault(
                f"(#100) Tried accessing nonexisting field ({one.name}) on node type ({node_type})", 100
            )
        if isinstance(value, NESTABLE):
            usual = ("id", "name") if isinstance(value, Business) else ("id",)
            value = show(value, one.sub or [Field(name) for name in usual], call)
        if value is not None:
            row[one.name] = value
    row.setdefault("id", getters["id"](thing, call))
    return row


class Creative:
    """The creative of an ad, as a node of its own."""

    def __init__(self, ad: Ad) -> None:
        self.ad = ad


def minor(amount: object) -> str | None:
    return None if amount is None else str(amount)


# Accounts


def spent_so_far(account: Account, call: Call) -> int:
    """A steady total in minor units: the usual daily spend since the account began."""
    stop = (
        min(call.now, account.midnight(account.plan.falls[1].toordinal())) if account.plan.falls else call.now
    )
    return int(account.plan.daily * max(0.0, stop - account.created) / 86400)


def _balance(account: Account, call: Call) -> str:
    if account.status(call.now) == 3:
        return str(account.plan.daily * 3)
    return str(spent_so_far(account, call) % (account.plan.daily * 2))


def _disable_reason(account: Account, call: Call) -> int:
    return {2: 1, 3: 3}.get(account.status(call.now), 0)


def _user_tasks(account: Account, call: Call) -> list[str]:
    member = call.state.staff.by_id.get(call.token.subject_id)
    if member is not None and account.id in member.tasks:
        return list(member.tasks[account.id])
    if call.token.may("ads_management"):
        return ["DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"]
    return ["ANALYZE"]


def _utc_offset(account: Account, call: Call) -> float:
    hours = account.local(call.now).utcoffset()
    value = hours.total_seconds() / 3600 if hours else 0.0
    return int(value) if value == int(value) else value


ACCOUNT: dict[str, Getter] = {
    "id": lambda a, c: f"act_{a.id}",
    "account_id": lambda a, c: a.id,
    "name": lambda a, c: a.plan.name,
    "account_status": lambda a, c: a.status(c.now),
    "disable_reason": _disable_reason,
    "currency": lambda a, c: a.plan.currency,
    "timezone_id": lambda a, c: a.plan.zone_id,
    "timezone_name": lambda a, c: a.plan.zone,
    "timezone_offset_hours_utc": _utc_offset,
    "amount_spent": lambda a, c: str(spent_so_far(a, c)),
    "balance": _balance,
    "spend_cap": lambda a, c: "0",
    "min_daily_budget": lambda a, c: 100 if a.unit > 1 else 150,
    "min_campaign_group_spend_cap": lambda a, c: str(100 * a.unit),
    "is_prepay_account": lambda a, c: False,
    "is_personal": lambda a, c: 0,
    "age": lambda a, c: round((c.now - a.created) / 86400, 6),
    "created_time": lambda a, c: a.stamp(a.created),
    "business": lambda a, c: a.business,
    "business_name": lambda a, c: a.business.name,
    "owner": lambda a, c: a.business.id,
    "user_tasks": _user_tasks,
    "capabilities": lambda a, c: ["CAN_USE_REACH_AND_FREQUENCY"],
    "tos_accepted": lambda a, c: {"web_custom_audience_tos": 1},
    "has_page_authorized_adaccount": lambda a, c: True,
    "opportunity_score": lambda a, c: 60 + int(a.id[-2:]) % 35,
    "funding_source_details": lambda a, c: {"id": a.id[::-1], "display_string": "VISA *4242", "type": 1},
}


# What campaigns, ad sets and ads share


def _edited(node: Any, name: str, planned: Any) -> Any:
    return node.edits.get(name, planned)


COMMON: dict[str, Getter] = {
    "id": lambda n, c: n.id,
    "name": lambda n, c: _edited(n, "name", n.name),
    "account_id": lambda n, c: n.account.id,
    "status": lambda n, c: configured_status(n, n.account, c.now),
    "configured_status": lambda n, c: configured_status(n, n.account, c.now),
    "effective_status": lambda n, c: effective_status(n, c.now),
    "created_time": lambda n, c: n.account.stamp(n.created),
    "updated_time": lambda n, c: n.account.stamp(updated(n, c.now)),
}


def _spent_today(ads: list[Ad], call: Call) -> int:
    if not ads:
        return 0
    today = ads[0].account.day(call.now)
    told = (call.state.delivery.told(ad, today, call.settled) for ad in ads)
    return sum(figures[1] for figures in told if figures)


def _daily_budget(node: Campaign | AdSet, call: Call) -> str | None:
    return minor(_edited(node, "daily_budget", node.daily_budget))


def _lifetime_budget(node: Campaign, call: Call) -> str | None:
    return minor(_edited(node, "lifetime_budget", node.lifetime_budget))


def _remaining(node: Campaign | AdSet, call: Call) -> str | None:
    budget = _edited(node, "daily_budget", node.daily_budget)
    if budget is None:
        return None
    sets = node.adsets if isinstance(node, Campaign) else [node]
    return str(max(0, int(budget) - _spent_today([ad for adset in sets for ad in adset.ads], call)))


def _issue(level: str) -> Getter:
    def tell(node: Any, call: Call) -> list[Row] | None:
        if not has_issue(node, call.now):
            return None
        return [
            {
                "level": level,
                "error_code": 2460003 if level == "AD" else 1487990,
                "error_summary": "Página indisponível" if level == "AD" else "Delivery problem",
                "error_message": "The page this ad leads to cannot be reached.",
                "error_type": "HARD_ERROR" if level == "AD" else "SOFT_ERROR",
            }
        ]

    return tell


def _bid_strategy(node: Campaign | AdSet, call: Call) -> str | None:
    own = node.daily_budget or (isinstance(node, Campaign) and node.lifetime_budget)
    return "LOWEST_COST_WITHOUT_CAP" if own else None


def _end(node: Any, call: Call) -> str | None:
    """An end is known beforehand only to those who planned it."""
    end = node.schedule.end
    return None if end is None else node.account.stamp(node.account.midnight(end + 1))


def _start(node: Any, call: Call) -> str:
    return str(node.account.stamp(node.account.midnight(node.schedule.start)))


CAMPAIGN: dict[str, Getter] = COMMON | {
    "objective": lambda n, c: n.objective,
    "buying_type": lambda n, c: "AUCTION",
    "bid_strategy": _bid_strategy,
    "daily_budget": _daily_budget,
    "lifetime_budget": _lifetime_budget,
    "budget_remaining": _remaining,
    "special_ad_categories": lambda n, c: [],
    "start_time": _start,
    "stop_time": _end,
    "issues_info": _issue("CAMPAIGN"),
}


def _learning(adset: AdSet, call: Call) -> Row:
    status, edited = learning_stage(adset, call.now)
    days = max(0, int((call.now - edited) // 86400))
    return {
        "status": status,
        "conversions": min(49, days * 6) if status != "SUCCESS" else 50,
        "last_sig_edit_ts": int(edited),
        "attribution_windows": [adset.campaign.attribution],
    }


def _promoted(adset: AdSet, call: Call) -> Row:
    if adset.campaign.family == "sales":
        return {"pixel_id": adset.account.id[::-1], "custom_event_type": "PURCHASE"}
    return {"page_id": adset.account.id[:-3] + "001"}


def _attribution_spec(adset: AdSet, call: Call) -> list[Row]:
    spec = ATTRIBUTION_SPECS[adset.campaign.attribution]
    return [{"event_type": event, "window_days": days} for event, days in spec]


ADSET: dict[str, Getter] = COMMON | {
    "campaign_id": lambda n, c: n.campaign.id,
    "campaign": lambda n, c: n.campaign,
    "optimization_goal": lambda n, c: GOALS[n.campaign.family],
    "billing_event": lambda n, c: "IMPRESSIONS",
    "bid_strategy": _bid_strategy,
    "daily_budget": _daily_budget,
    "budget_remaining": _remaining,
    "destination_type": lambda n, c: "ON_AD" if n.campaign.family == "leads" else "WEBSITE",
    "promoted_object": _promoted,
    "attribution_spec": _attribution_spec,
    "start_time": _start,
    "end_time": _end,
    "learning_stage_info": _learning,
    "targeting": lambda n, c: {
        "age_min": 18,
        "age_max": 65,
        "targeting_automation": {"advantage_audience": 1},
    },
    "is_dynamic_creative": lambda n, c: False,
}


def _review(ad: Ad, call: Call) -> Row | None:
    if effective_status(ad, call.now) != "DISAPPROVED":
        return None
    return {"global": {"Unacceptable Business Practices": "The ad promises more than the page keeps."}}


AD: dict[str, Getter] = COMMON | {
    "adset_id": lambda n, c: n.adset.id,
    "campaign_id": lambda n, c: n.campaign.id,
    "adset": lambda n, c: n.adset,
    "campaign": lambda n, c: n.campaign,
    "creative": lambda n, c: Creative(n),
    "ad_review_feedback": _review,
    "issues_info": _issue("AD"),
    "tracking_specs": lambda n, c: [{"action.type": ["offsite_conversion"]}],
    "preview_shareable_link": lambda n, c: f"https://fb.me/{n.id[-9:]}",
}
CREATIVE: dict[str, Getter] = {
    "id": lambda n, c: n.ad.creative_id,
    "name": lambda n, c: n.ad.creative_name,
    "account_id": lambda n, c: n.ad.account.id,
    "status": lambda n, c: "ACTIVE",
    "thumbnail_url": lambda n, c: f"https://scontent.example.com/t45/{n.ad.creative_id}.jpg",
    "title": lambda n, c: n.ad.creative_name,
    "body": lambda n, c: f"{n.ad.creative_name}. {n.ad.account.plan.name}",
    "object_type": lambda n, c: "SHARE",
    "call_to_action_type": lambda n, c: "LEARN_MORE",
}
BUSINESS: dict[str, Getter] = {
    "id": lambda n, c: n.id,
    "name": lambda n, c: n.name,
    "verification_status": lambda n, c: c.state.app.verification_status,
}

NESTABLE = (Account, Campaign, AdSet, Ad, Creative, Business)
KINDS: dict[type, tuple[frozenset[str], dict[str, Getter], str]] = {
    Account: (fieldnames.ACCOUNT, ACCOUNT, "AdAccount"),
    Campaign: (fieldnames.CAMPAIGN, CAMPAIGN, "AdCampaignGroup"),
    AdSet: (fieldnames.ADSET, ADSET, "AdCampaign"),
    Ad: (fieldnames.AD, AD, "Adgroup"),
    Creative: (fieldnames.CREATIVE, CREATIVE, "AdCreative"),
    Business: (frozenset(), BUSINESS, "Business"),
}
DEFAULTS: dict[type, tuple[str, ...]] = {Account: ("account_id", "id"), Business: ("id", "name")}
EDGES: dict[type, tuple[str, ...]] = {
    Account: ("campaigns", "adsets", "ads", "insights"),
    Campaign: ("adsets", "ads", "insights"),
    AdSet: ("ads", "insights"),
    Ad: ("insights",),
}
