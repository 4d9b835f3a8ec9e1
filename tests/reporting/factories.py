"""Ad accounts, campaigns and what they brought, for the tests of pages. Today is Monday, 23 November 2026."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.utils import timezone

from apps.connections.models import AdAccount, Connection, Reach
from apps.reporting import ledger
from apps.reporting.delivery import Delivery
from apps.reporting.figures import Totals, sum_of
from apps.reporting.forms import Question
from apps.reporting.freshness import Freshness
from apps.reporting.models import Campaign, Insight, SyncRun
from apps.reporting.performance import CampaignRow, Compared, CurrencyGroup, Days, Performance, Spans, all_of
from apps.reporting.periods import Period
from apps.reporting.rows import InsightRow
from apps.reporting.store import Window

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TODAY = date(2026, 11, 23)
YESTERDAY = TODAY - timedelta(days=1)
LAST_28 = Period.ending(TODAY, 28)
BEFORE_28 = LAST_28.shifted(-28)

_numbers = count(1001)


def day(text: str) -> date:
    """`11-02` is in 2026."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def span(since: str, until: str) -> Period:
    return Period(day(since), day(until))


def incoming_row(**values) -> InsightRow:
    """A row on its way in. Numbers may be given as numbers."""
    return InsightRow(
        **{name: value if name == "day" or value is None else str(value) for name, value in values.items()}
    )


# --- in the database -----------------------------------------------------------------------------


def ad_account(name="Shop", currency="EUR", *, zone="Europe/Berlin", status=1, reached=True) -> AdAccount:
    account = AdAccount.objects.create(
        meta_id=str(next(_numbers)), name=name, currency=currency, timezone_name=zone, account_status=status
    )
    if reached:
        connection, _ = Connection.objects.get_or_create(
            name="reporting",
            kind="system_user",
            app_id="1",
            subject_id="1",
            sealed_token="x",
            fingerprint="x",
        )
        Reach.objects.create(connection=connection, account=account)
    return account


def campaign(account, name="Spring", **facts) -> Campaign:
    facts = {"objective": "OUTCOME_SALES", "effective_status": "ACTIVE"} | facts
    return Campaign.objects.create(account=account, meta_id=str(next(_numbers)), name=name, **facts)


def fetched(account, period=None, *, levels=("account", "campaign"), **facts) -> SyncRun:
    """A run that ended a minute ago: well, unless the facts say otherwise."""
    period = period or Period(BEFORE_28.since, TODAY)
    facts = {"reason": SyncRun.Reason.NIGHTLY, "state": SyncRun.State.DONE} | facts
    if facts["state"] == SyncRun.State.DONE:
        for level in levels:
            ledger.complete(account, Window(level, period.since, period.until))
    ended = timezone.now() - timedelta(minutes=1)
    times = {"queued_at": ended, "finished_at": ended}
    return SyncRun.objects.create(
        account=account, since=period.since, until=period.until, levels=list(levels), **times, **facts
    )


def deliver(
    account,
    days,
    brought_by=None,
    *,
    spend="10",
    impressions=1000,
    clicks=20,
    purchases="1",
    value="30",
    name="",
    windows=None,
    value_windows=None,
    setting="",
) -> None:
    """On each of the days the campaign (or one that is not listed) brings this, and the account that much more.

    `windows` and `value_windows` are of its purchases, window to number; None: nobody asked for them.
    """
    object_id = brought_by.meta_id if brought_by else "999"
    sums = {"spend": Decimal(spend), "impressions": impressions, "clicks": clicks}
    actions, values = {"omni_purchase": purchases}, {"omni_purchase": value}
    for one in days:
        Insight.objects.create(
            account=account, day=one, level="campaign", object_id=object_id, campaign_id=object_id, name=name,
            currency=account.currency, actions=actions, action_values=values, attribution_setting=setting,
            action_windows=_windows(windows), action_value_windows=_windows(value_windows), **sums,
        )  # fmt: skip
        whole, new = Insight.objects.get_or_create(
            account=account, day=one, level="account", object_id=account.meta_id, currency=account.currency
        )
        whole.attribution_setting = setting if new or setting == whole.attribution_setting else "mixed"
        whole.action_windows = _more(new, whole.action_windows, windows)
        whole.action_value_windows = _more(new, whole.action_value_windows, value_windows)
        for field, number in sums.items():
            setattr(whole, field, getattr(whole, field) + number)
        whole.actions = _added(whole.actions, purchases)
        whole.action_values = _added(whole.action_values, value)
        whole.save()


