"""Mail that people get from here. Whether it went out is told, never assumed."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from .models import User

logger = logging.getLogger(__name__)


def send_invitation(person: User, address: str, *, by: User) -> bool:
    """Whether the mail server took it. The link stays out of the log."""
    text = render_to_string(
        "team/mail/invitation.txt",
        {"address": address, "by": by, "person": person, "organisation": settings.ORGANISATION},
    )
    try:
        send_mail("Your invitation to fbadmin", text, None, [person.email])
    except (OSError, SMTPException) as error:
        logger.warning("The invitation mail was not sent: %s", type(error).__name__)
        return False
    return True
