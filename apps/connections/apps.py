from operator import attrgetter
from typing import Any

from django.apps import AppConfig

from apps.vault import columns

from .purposes import Purpose


class ConnectionsConfig(AppConfig):
    name = "apps.connections"
    label = "connections"

    def ready(self) -> None:
        openings: Any = self.get_model("TokenOpening")._default_manager
        place = attrgetter("token_place")
        columns.register(
            columns.of_model(
                self.get_model("Connection"),
                "sealed_token",
                place=place,
                opened=lambda row: openings.count_one(row.pk, Purpose.REWRAP),
            )
        )
        columns.register(columns.of_model(self.get_model("PendingConnection"), "sealed_token", place=place))
