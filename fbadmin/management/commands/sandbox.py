import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Only the sandbox: a pretend Meta on its own port."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8010)
        parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same world")

    def handle(self, *, port: int, seed: int, **options: Any) -> None:
        command = [sys.executable, "-m", "apps.sandbox", "--port", str(port), "--seed", str(seed)]
        os.execv(sys.executable, command)  # noqa: S606 - this process becomes the sandbox
