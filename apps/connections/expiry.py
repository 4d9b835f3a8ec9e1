"""Clocks that are about to run out: an alert at 15, 7, 3 and 1 days, told once, cleared when the clock moved."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.team.models import User

from . import links, locks
from .models import Connection, ExpiryAlert

logger = logging.getLogger(__name__)

THRESHOLDS = (15, 7, 3, 1)
# The first half of the two-part lock key: "mail" in ASCII.
_TELLING = 0x6D61696C
Clock = ExpiryAlert.Clock


def review(connection: Connection) -> None:
    """Raise what is due for this connection and clear what is over. Asks nobody; call it after its clocks were read."""
    now = timezone.now()
    ends = dict(_ends(connection))
    for alert in connection.expiry_alerts.filter(cleared_at=None):
        if connection.state == Connection.State.DISCONNECTED or ends.get(alert.clock) != alert.ends_at:
            ExpiryAlert.objects.filter(pk=alert.pk).update(cleared_at=now)
    if not connection.works:
        return
    for clock, end in ends.items():
        days = _threshold(end, now)
        if days and not (clock == Clock.TOKEN and connection.renews_itself):
            _raise(connection, clock, days, end)


def _ends(connection: Connection) -> Iterator[tuple[str, datetime]]:
    if connection.expires_at:
        yield Clock.TOKEN, connection.expires_at
    if connection.data_access_expires_at:
        yield Clock.DATA_ACCESS, connection.data_access_expires_at


def _threshold(end: datetime, now: datetime) -> int:
    """The closest threshold that is reached; 0 while there is time, and when it is over."""
    reached = [days for days in THRESHOLDS if end - now <= timedelta(days=days)]
    return min(reached, default=0) if end > now else 0


def _raise(connection: Connection, clock: str, days: int, end: datetime) -> None:
    """Once per threshold and end: who was told of 7 days is not told of 15 afterwards."""
    ExpiryAlert.objects.get_or_create(connection=connection, clock=clock, days=days, ends_at=end)


# --- telling -------------------------------------------------------------------------------------


def tell() -> int:
    """Mail the admins, and the owner a link, of every alert that nobody was told of yet. Returns how many were told.

    A mail that does not leave is tried again next time; until then the pages say so.
    """
    with locks.session_lock(_TELLING, 0) as alone:
        return _tell() if alone else 0


def _tell() -> int:
    untold = ExpiryAlert.objects.filter(told_at=None, cleared_at=None).select_related("connection")
    told = 0
    for connection, alerts in groupby(untold.order_by("connection__name", "ends_at"), lambda a: a.connection):
        told += _tell_of(connection, list(alerts))
    return told


def _tell_of(connection: Connection, alerts: list[ExpiryAlert]) -> int:
    subject = f"{connection}: {sentence(min(alerts, key=lambda alert: alert.ends_at))}"
    admins = list(User.objects.admins().values_list("email", flat=True))
    if not admins or not _mail(subject, _words_for_admins(connection, alerts), admins):
        return 0
    if links.can_help(connection):
        links.send(connection)
    now = timezone.now()
    with transaction.atomic():
        ExpiryAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=now)
    return len(alerts)


def sentence(alert: ExpiryAlert) -> str:
    """`the token ends on 1 Dec 2026, in less than 3 days`."""
    what = "the token" if alert.clock == Clock.TOKEN else "access to its owner's data"
    within = "1 day" if alert.days == 1 else f"{alert.days} days"
    return f"{what} ends on {alert.ends_at:%-d %b %Y}, within {within}"


def _words_for_admins(connection: Connection, alerts: list[ExpiryAlert]) -> str:
    reached = connection.reach.filter(lost_at=None).count()
    many = "1 ad account" if reached == 1 else f"{reached} ad accounts"
    lines = [f"{connection} reaches {many}. {sentence(alert).capitalize()}." for alert in alerts]
    if connection.renewal_error:
        lines.append(f"Its last renewal failed: {connection.renewal_error}")
    if links.can_help(connection):
        who = connection.subject_name or "its owner"
        lines.append(f"Only {who} can keep it alive, by logging in at Meta.")
        whom = f"to {connection.owner_email}" if connection.owner_email else "to you, to be handed over"
        lines.append(f"A link for that goes {whom} in a mail of its own.")
    address = f"{settings.SITE_URL}{reverse('connections:detail', args=[connection.pk])}"
    return "\n\n".join([*lines, f"What stops when it ends, and what to do: {address}"])


def _mail(subject: str, text: str, recipients: list[str]) -> bool:
    try:
        send_mail(" ".join(subject.split())[:200], text, None, recipients)
    except (SMTPException, OSError) as fault:
        logger.warning("A mail about an expiry did not leave and is tried again tomorrow: %s", fault)
        return False
    return True
