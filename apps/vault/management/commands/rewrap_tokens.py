import json as json_lines
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.vault import KeysAway
from apps.vault.rewrap import Rewrapped, rewrap


class Command(BaseCommand):
    help = "Move everything sealed to the newest key while the system works. Exit 1 when something does not open."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a sentence")

    def handle(self, *, json: bool, **options: Any) -> str | None:
        try:
            result = rewrap()
        except KeysAway as error:
            raise CommandError(f"{error} What was moved stays moved; run it again.") from error
        told = _as_json(result) if json else str(result)
        if not result.broken:
            return told
        self.stdout.write(told)
        raise SystemExit(1)


def _as_json(result: Rewrapped) -> str:
    return json_lines.dumps(
        {
            "key": result.key_id,
            "moved": result.moved,
            "already": result.already,
            "changed": result.changed,
            "broken": [{"name": name, "reason": reason} for name, reason in result.broken],
        },
        ensure_ascii=False,
    )
