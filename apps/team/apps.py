from importlib import import_module

from django.apps import AppConfig

from apps.vault import columns


class TeamConfig(AppConfig):
    name = "apps.team"
    label = "team"

    def ready(self) -> None:
        # Receivers need models, which exist from here on.
        import_module("apps.team.recording")
        columns.register(import_module("apps.team.second_factor").sealed_values)
