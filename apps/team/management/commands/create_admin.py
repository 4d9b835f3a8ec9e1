from argparse import ArgumentParser

from apps.team import roles

from . import create_user


class Command(create_user.Command):
    help = "Make an admin. The password is read from standard input when piped, else made and printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.set_defaults(role=roles.ADMIN)
