"""Command line words turned into our types; CommandError says what to mend."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from datetime import date, timedelta

from django.core.management.base import CommandError
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.connections.querysets import AdAccountQuerySet
from apps.graphapi.limits import INSIGHTS_MAX_MONTHS

from .models import Level


def add_days(parser: ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--since", type=day, required=required, metavar="D", help="first day, like 2026-11-01"
    )
    parser.add_argument("--until", type=day, required=required, metavar="D", help="last day, included")


def add_accounts(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--account", nargs="+", action="extend", default=[], metavar="act_1", help="default: all"
    )


def add_breakdowns(parser: ArgumentParser, *, many: bool) -> None:
    parser.add_argument(
        "--breakdown",
        nargs="+" if many else None,
        action="extend" if many else "store",
        type=breakdown,
        default=[] if many else None,
        metavar="age,gender",
    )


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day. Write it like 2026-11-01.") from error


def breakdown(text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.replace("_", "").isalnum() and part.isascii() and part.islower() for part in parts):
        raise ArgumentTypeError(f"{text!r} is no breakdown. Write it like age,gender.")
    return ",".join(parts)


def levels(chosen: Sequence[str]) -> list[str]:
    """In Meta's order, each once."""
    return [level for level in Level.values if level in chosen]


def check_window(since: date | None, until: date | None) -> None:
    if since and until and since > until:
        raise CommandError(f"--since {since} is after --until {until}. Swap them.")
    today = timezone.now().date()
    if since and since > today + timedelta(days=1):
        raise CommandError(f"--since {since} lies in the future. Meta has numbers up to today, {today}.")
    for option, given in (("--since", since), ("--until", until)):
        if given and given < earliest(today):
            raise CommandError(
                f"{option} {given} is more than {INSIGHTS_MAX_MONTHS} months back, further than Meta keeps insights. "
                f"The first day it has is {earliest(today)}."
            )


def earliest(today: date) -> date:
    """The first day that Meta still has: the same day of the month, 37 months back."""
    months = today.year * 12 + today.month - 1 - INSIGHTS_MAX_MONTHS
    return date(months // 12, months % 12 + 1, min(today.day, 28))


def accounts(texts: Sequence[str]) -> AdAccountQuerySet:
    if not texts:
        return AdAccount.objects.in_order()
    found = AdAccount.objects.by_meta_ids(list(texts))
    known = set(found.values_list("meta_id", flat=True))
    if unknown := [text for text in texts if text.strip().removeprefix("act_") not in known]:
        raise CommandError(
            f"Unknown ad account: {', '.join(unknown)}. Connect a token that reaches it first; "
            "the page of connections lists those that are known."
        )
    return found.in_order()
