import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.team import audit


class Command(BaseCommand):
    help = "Verify the audit trail from its first entry. Exit 1 names the first entry that is not as written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect", default="", metavar="HASH", help="a hash noted elsewhere, to be found"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, expect: str, **options: Any) -> str:
        verdict = audit.verify(expect.strip().lower())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(verdict)))
        if verdict.fault:
            raise CommandError(f"{verdict.fault} {verdict.entries} entries before it are whole.")
        return "" if options["json"] else f"{verdict.entries} entries, all as written. Head: {verdict.head}"
