"""What pages say about how far their numbers can be trusted: gaps, restatement, backfill."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms

from apps.connections.models import AdAccount
from apps.ui import formats

from . import backfill, daystrip, growth, ledger, sets
from .ledger import Stretch
from .models import Coverage
from .performance import Performance
from .periods import Period

STRIP_DAYS = 90
MOST_LISTED = 12


@dataclass(frozen=True)
class Gaps:
    """Gaps to be listed, the newest first."""

    all: list[Stretch]

    @property
    def listed(self) -> list[Stretch]:
        return sorted(self.all, key=lambda gap: gap.until, reverse=True)[:MOST_LISTED]

    @property
    def unlisted(self) -> int:
        return max(0, len(self.all) - MOST_LISTED)

    @property
    def title(self) -> str:
        """`2 of 6 ad accounts have gaps in these days.`"""
        held = {gap.account for gap in self.all}
        if len(held) == 1:
            return f"{next(iter(held))} has gaps in these days."
        return f"{len(held)} ad accounts have gaps in these days."

    @property
    def kind(self) -> str:
        return "warn" if any(gap.state in {ledger.MISSING, ledger.PARTIAL} for gap in self.all) else "info"


def of_performance(found: Performance) -> dict[str, Any]:
    """For `reporting/_trust.html`: what lacks in the days that are shown, and how they usually still change."""
    accounts, span = found.accounts, found.spans.current
    wanted = {account.pk: sets.HOURLY for account in accounts}
    stretches = ledger.stretches(accounts, span.since, span.until, wanted)
    # Days that were never fetched are told by the page itself.
    told = {account.pk for account in found.unfetched}
    gaps = [
        one
        for one in stretches
        if one.state not in ledger.FINE
        and not (one.account.pk in told and one.fetched_at is None and not one.code)
    ]
    return {"gaps": Gaps(gaps), "growth": growth.usual(accounts) if accounts else []}


def of_account(account: AdAccount) -> dict[str, Any]:
    """For `reporting/_ledger.html` and `_backfill.html`."""
    today = account.today()
    span = Period.ending(today, STRIP_DAYS)
    keeps = sets.kept(account)
    stretches = ledger.stretches([account], span.since, span.until, {account.pk: keeps})
    return {
        "strip": daystrip.rows(stretches, span.since, span.until),
        "strip_span": span,
        "strip_legend": daystrip.legend(),
        "gaps": Gaps([one for one in stretches if one.state not in ledger.FINE]),
        "notes": _notes(account, span),
        "sets_form": SetsForm(initial={"sets": [one.name for one in keeps]}),
        "backfill": backfill.progress(account),
        "backfill_form": BackfillForm(account=account),
    }


def _notes(account: AdAccount, span: Period) -> list[str]:
    rows = Coverage.objects.filter(account=account, day__range=(span.since, span.until), state="complete")
    noted = rows.exclude(note="").order_by("-day")[:MOST_LISTED]
    return [f"{formats.day(row.day)}: {row.note}" for row in noted]


class SetsForm(forms.Form):
    """Which sets of numbers an ad account keeps, besides those the pages are made of."""

    sets = forms.MultipleChoiceField(
        label="Fetched every night",
        required=False,
        choices=[(one.name, one.label) for one in sets.NIGHTLY],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s is not a set that can be kept."},
    )


class BackfillForm(forms.Form):
    """How far back to fill."""

    since = forms.DateField(
        label="Back to",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={
            "invalid": "The day can not be read. Write it like 2025-11-01.",
            "required": "Choose the day to fill back to.",
        },
    )

    def __init__(self, *args: Any, account: AdAccount, **options: Any) -> None:
        options.setdefault("initial", {"since": backfill.usual(account)})
        super().__init__(*args, **options)
        self._first, self._last = backfill.furthest(account), account.today() - timedelta(days=1)
        self.fields["since"].widget.attrs |= {"min": self._first.isoformat(), "max": self._last.isoformat()}

    def clean_since(self) -> Any:
        since = self.cleaned_data["since"]
        if since < self._first:
            raise forms.ValidationError(f"Meta keeps 37 months. The first day it has is {self._first}.")
        if since > self._last:
            raise forms.ValidationError("Choose a day that is over.")
        return since
