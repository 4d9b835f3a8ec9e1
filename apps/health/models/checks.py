"""The daily check's reports. Written by `health.checkup`."""

from django.conf import settings
from django.db import models


class HealthCheck(models.Model):
    """One look at everything. `report`: as `check_health --json` prints it."""

    at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    report = models.JSONField()
    # How many findings need a person.
    problems = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["-at"], name="latest_health_checks")]

    def __str__(self) -> str:
        return f"Check at {self.at}: {self.problems} findings"
