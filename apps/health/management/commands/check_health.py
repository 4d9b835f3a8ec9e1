import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.health import checkup


class Command(BaseCommand):
    help = "The daily check now: tokens, scopes, ad accounts, allowances, the API's version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the whole report as one JSON object")

    def handle(self, *, json: bool, **options: Any) -> str:
        report = checkup.check().report
        if json:
            self.stdout.write(_as_json(report))
        needs = report["needs_a_person"]
        if needs:
            raise CommandError("\n".join(finding["text"] for finding in needs))
        return "" if json else _well(report)


def _as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False)


def _well(report: dict[str, Any]) -> str:
    number = len(report["connections"])
    accounts = sum(one["accounts"] for one in report["connections"])
    return (
        f"All is well: {number} connection{'s' if number != 1 else ''} reaching {accounts} ad accounts, no allowance "
        f"above {settings.META_PACE_TELL:.0f} %, {report['version']['version']} is current."
    )
