"""The ways to reach people. The one writer of `Channel`; addresses are sealed, and only `delivery` opens them."""

import hashlib
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.vault import seal, unseal

from . import outbox
from .models import Channel, Severity

MAIL_NAME = "Mail to admins"
Source = Channel.Source


class Unknown(Exception):
    """No service has such an address. The text says so to whoever typed it."""


def fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def prepare(name: str, url: str, least: str = Severity.WARN) -> Channel:
    """A channel that is not kept yet. Raises Unknown; sealing may ask a service: call it outside transactions."""
    channel = Channel(
        name=name, service=service_of(url), fingerprint=fingerprint(url), least=least, source=Source.PAGE
    )
    channel.sealed_url = seal(url, channel.url_place)
    return channel


def keep(channel: Channel) -> None:
    channel.save(force_insert=True)


def service_of(url: str) -> str:
    """Apprise's name of what the address belongs to: Slack, JSON."""
    import apprise  # heavy, and only needed where an address is read

    found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if found is None:
        raise Unknown("Apprise does not know such an address. Its list is on appriseit.com/services.")
    return str(found.service_name)


def url_of(channel: Channel) -> str:
    """The address in clear, for sending and nothing else. Empty when it is gone from ALERT_URLS. Raises SealBroken."""
    if channel.source == Source.ENVIRONMENT:
        return next((url for url in settings.ALERT_URLS if fingerprint(url) == channel.fingerprint), "")
    return unseal(channel.sealed_url, channel.url_place)


def take_from_settings() -> None:
    """Make the channels of the environment and of mail, and let go of those whose address is not there any more."""
    wanted = {fingerprint(url): url for url in settings.ALERT_URLS}
    there = list(Channel.objects.exclude(source=Source.PAGE))
    prints = {channel.fingerprint for channel in there if channel.source == Source.ENVIRONMENT}
    for mark in wanted.keys() - prints:
        _from_environment(mark, wanted[mark])
    Channel.objects.filter(source=Source.ENVIRONMENT, fingerprint__in=prints - wanted.keys()).delete()
    if not any(channel.source == Source.MAIL for channel in there):
        Channel.objects.get_or_create(
            name=MAIL_NAME,
            defaults={"source": Source.MAIL, "service": "Mail", "on": settings.MAIL_CONFIGURED},
        )


def _from_environment(mark: str, url: str) -> None:
    error, service = "", ""
    try:
        service = service_of(url)
    except Unknown as unknown:
        error = str(unknown)
    Channel.objects.get_or_create(
        name=f"{service or 'Unknown'} {mark[:4]} of ALERT_URLS",
        defaults={"source": Source.ENVIRONMENT, "fingerprint": mark, "service": service, "error": error},
    )


def change(channel: Channel, **fields: Any) -> None:
    """Switch it on or off, or change what it takes."""
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(**fields)
        channel.refresh_from_db()
        if not channel.on:
            Channel.objects.filter(pk=channel.pk).update(failures=0, failed_at=None)
            outbox.stop(channel)


def remove(channel: Channel) -> None:
    """With its messages. Those of the environment leave with their address there."""
    channel.delete()
