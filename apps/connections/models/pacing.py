from django.db import models
from django.utils import timezone


class Allowance(models.Model):
    """What all workers know of one of Meta's allowances: a page of the pace book. Written by `connections.pacing`."""

    key = models.CharField(max_length=120, primary_key=True)
    gauge = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Price(models.Model):
    """What a shape of question costs of an allowance, in percent, as learned from Meta's headers."""

    name = models.CharField(max_length=400, primary_key=True)
    percent = models.FloatField()
    learned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.percent:.2f} %"
