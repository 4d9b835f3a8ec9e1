from django.apps import AppConfig
from django.core import checks

from . import start


class VaultConfig(AppConfig):
    name = "apps.vault"
    label = "vault"

    def ready(self) -> None:
        checks.register(start.keys_open, "keys")
