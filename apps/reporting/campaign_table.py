"""The campaign table: its heads, the page of it that is shown, and all of it as CSV."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator

from .forms import Question
from .performance import CampaignRow, Compared, CurrencyGroup, Performance, all_of

ROWS_PER_PAGE = 100


@dataclass(frozen=True)
class Head:
    """A head is a link that sorts; the sorted one turns the order round."""

    label: str
    url: str
    sorted: str  # ascending, descending or nothing, as `aria-sort` has it
    classes: str


@dataclass(frozen=True)
class Section:
    """A page's rows in one currency; the subtotal is of all its campaigns, also those on other pages."""

    group: CurrencyGroup
    rows: list[tuple[CampaignRow, float]]  # with their share of the largest spend in the currency

    @property
    def total(self) -> Compared:
        return self.group.total


_HEADS = {
    "name": ("Campaign", "wname"),
    "delivery": ("Delivery", ""),
    "budget": ("Budget / day", "num hide-s"),
    "spend": ("Spend", "num"),
    "impressions": ("Impr.", "num"),
    "ctr": ("CTR", "num"),
    "purchases": ("Purch.", "num"),
    "cpp": ("Cost / purch.", "num"),
    "roas": ("ROAS", "num"),
    "delta": ("Δ ROAS", "num"),
}


def heads(question: Question, address: Callable[[str], str]) -> list[Head]:
    """`address` turns a sort order into the address that has it."""
    return [_head(question, address, name) for name in _HEADS]


def _head(question: Question, address: Callable[[str], str], name: str) -> Head:
    label, classes = _HEADS[name]
    here = question.sort == name
    # Numbers begin with the largest, words with A.
    descending = not question.descending if here else "num" in classes
    order = "descending" if question.descending else "ascending"
    return Head(label, address(f"{'-' if descending else ''}{name}"), order if here else "", classes)


def page_of(found: Performance) -> tuple[Page[CampaignRow], str]:
    """The page asked for, or the nearest there is, with a sentence where that is another one."""
    asked, paginator = found.question.page, Paginator(found.campaigns, ROWS_PER_PAGE)
    shown = paginator.get_page(asked)
    if asked == str(shown.number):
        return shown, ""
    pages = "is one page" if paginator.num_pages == 1 else f"are {paginator.num_pages} pages"
    return shown, f"There {pages} of campaigns; page {shown.number} is shown."


def sections(found: Performance, shown: Page[CampaignRow]) -> list[Section]:
    """The page's rows under their currency."""
    rows = list(shown.object_list)
    under = [
        (group, [row for row in rows if row.account.currency == group.currency]) for group in found.groups
    ]
    return [Section(group, _with_shares(group, rows)) for group, rows in under if rows]


def _with_shares(group: CurrencyGroup, rows: list[CampaignRow]) -> list[tuple[CampaignRow, float]]:
    largest = group.largest_spend
    return [(row, float(row.figures.current.spend / largest) if largest else 0.0) for row in rows]


def total(found: Performance) -> Compared:
    """The sum of the table; across currencies only its counts mean anything."""
    return all_of(group.total for group in found.groups)


CSV_COLUMNS = [
    "account_id", "account_name", "campaign_id", "campaign_name", "objective", "delivery", "account_currency",
    "daily_budget", "spend", "impressions", "clicks", "purchases", "purchase_value", "attribution",
]  # fmt: skip


def csv_records(found: Performance) -> Iterator[dict[str, Any]]:
    """The rows of all pages, in the order shown."""
    for row in found.campaigns:
        totals = row.figures.current
        yield {
            "account_id": row.account.meta_id,
            "account_name": row.account.name,
            "campaign_id": row.meta_id,
            "campaign_name": row.name,
            "objective": row.objective,
            "delivery": row.delivery.word,
            "account_currency": row.account.currency,
            "daily_budget": _exact(row.daily_budget),
            "spend": f"{totals.spend:f}",
            "impressions": totals.impressions,
            "clicks": totals.clicks,
            "purchases": _exact(totals.purchases),
            "purchase_value": _exact(totals.value),
            "attribution": found.question.attribution.label,
        }


def _exact(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"
