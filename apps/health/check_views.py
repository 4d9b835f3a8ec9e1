"""The button that makes the daily check now. Asking Meta takes a while, so a worker does it."""

import logging
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from kombu.exceptions import OperationalError

from apps.ui.access import page

from . import tasks
from .models import HealthCheck

logger = logging.getLogger(__name__)

# What was looked at so lately is not looked at again.
_JUST_NOW = timedelta(minutes=1)


@page("team.view_health", methods=["POST"])
def check(request: HttpRequest) -> HttpResponse:
    if HealthCheck.objects.filter(at__gte=timezone.now() - _JUST_NOW).exists():
        messages.info(request, "Everything was looked at within the last minute.")
        return redirect("health:index")
    try:
        tasks.check_health.delay(request.user.pk)
    except OperationalError:
        logger.exception("The check could not be handed to a worker.")
        messages.error(
            request, "No worker can be told to look right now. The daily check is made as soon as one can."
        )
    else:
        messages.success(request, "Meta is asked now. What needs a person appears here in a moment.")
    return redirect("health:index")
