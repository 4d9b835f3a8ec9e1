from django.conf import settings
from django.db import models


class SetupStep(models.Model):
    """What is known of one step of the set-up page: the last check with its proof, or who ticked it and when."""

    class State(models.TextChoices):
        VERIFIED = "verified", "Verified"
        WAITING = "waiting", "Waiting"
        ATTENTION = "attention", "Needs attention"
        NOT_STARTED = "not_started", "Not started"

    name = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=12, choices=State, default=State.NOT_STARTED)
    # Lines of what was asked and what Meta answered. The last good ones stay when a later check fails.
    evidence = models.JSONField(default=list)
    # What the last check read and other pages show too, by its name: Meta's words.
    facts = models.JSONField(default=dict)
    facts_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    # The last check, whatever came of it.
    checked_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    marked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"
