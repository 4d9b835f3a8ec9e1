import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.connections import renewal
from apps.connections.models import Connection
from apps.connections.renewal import Outcome, Renewal


class Command(BaseCommand):
    help = "Renew the tokens that are due now: from 30 days of age, and what has 30 days left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")

    def handle(self, *, json: bool, **options: Any) -> str:
        renewals = renewal.renew_due()
        renewal.raise_alerts(Connection.objects.usable())
        failed = [one for one in renewals if one.outcome == Outcome.FAILED]
        if json:
            self.stdout.write(_as_json(renewals))
        if failed:
            raise CommandError(" ".join(one.text for one in failed))
        return "" if json else _as_text(renewals)


def _as_text(renewals: list[Renewal]) -> str:
    if not renewals:
        return "No token is due."
    return "\n".join(one.text for one in renewals)


def _as_json(renewals: list[Renewal]) -> str:
    counted = Counter(one.outcome.value for one in renewals)
    told = [
        {"connection": str(one.connection.pk), "name": one.connection.name, "outcome": one.outcome.value}
        for one in renewals
    ]
    return json.dumps({"due": len(renewals), **counted, "connections": told}, ensure_ascii=False)
