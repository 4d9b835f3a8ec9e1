"""Links that let one named person log in at Meta for us: one use, 24 hours. Only the hash of a link's key is kept."""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from apps.team.models import User

from .models import Connection, LoginLink

logger = logging.getLogger(__name__)

# Where the login page takes a key; it stands in `urls`.
PATH = "/connections/link/{key}/"


def make(
    connection: Connection | None,
    *,
    scopes: Sequence[str] = (),
    email: str = "",
    name: str = "",
    by: Any = None,
) -> tuple[LoginLink, str]:
    """A link and its address, which exists nowhere but in what is returned. An older one for the same ends."""
    key = secrets.token_urlsafe(32)
    if connection is not None:
        open_links = LoginLink.objects.filter(connection=connection, used_at=None)
        open_links.filter(expires_at__gt=timezone.now()).update(expires_at=timezone.now())
        email = email or connection.owner_email
        scopes = scopes or connection.wanted_scopes or connection.scopes
    link = LoginLink.objects.create(
        key_hash=hash_of(key),
        connection=connection,
        scopes=list(scopes),
        email=email,
        name=name,
        created_by=by,
    )
    return link, f"{settings.SITE_URL}{PATH.format(key=key)}"


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def find(key: str) -> LoginLink | None:
    """The link with this key, used and expired ones too."""
    found: LoginLink | None = (
        LoginLink.objects.select_related("connection").filter(key_hash=hash_of(key)).first()
    )
    return found


class Gone(Exception):
    """The link was used, replaced, or is too old."""


def use(link: LoginLink, connection: Connection) -> None:
    """Within the transaction that stores what came of it. Raises Gone when somebody was quicker."""
    mine = LoginLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=timezone.now())
    if not mine.update(used_at=timezone.now(), connection=connection, outcome="Connected."):
        raise Gone


def can_help(connection: Connection) -> bool:
    """Whether a login of its owner would keep it alive, or bring it back."""
    return connection.kind == Connection.Kind.USER


def send(connection: Connection, *, by: Any = None) -> bool:
    """Make a link and mail it to the owner, or to the admins to be handed over where we know no address.

    False: it did not leave, and the link is ended again.
    """
    link, address = make(connection, by=by)
    who = connection.subject_name or "its owner"
    recipients = [link.email] if link.email else list(User.objects.admins().values_list("email", flat=True))
    text = _words(connection, who, address)
    left = _mail(f"Please log in at Meta once: {connection}", text, recipients)
    if not left:
        LoginLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    return left


def send_new(link: LoginLink, address: str) -> bool:
    """Mail a link that connects somebody new to the address it was made for. False: it did not leave."""
    who = link.created_by.name if link.created_by else "The dashboard"
    text = (
        f"{who} asks you to log in at Meta, so that the figures of your ad accounts can be shown in "
        f"{settings.ORGANISATION or 'our'} dashboard. You see there what is asked for, and can say no.\n\n"
        f"Open this link. It works once, for 24 hours:\n\n{address}\n\n"
        "If you do not know what this is about, do not open it, and ask whoever sent it."
    )
    return _mail(f"{who} asks you to log in at Meta once", text, [link.email])


def _mail(subject: str, text: str, recipients: Sequence[str]) -> bool:
    try:
        send_mail(subject[:200], text, None, list(recipients))
    except (SMTPException, OSError) as fault:
        logger.warning("The mail with a login link did not leave: %s", fault)
        return False
    return True


def _words(connection: Connection, who: str, address: str) -> str:
    return (
        f"The connection “{connection}” reads ad accounts with the access that {who} gave at Meta. {_why(connection)}"
        f"\n\nOne login of {who} at Meta keeps it alive: they open this link and confirm there. It works once, for "
        f"24 hours:\n\n{address}\n\nIf you do not know what this is about, do not open it, and ask whoever runs the "
        "dashboard."
    )


def _why(connection: Connection) -> str:
    ends = [moment for moment in (connection.expires_at, connection.data_access_expires_at) if moment]
    if not connection.works:
        return "Meta does not accept that access any more."
    return f"That access ends on {min(ends):%-d %B %Y}." if ends else "That access needs to be confirmed."


def open_link(connection: Connection) -> LoginLink | None:
    """The link that waits to be used, if there is one."""
    waiting = LoginLink.objects.filter(connection=connection, used_at=None, expires_at__gt=timezone.now())
    found: LoginLink | None = waiting.order_by("-created_at").first()
    return found
