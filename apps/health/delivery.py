"""Sends what is in the outbox: mail by Django's settings, everything else through Apprise."""

import logging
import re
import threading
from collections.abc import Sequence
from smtplib import SMTPException

from django.core.mail import send_mail

from apps.team.models import User
from apps.vault import SealBroken

from . import channels, outbox
from .models import Channel, Delivery

logger = logging.getLogger(__name__)

# Messages in one go; the next task goes on.
MOST = 50


class NotSent(Exception):
    """It did not leave. The text says why, without the address."""


def send_due(only: Sequence[int] | None = None) -> int:
    """Send what is due, one after the other. Returns how many were tried."""
    tried = 0
    while tried < MOST and (message := outbox.claim(only)):
        tried += 1
        try:
            _send(message)
        except NotSent as error:
            logger.warning("A message did not leave through %s: %s", message.channel, error)
            outbox.failed(message, str(error))
        else:
            outbox.sent(message)
    return tried


def _send(message: Delivery) -> None:
    if message.channel.source == Channel.Source.MAIL:
        _mail(message)
    else:
        _notify(message)


def _mail(message: Delivery) -> None:
    recipients = list(User.objects.admins().values_list("email", flat=True))
    if not recipients:
        raise NotSent("There is no admin to write to.")
    try:
        send_mail(" ".join(message.title.split())[:200], message.text, None, recipients)
    except (SMTPException, OSError) as fault:
        raise NotSent(f"The mail server did not take it ({type(fault).__name__}).") from fault


def _notify(message: Delivery) -> None:
    import apprise  # heavy, and only needed here

    try:
        url = channels.url_of(message.channel)
    except SealBroken as closed:
        raise NotSent(str(closed)) from closed
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True) if url else None
    if service is None:
        raise NotSent("Its address is not there any more, or belongs to no service that Apprise knows.")
    kind = {"closed": "success", "test": "info"}.get(
        message.kind, "failure" if message.severity == "crit" else "warning"
    )
    with _Complaints(url) as complaints:
        try:
            taken = service.notify(body=message.text or message.title, title=message.title, notify_type=kind)
        except (OSError, TypeError, ValueError) as fault:
            raise NotSent(f"The service could not be asked ({type(fault).__name__}).") from None
    if not taken:
        raise NotSent(str(complaints))


class _Complaints(logging.Handler):
    """What Apprise logs in this thread while it sends: the only place where it says why. Without the address."""

    def __init__(self, url: str) -> None:
        super().__init__(logging.WARNING)
        self._thread, self._lines = threading.get_ident(), list[str]()
        # Every piece of an address may be the secret.
        pieces = {piece for piece in re.split(r"[/?&=@:#]+", url) if len(piece) > 3}
        self._pieces = sorted({url, *pieces}, key=len, reverse=True)
        self._log = logging.getLogger("apprise")

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._lines.append(record.getMessage())

    def __enter__(self) -> "_Complaints":
        self._log.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)

    def __str__(self) -> str:
        text = " ".join(" ".join(self._lines).split())
        for piece in self._pieces:
            text = text.replace(piece, "***")
        return text[:250] or "The service did not take it."