def _windows(windows):
    return None if windows is None else {"omni_purchase": windows}


def _more(new, stored, windows):
    """Of an account whose windows are only known where those of each campaign are."""
    if windows is None or (stored is None and not new):
        return None
    before = (stored or {}).get("omni_purchase", {})
    return _windows({name: before.get(name, 0) + windows.get(name, 0) for name in before | windows})


def _added(actions: dict[str, str], number: str) -> dict[str, str]:
    return {"omni_purchase": str(Decimal(actions.get("omni_purchase", 0)) + Decimal(number))}


# --- without a database --------------------------------------------------------------------------


def unsaved(name="Shop", currency="EUR", *, status=1) -> AdAccount:
    number = next(_numbers)
    return AdAccount(
        pk=number,
        meta_id=str(number),
        name=name,
        currency=currency,
        timezone_name="UTC",
        account_status=status,
    )


def totals(spend="10", *, impressions=1000, clicks=20, purchases="1", value="30", rows=1) -> Totals:
    return Totals(Decimal(spend), impressions, clicks, Decimal(purchases), Decimal(value), rows)


def compared(current=None, before=None, complete=None) -> Compared:
    current = current or totals()
    return Compared(current, complete or current, before)


def row(account, name="Spring", figures=None, *, objective="OUTCOME_SALES", meta_id="") -> CampaignRow:
    active = Delivery("active", "Active", "ok")
    meta_id = meta_id or str(next(_numbers))
    return CampaignRow(account, meta_id, name, objective, active, None, None, figures or compared())


def group(*rows, accounts=None, currency="EUR", days: Days | None = None, days_before: Days | None = None):
    """The sums follow from the days, or else from the campaigns."""
    accounts = accounts or list(dict.fromkeys(one.account for one in rows)) or [unsaved(currency=currency)]
    if days is None:
        figures = all_of(one.figures for one in rows)
    else:
        figures = compared(
            sum_of(days.values()), sum_of((days_before or {}).values()) if days_before else None
        )
    return CurrencyGroup(
        currency=currency,
        accounts=accounts,
        figures=figures,
        days=days or {},
        days_before=days_before or {},
        campaigns=[one for one in rows if one.delivered],
        ended=[one for one in rows if not one.delivered],
        compared=figures.before is not None,
    )


def question(accounts, period=None, **chosen) -> Question:
    return Question(accounts=accounts, every_account=True, period=period or LAST_28, **chosen)


def performance(*groups, period=None, complete=None, freshness=None, unfetched=(), **chosen) -> Performance:
    """A page of these groups. The period is over unless `complete` says up to when."""
    accounts = [account for one in groups for account in one.accounts]
    asked = question(accounts, period, **chosen)
    complete = complete or asked.period
    versus = asked.period.compared_with(asked.versus)
    before = versus and Period.ending(versus.since + timedelta(days=complete.length - 1), complete.length)
    return Performance(
        question=asked,
        spans=Spans(asked.period, complete, versus, before),
        groups=list(groups),
        freshness={one.pk: fresh(one) for one in accounts} if freshness is None else freshness,
        unfetched=list(unfetched),
        uncompared=[],
        objectives=[],
        deliveries=[],
    )


def fresh(account, kind="ok", words="") -> Freshness:
    return Freshness(account, NOW, day("2026-01-01"), kind, words)
