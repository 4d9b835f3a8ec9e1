from django.db import models


class Heartbeat(models.Model):
    """When the background last did its minute's work. Written by `health.heartbeat`.

    Beat sends it and a worker writes it, so a fresh one says that beat, broker and workers all work.
    """

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
