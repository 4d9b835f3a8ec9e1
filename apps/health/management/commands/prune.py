import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.health import pruning


class Command(BaseCommand):
    help = "Let go of what is too old: calls after 30 days, errors after 90; their counts stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a sentence")

    def handle(self, *, json: bool, **options: Any) -> str:
        gone = pruning.prune()
        if json:
            return _as_json(gone)
        return f"{sum(gone.values()):,} rows were too old and are gone."


def _as_json(gone: dict[str, int]) -> str:
    return json.dumps(gone)
