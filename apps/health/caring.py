"""What people do with alerts, rules and channels. Each deed is in the audit trail."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from apps.team import audit

from . import channels, outbox
from .findings import Rule
from .models import Alert, Channel, Delivery, RuleSetting


def _who(request: HttpRequest) -> Any:
    return request.user


def _record(request: HttpRequest, action: str, thing: str, detail: str = "") -> None:
    audit.record(action, by=_who(request), thing=thing, detail=detail, request=request)


@transaction.atomic
def acknowledge(alert: Alert, request: HttpRequest) -> None:
    """Somebody knows: no reminders until it is over, grows or gets worse. Whoever says so owns it."""
    _change(
        alert,
        acknowledged_at=timezone.now(),
        acknowledged_by=_who(request),
        snoozed_until=None,
        owner=alert.owner or _who(request),
    )
    _record(request, "alert.acknowledged", alert.title)


@transaction.atomic
def snooze(alert: Alert, until: datetime, request: HttpRequest) -> None:
    _change(alert, snoozed_until=until, acknowledged_at=None, acknowledged_by=None)
    _record(request, "alert.snoozed", alert.title, f"until {until:%Y-%m-%d %H:%M} UTC")


@transaction.atomic
def wake(alert: Alert, request: HttpRequest) -> None:
    """Neither acknowledged nor snoozed any more."""
    _change(alert, snoozed_until=None, acknowledged_at=None, acknowledged_by=None)
    _record(request, "alert.woken", alert.title)


@transaction.atomic
def own(alert: Alert, request: HttpRequest, *, take: bool) -> None:
    _change(alert, owner=_who(request) if take else None)
    _record(request, "alert.taken" if take else "alert.left", alert.title)


def _change(alert: Alert, **fields: Any) -> None:
    """Only its own columns: a look may be writing the others."""
    Alert.objects.open().filter(pk=alert.pk).update(**fields)
    for name, value in fields.items():
        setattr(alert, name, value)


@transaction.atomic
def set_rule(rule: Rule, request: HttpRequest, detail: str, **fields: Any) -> None:
    RuleSetting.objects.update_or_create(name=rule.name, defaults=fields)
    _record(request, "alert.rule_changed", rule.title, detail)


def add_channel(name: str, url: str, least: str, request: HttpRequest) -> Channel:
    """Raises channels.Unknown."""
    channel = channels.prepare(name, url, least)
    with transaction.atomic():
        channels.keep(channel)
        _record(
            request, "alert.channel_added", name, f"{channel.service}, from {channel.get_least_display()} on"
        )
    return channel


@transaction.atomic
def change_channel(channel: Channel, request: HttpRequest, detail: str, **fields: Any) -> None:
    channels.change(channel, **fields)
    _record(request, "alert.channel_changed", channel.name, detail)


@transaction.atomic
def remove_channel(channel: Channel, request: HttpRequest) -> None:
    _record(request, "alert.channel_removed", channel.name, channel.service)
    channels.remove(channel)


@transaction.atomic
def test_channel(channel: Channel, request: HttpRequest) -> Delivery:
    _record(request, "alert.channel_tested", channel.name)
    return outbox.test(channel, str(request.user))
