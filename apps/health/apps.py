from operator import attrgetter

from django.apps import AppConfig

from apps.vault import columns


class HealthConfig(AppConfig):
    name = "apps.health"
    label = "health"

    def ready(self) -> None:
        channel = self.get_model("Channel")
        columns.register(columns.of_model(channel, "sealed_url", place=attrgetter("url_place")))
