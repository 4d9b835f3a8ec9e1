from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from apps.connections.models import AdAccount

from . import attribution
from .arguments import earliest
from .attribution import AS_SET, Attribution
from .figures import METRICS
from .periods import LONGEST, PRESETS, Period, preset

SIDE_BY_SIDE = "side"
USUAL = "28d"
SORTS = ["spend", "impressions", "ctr", "purchases", "cpp", "roas", "delta", "name", "delivery", "budget"]
GROUPINGS = {"objective": "Objective", "account": "Ad account"}
COMPARISONS = {"previous": "previous period", "year": "last year, same weekdays", "none": "nothing"}


@dataclass(frozen=True)
class Question:
    """What a person wants to see on the performance page. Everything in it has a default."""

    accounts: list[AdAccount]  # of those the person may see
    every_account: bool
    period: Period
    preset: str = ""  # empty where the days were given
    versus: str = "previous"
    attribution: Attribution = AS_SET
    currency: str = SIDE_BY_SIDE
    metric: str = "spend"
    weekly: bool = False
    by: str = "objective"
    sort: str = "spend"
    descending: bool = True
    search: str = ""
    objective: str = ""
    delivery: str = ""
    page: str = "1"

    @property
    def accounts_shown(self) -> list[AdAccount]:
        """Those in the currency asked for."""
        if self.currency == SIDE_BY_SIDE:
            return self.accounts
        return [account for account in self.accounts if account.currency == self.currency]

    @property
    def narrows_campaigns(self) -> bool:
        """Whether only some campaigns count, so that account rows can not answer."""
        return bool(self.search or self.objective or self.delivery)


def _choice(what: str, names: Iterable[str]) -> forms.ChoiceField:
    wrong = {"invalid_choice": f"{what} is not one of the choices."}
    return forms.ChoiceField(required=False, choices=[(name, name) for name in names], error_messages=wrong)


def _text(what: str, longest: int) -> forms.CharField:
    wrong = {
        "max_length": f"{what} is longer than {longest} characters.",
        "null_characters_not_allowed": f"{what} has a character that no name has.",
    }
    return forms.CharField(required=False, max_length=longest, error_messages=wrong)


def _day(what: str) -> forms.DateField:
    wrong = {"invalid": f"{what} can not be read. Write it like 2026-11-01."}
    return forms.DateField(required=False, input_formats=["%Y-%m-%d"], error_messages=wrong)


class PerformanceForm(forms.Form):
    """The address of the performance page, read. A bad value is told and its default used instead."""

    period = _choice("The period", PRESETS)
    vs = _choice("The comparison", COMPARISONS)
    attr = _text("The attribution", 60)
    cur = _text("The currency", 10)
    metric = _choice("The metric", METRICS)
    g = _choice("The granularity", ["day", "week"])
    by = _choice("The grouping", GROUPINGS)
    sort = _choice("The order", [sign + name for name in SORTS for sign in ("", "-")])
    q = _text("The search", 200)
    objective = _text("The objective", 60)
    delivery = _text("The delivery", 40)
    page = _text("The page", 20)

    def __init__(self, data: QueryDict, *, visible: list[AdAccount]) -> None:
        super().__init__(data)
        self.visible = visible
        self.told: list[str] = []
        # `from` is no name that a class body can have.
        self.fields |= {"from": _day("The first day"), "to": _day("The last day")}

    def clean_attr(self) -> Attribution:
        try:
            return attribution.read(self.cleaned_data["attr"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def question(self) -> Question:
        """What was asked, with `told` filled with a sentence for everything that was not understood."""
        self.is_valid()
        self.told = [str(sentence) for errors in self.errors.values() for sentence in errors]
        accounts = self._accounts()
        chosen = self._chosen
        period, named = self._period(accounts)
        sort = chosen("sort", "-spend")
        return Question(
            accounts=accounts,
            every_account=len(accounts) == len(self.visible),
            period=period,
            preset=named,
            versus=chosen("vs", "previous"),
            attribution=self.cleaned_data.get("attr") or AS_SET,
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

    def _accounts(self) -> list[AdAccount]:
        """Those asked for among those the person sees, or all of these."""
        asked = {part.strip() for text in self._texts("accounts") for part in text.split(",")} - {"", "all"}
        wanted = {part.removeprefix("act_") for part in asked}
        found = [account for account in self.visible if account.meta_id in wanted]
        # Whether such an account exists is not for everyone to know.
        if unknown := len(wanted) - len(found):
            many = "An ad account that was asked for is" if unknown == 1 else f"{unknown} ad accounts are"
            self.told.append(f"{many} not among those you can see.")
        return found or self.visible

    def _texts(self, name: str) -> list[str]:
        data: Any = self.data
        return list(data.getlist(name)) if isinstance(data, QueryDict) else []

    def _period(self, accounts: list[AdAccount]) -> tuple[Period, str]:
        days = [account.today() for account in accounts] or [timezone.now().date()]
        # A named period ends on the day that has begun everywhere; a day given may have begun anywhere.
        today, latest = min(days), max(days)
        since, until = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if not since and not until:
            named = self._chosen("period", USUAL)
            return preset(named, today), named
        wrong = _wrong_with(since, until or today, latest)
        if wrong:
            self.told.append(f"{wrong} The last 28 days are shown instead.")
            return preset(USUAL, today), USUAL
        until = until or today
        return Period(since or max(until - timedelta(days=27), earliest(latest)), until), ""

    def _currency(self, accounts: list[AdAccount]) -> str:
        held = {account.currency for account in accounts}
        asked = self._chosen("cur", SIDE_BY_SIDE)
        if held and asked.lower() != SIDE_BY_SIDE and asked.upper() not in held:
            self.told.append("None of these ad accounts is kept in the currency that was asked for.")
        if len(held) == 1:
            return held.pop()
        return asked.upper() if asked.upper() in held else SIDE_BY_SIDE


def _wrong_with(since: date | None, until: date, latest: date) -> str:
    first = earliest(latest)
    if until > latest:
        return f"The last day, {until}, lies in the future."
    if min(since or until, until) < first:
        return f"Meta keeps 37 months; {min(since or until, until)} is before {first}."
    if since and since > until:
        return f"The first day, {since}, is after the last one, {until}."
    if since and (until - since).days >= LONGEST:
        return f"A page shows {LONGEST} days at most."
    return ""
