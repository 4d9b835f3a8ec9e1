"""What is too old goes, bite by bite; counts stay."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.health.models import (
    AccountHour,
    Alert,
    Call,
    CallSlot,
    CallTotal,
    Channel,
    Delivery,
    ErrorGroup,
    ErrorHour,
    ErrorOccurrence,
    UsageSlot,
)
from apps.health.pruning import prune

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def days_ago(number):
    return timezone.now() - timedelta(days=number)


def test_what_is_too_old_goes_and_the_rest_stays():
    group = ErrorGroup.objects.create(
        key="1", path="me", category="unknown", count=9, first_seen=days_ago(99), last_seen=days_ago(1)
    )
    for age in (31, 29):
        for n in range(7):
            Call.objects.create(at=days_ago(age), method="GET", path="me", outcome="ok", milliseconds=n)
    for age in (91, 89):
        ErrorOccurrence.objects.create(group=group, at=days_ago(age), method="GET")
        ErrorHour.objects.create(group=group, at=days_ago(age), count=3)
    for grain, age in (("m", 3), ("m", 1), ("h", 401), ("h", 3)):
        CallSlot.objects.create(grain=grain, at=days_ago(age), path="me", status=200, outcome="ok")
    for age in (36, 34):
        AccountHour.objects.create(at=days_ago(age), account_id="1", path="me", purpose="sync", outcome="ok")
    for age in (9, 7):
        UsageSlot.objects.create(at=days_ago(age), scope="app")
    CallTotal.objects.create(path="me", status=200, calls=14)
    channel = Channel.objects.create(name="Mail", source=Channel.Source.MAIL)
    for age in (401, 398):
        alert = Alert.objects.create(
            rule="stale", key=f"k{age}", severity="warn", title="x", opened_at=days_ago(500), found_at=days_ago(age),
            closed_at=days_ago(age),
        )  # fmt: skip
        told = {"kind": "closed", "state": "sent", "next_at": days_ago(age), "created_at": days_ago(age)}
        Delivery.objects.create(alert=alert, channel=channel, **told)
    Alert.objects.create(
        rule="stale", key="o", severity="warn", title="x", opened_at=days_ago(500), found_at=days_ago(1)
    )

    gone = prune(bite=3)

    assert gone == {
        "health_call": 7, "health_callslot": 2, "health_accounthour": 1, "health_usageslot": 1,
        "health_erroroccurrence": 1, "health_delivery": 1, "health_alert": 1,
    }  # fmt: skip
    assert (Call.objects.count(), ErrorOccurrence.objects.count()) == (7, 1)
    assert sorted(CallSlot.objects.values_list("grain", flat=True)) == ["h", "m"]
    assert (ErrorHour.objects.count(), ErrorGroup.objects.get().count, CallTotal.objects.get().calls) == (
        2,
        9,
        14,
    )
    assert sum(prune().values()) == 0
