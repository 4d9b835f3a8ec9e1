from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from apps.reporting import arguments, export
from apps.reporting.models import Insight, Level


class Command(BaseCommand):
    help = "Print stored insights, one row per object and day, with Meta's own field names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_accounts(parser)
        arguments.add_days(parser, required=True)
        arguments.add_breakdowns(parser, many=False)
        parser.add_argument("--level", choices=Level.values, default=Level.CAMPAIGN.value)
        parser.add_argument("--format", choices=["csv", "jsonl"], default="csv")
        parser.add_argument(
            "--windows",
            action="store_true",
            help="add actions_by_window and action_values_by_window: attribution window to action type to number; "
            "null where windows were not fetched. In CSV they are JSON in their cell, like actions.",
        )

    def handle(
        self,
        *,
        account: list[str],
        since: date,
        until: date,
        level: str,
        breakdown: str | None,
        format: str,
        windows: bool,
        **options: Any,
    ) -> None:
        arguments.check_window(since, until)
        chosen = (
            Insight.objects.of(arguments.accounts(account)).at(level, breakdown or "").between(since, until)
        )
        rows = export.records(chosen, level, windows=windows)
        lines = (
            export.jsonl(rows)
            if format == "jsonl"
            else export.as_csv(rows, export.columns(level, breakdown or "", windows=windows))
        )
        try:
            for text in lines:
                self.stdout.write(text, ending="")
            self.stdout.flush()
        except BrokenPipeError:
            return  # whoever read us has seen enough
        self.stderr.write(f"{chosen.count()} rows exported.")
