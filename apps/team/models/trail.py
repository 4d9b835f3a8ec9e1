"""The audit trail's two tables. Migration 0003 adds the triggers that keep their rows as they are."""

import hashlib
import json
from datetime import UTC
from typing import Any

from django.db import models

BEGINNING = "0" * 64


class AuditEntry(models.Model):
    """Who did what to which thing, when and from where. Written by `team.audit.record`, then never changed.

    Who acted is written down, not pointed to: an entry outlives them. Of people at Meta, whose data must be deleted
    when they ask for it, `thing` holds a reference only, and readers look up its name.
    """

    named = ""  # what a reference in `thing` is called today; set by whoever shows the entry

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    actor_email = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    thing = models.CharField(max_length=300, blank=True)
    detail = models.TextField(blank=True)
    address = models.CharField(max_length=45, blank=True)
    # Two entries after the same one would be a fork.
    previous = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["-at"], name="trail_by_time"),
            models.Index(fields=["actor", "-number"], name="trail_of_a_person"),
            models.Index(fields=["action", "-number"], name="trail_of_an_action"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.thing}".rstrip()

    @property
    def who(self) -> str:
        return self.actor_name or self.actor_email

    def digest(self) -> str:
        """The hash that belongs to what stands in this row, the hash of the row before included."""
        told: list[Any] = [
            self.number,
            self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.actor,
            self.actor_name,
            self.actor_email,
            self.action,
            self.thing,
            self.detail,
            self.address,
            self.previous,
        ]
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class AuditHead(models.Model):
    """One row: where the trail ends. Writers take turns by its lock, and a tail that went missing shows."""

    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=BEGINNING)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"

    def move_to(self, entry: AuditEntry) -> None:
        self.number, self.hash = entry.number, entry.hash
        self.save(update_fields=["number", "hash"])
