from importlib import import_module

from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "apps.team"
    label = "team"

    def ready(self) -> None:
        # Receivers need models, which exist from here on.
        import_module("apps.team.recording")
