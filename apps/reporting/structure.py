"""Campaigns, ad sets and ads of one ad account: asked from Meta, then kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.connections.values import clean, whole
from apps.graphapi import Client, Request

from .models import Ad, AdSet, Campaign
from .rows import LONGEST_ID, Unreadable, moment

PAGE = 100

# Archived objects are left out of lists unless they are asked for.
_EVERY_STATUS = [
    "ACTIVE", "PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES", "CAMPAIGN_PAUSED", "ADSET_PAUSED",
    "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO",
]  # fmt: skip
_COMMON = ["id", "name", "status", "effective_status", "created_time", "updated_time"]


@dataclass(frozen=True)
class Edge:
    """One list edge of an ad account and the table that it fills."""

    name: str
    model: type[models.Model]
    fields: list[str]
    statuses: list[str]

    @property
    def columns(self) -> list[str]:
        """The fields that are columns of ours under the same name."""
        return [field for field in self.fields if field not in {"id", "created_time", "updated_time"}]


EDGES = {
    "campaign": Edge(
        "campaigns",
        Campaign,
        [*_COMMON, "objective", "daily_budget", "lifetime_budget", "bid_strategy", "buying_type"],
        _EVERY_STATUS[:5],
    ),
    "adset": Edge(
        "adsets",
        AdSet,
        [*_COMMON, "campaign_id", "daily_budget", "lifetime_budget", "optimization_goal"],
        _EVERY_STATUS[:6],
    ),
    "ad": Edge("ads", Ad, [*_COMMON, "campaign_id", "adset_id"], _EVERY_STATUS),
}

_BUDGETS = {"daily_budget", "lifetime_budget"}


def fetch(client: Client, account: AdAccount, level: str) -> list[dict[str, Any]]:
    """Every object of a level that Meta lists, archived ones too."""
    listing = question(account, level)
    return list(client.each(listing.path, limit=PAGE, **listing.params))


def question(account: AdAccount, level: str) -> Request:
    """The list that holds them."""
    edge = EDGES[level]
    params = {"fields": edge.fields, "effective_status": edge.statuses}
    return Request("GET", f"{account.act_id}/{edge.name}", params)


def store(account: AdAccount, level: str, found: Iterable[dict[str, Any]]) -> None:
    """Keep what Meta listed. Objects it lists no more stay: their numbers need their names."""
    edge = EDGES[level]
    objects = {}
    for raw in found:
        values: dict[str, Any] = {
            column: whole(raw.get(column))
            if column in _BUDGETS
            else _text(edge.model, column, raw.get(column))
            for column in edge.columns
        }
        meta_id = _identity(raw, level)
        objects[meta_id] = edge.model(
            account=account,
            meta_id=meta_id,
            created_time=moment(raw.get("created_time")),
            updated_time=moment(raw.get("updated_time")),
            listed_at=timezone.now(),
            **values,
        )
    edge.model._default_manager.bulk_create(
        [objects[key] for key in sorted(objects)],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["meta_id"],
        update_fields=["account", "created_time", "updated_time", "listed_at", *edge.columns],
    )


def _identity(raw: dict[str, Any], level: str) -> str:
    value = clean(raw.get("id"))
    if not 0 < len(value) <= LONGEST_ID:
        raise Unreadable(f"Meta listed an object of level {level} without an id, or with one that is none.")
    return value


def _text(model: type[models.Model], column: str, value: Any) -> str:
    return clean(value)[: model._meta.get_field(column).max_length]  # type: ignore[union-attr]
