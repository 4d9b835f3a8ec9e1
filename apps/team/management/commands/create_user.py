import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.team import people, roles


class Command(BaseCommand):
    help = "Make a person. The password is read from standard input when piped, else made and printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=roles.ROLES, default=roles.MARKETER)
        parser.add_argument("--name", default="")

    def handle(self, *, email: str, role: str, name: str, **options: Any) -> str:
        piped = _piped_password()
        person, password = people.create(email, piped, role=role, name=name)
        return f"{person.email} is now {role}." + ("" if piped else f" Password: {password}")


def _piped_password() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandError("The password can not be read. Pipe it as UTF-8 text.") from error
