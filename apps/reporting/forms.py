from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from apps.connections.models import AdAccount

from .arguments import earliest
from .figures import METRICS
from .periods import LONGEST, PRESETS, Period, preset

SIDE_BY_SIDE = "side"
SORTS = ["spend", "impressions", "ctr", "purchases", "cpp", "roas", "delta", "name", "delivery", "budget"]
GROUPINGS = {"objective": "Objective", "account": "Ad account"}
COMPARISONS = {"previous": "previous period", "year": "last year, same weekdays", "none": "nothing"}


@dataclass(frozen=True)
class Question:
    """What a person wants to see on the performance page. Everything in it has a default."""

    accounts: list[AdAccount]  # of those the person may see
    every_account: bool
    period: Period
    preset: str  # empty where the days were given
    versus: str
    currency: str  # or SIDE_BY_SIDE
    metric: str
    weekly: bool
    by: str
    sort: str
    descending: bool
    search: str
    objective: str
    delivery: str
    page: str

    @property
    def narrows_campaigns(self) -> bool:
        """Whether only some campaigns count, so that account rows can not answer."""
        return bool(self.search or self.objective or self.delivery)


class PerformanceForm(forms.Form):
    """The address of the performance page, read. A bad value is told and its default used instead."""

    period = forms.ChoiceField(required=False, choices=PRESETS.items())
    vs = forms.ChoiceField(required=False, choices=COMPARISONS.items())
    cur = forms.CharField(required=False, max_length=10)
    metric = forms.ChoiceField(required=False, choices=[(name, name) for name in METRICS])
    g = forms.ChoiceField(required=False, choices=[("day", "Day"), ("week", "Week")])
    by = forms.ChoiceField(required=False, choices=GROUPINGS.items())
    sort = forms.ChoiceField(
        required=False, choices=[(sign + name, name) for name in SORTS for sign in ("", "-")]
    )
    q = forms.CharField(required=False, max_length=200)
    objective = forms.CharField(required=False, max_length=60)
    delivery = forms.CharField(required=False, max_length=40)
    page = forms.CharField(required=False, max_length=20)

    _NAMES = {
        "period": "The period", "from": "The first day", "to": "The last day", "vs": "The comparison",
        "metric": "The metric", "g": "The granularity", "by": "The grouping", "sort": "The order",
        "cur": "The currency", "q": "The search", "page": "The page",
    }  # fmt: skip

    def __init__(self, data: QueryDict, *, visible: list[AdAccount]) -> None:
        super().__init__(data)
        self.visible = visible
        self.told: list[str] = []
        for name, label in (("from", "first day"), ("to", "last day")):
            self.fields[name] = forms.DateField(
                required=False,
                input_formats=["%Y-%m-%d"],
                error_messages={"invalid": f"The {label} is no day. Write it like 2026-11-01."},
            )

    def question(self) -> Question:
        """What was asked, with `told` filled with a sentence for everything that was not understood."""
        self.is_valid()
        for name, errors in self.errors.items():
            is_day = name in {"from", "to"}
            self.told += (
                list(errors) if is_day else [f"{self._NAMES.get(name, name)} is not one of the choices."]
            )
        accounts, every = self._accounts()
        chosen = self._chosen
        period, named = self._period(accounts)
        sort = chosen("sort", "-spend")
        return Question(
            accounts=accounts,
            every_account=every,
            period=period,
            preset=named,
            versus=chosen("vs", "previous"),
            currency=self._currency(accounts),
            metric=chosen("metric", "spend"),
            weekly=chosen("g", "day") == "week",
            by=chosen("by", "objective"),
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            search=chosen("q", "").strip(),
            objective=chosen("objective", ""),
            delivery=chosen("delivery", ""),
            page=chosen("page", "1"),
        )

    def _chosen(self, name: str, default: str) -> str:
        return str(self.cleaned_data.get(name) or default)

    def _accounts(self) -> tuple[list[AdAccount], bool]:
        asked = [part.strip() for text in self._texts("accounts") for part in text.split(",") if part.strip()]
        wanted = {part.removeprefix("act_") for part in asked if part != "all"}
        if not wanted:
            return self.visible, True
        found = [account for account in self.visible if account.meta_id in wanted]
        unknown = sorted(wanted - {account.meta_id for account in found})
        if unknown:
            # Whether such an account exists is not for everyone to know.
            self.told.append(
                f"{', '.join(f'act_{text[:32]}' for text in unknown[:3])} is not among the ad accounts you can see."
            )
        return (found, len(found) == len(self.visible)) if found else (self.visible, True)

    def _texts(self, name: str) -> list[str]:
        data: Any = self.data
        return list(data.getlist(name)) if isinstance(data, QueryDict) else []

    def _period(self, accounts: list[AdAccount]) -> tuple[Period, str]:
        days = [account.today() for account in accounts] or [timezone.now().date()]
        # A named period ends on the day that has begun everywhere; a day given may have begun anywhere.
        today, latest = min(days), max(days)
        since, until = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if not since and not until:
            named = self._chosen("period", "28d")
            return preset(named, today), named
        until = until or today
        since = since or until - timedelta(days=27)
        for wrong, sentence in _wrong_with(since, until, latest):
            if wrong:
                self.told.append(f"{sentence} The last 28 days are shown instead.")
                return preset("28d", today), "28d"
        return Period(since, until), ""

    def _currency(self, accounts: list[AdAccount]) -> str:
        held = {account.currency for account in accounts}
        asked = str(self.cleaned_data.get("cur") or "").upper()
        if len(held) == 1:
            return held.pop()
        if asked and asked != SIDE_BY_SIDE.upper() and asked not in held:
            self.told.append(f"None of these ad accounts is kept in {asked[:10]}.")
        return asked if asked in held else SIDE_BY_SIDE


def _wrong_with(since: date, until: date, today: date) -> list[tuple[bool, str]]:
    return [
        (since > until, f"The first day, {since}, is after the last one, {until}."),
        (until > today, f"The last day, {until}, lies in the future."),
        (since < earliest(today), f"Meta keeps 37 months; {since} is before {earliest(today)}."),
        ((until - since).days >= LONGEST, f"A page shows {LONGEST} days at most."),
    ]
