from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.connections import grants
from apps.connections.models import AdAccount
from apps.team.models import User


class Command(BaseCommand):
    help = "Let a person see ad accounts. With --revoke, no longer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("accounts", nargs="+", help="act_… ids, or `all` for those known now")
        parser.add_argument("--revoke", action="store_true")

    def handle(self, *, email: str, accounts: list[str], revoke: bool, **options: Any) -> str:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {email}.")
        chosen = AdAccount.objects.all() if accounts == ["all"] else AdAccount.objects.by_meta_ids(accounts)
        known = {account.meta_id for account in chosen}
        if unknown := [text for text in accounts if text != "all" and text.removeprefix("act_") not in known]:
            raise CommandError(
                f"Unknown ad account: {', '.join(unknown)}. Connect a token that reaches it first."
            )
        held = set(AdAccount.objects.filter(grants__user=person))
        wanted = held - set(chosen) if revoke else held | set(chosen)
        grants.give(person, list(wanted), by=None)
        number = person.account_grants.count()
        return f"{person.email} now sees {number} ad account{'s' if number != 1 else ''}."
