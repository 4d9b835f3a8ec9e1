import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.connections import tokens


class Command(BaseCommand):
    help = (
        "Connect a system user: its token is read from standard input, checked with Meta, sealed and stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what to call the connection")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a sentence")

    def handle(self, *, name: str, json: bool, **options: Any) -> str:
        try:
            connected = tokens.connect(name, self._read_token())
        except tokens.Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        return _as_json(connected) if json else str(connected)

    def _read_token(self) -> str:
        if sys.stdin is None:
            return ""
        if sys.stdin.isatty():
            self.stderr.write("Paste the token, press Enter, then Ctrl-D.")
        return sys.stdin.buffer.read(100_000).decode(errors="replace")


def _as_json(connected: tokens.Connected) -> str:
    connection = connected.connection
    return json.dumps(
        {
            "connection": str(connection.pk),
            "name": connection.name,
            "kind": connection.kind,
            "subject_id": connection.subject_id,
            "subject_name": connection.subject_name,
            "scopes": connection.scopes,
            "ad_accounts": connected.found,
            "renewed": connected.renewed,
        },
        ensure_ascii=False,
    )
