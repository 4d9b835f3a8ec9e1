from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from apps.ui.access import page

from . import alert_list, caring, channels, delivery
from .alert_forms import SNOOZES, ChannelForm, DeedForm, RuleForm
from .findings import rules
from .models import Alert, Channel, Delivery, RuleSetting


@page("team.view_alerts")
def alerts(request: HttpRequest) -> HttpResponse:
    snoozes = [(name, words) for name, (words, _) in SNOOZES.items()]
    return render(
        request,
        "health/alerts.html",
        alert_list.context() | {"snoozes": snoozes, "mutes": list(RuleForm.MUTES)},
    )


@page("team.manage_alerts", methods=["POST"])
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Acknowledge, snooze, wake, take or leave one alert."""
    found = get_object_or_404(Alert, pk=pk)
    form = DeedForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Nothing was changed: that is nothing one can do with an alert.")
    elif found.is_over:
        messages.info(request, f"“{found}” is over already.")
    else:
        messages.success(request, _do(request, found, form.cleaned_data))
    return redirect("overview" if request.POST.get("next") == "overview" else "health:alerts")


def _do(request: HttpRequest, found: Alert, asked: dict[str, Any]) -> str:
    match asked["do"]:
        case "acknowledge":
            caring.acknowledge(found, request)
            return f"“{found}” is yours. No reminders come until it gets worse."
        case "snooze":
            caring.snooze(found, asked["until"], request)
            return f"“{found}” sleeps until {asked['until']:%-d %b, %H:%M} UTC."
        case "wake":
            caring.wake(found, request)
            return f"“{found}” fires again."
        case deed:
            caring.own(found, request, take=deed == "take")
            return f"“{found}” is yours." if deed == "take" else f"Nobody owns “{found}”."


@page("team.manage_settings", methods=["POST"])
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """Switch a rule, mute it, or give it a threshold."""
    found = next((one for one in rules() if one.name == name), None)
    if found is None:
        raise Http404("There is no such rule")
    form = RuleForm(found, request.POST)
    if form.is_valid():
        before = RuleSetting.objects.filter(name=name).first()
        fields = {
            "on": form.cleaned_data["on"],
            "threshold": form.cleaned_data["threshold"],
            "muted_until": form.muted_until(before.muted_until if before else None),
        }
        muted = fields["muted_until"]
        detail = ", ".join(
            [
                "on" if fields["on"] else "off",
                f"threshold {fields['threshold'] or found.threshold}" if found.most else "",
                f"muted until {muted:%Y-%m-%d %H:%M} UTC" if muted else "",
            ]
        ).strip(", ")
        caring.set_rule(found, request, detail, **fields)
        messages.success(request, f"“{found.title}” is saved.")
    else:
        messages.warning(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("health:alerts")


@sensitive_post_parameters("url")
@page("team.manage_settings", methods=["GET", "POST"])
def new_channel(request: HttpRequest) -> HttpResponse:
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            channel = caring.add_channel(asked["name"], asked["url"], asked["least"], request)
        except channels.Unknown as unknown:
            form.add_error("url", str(unknown))
        else:
            messages.success(request, f"{channel} is kept. Send a test to see whether it arrives.")
            return redirect("health:alerts")
    return render(request, "health/channel.html", {"form": form}, status=422 if form.errors else 200)


@page("team.manage_settings", methods=["POST"])
def channel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Test, switch or remove a channel."""
    found = get_object_or_404(Channel, pk=pk)
    match request.POST.get("do"):
        case "test":
            _test(request, found)
        case "on" | "off" as switch:
            caring.change_channel(found, request, switch, on=switch == "on")
            messages.success(request, f"{found} is {switch}.")
        case "remove" if found.source == Channel.Source.PAGE:
            caring.remove_channel(found, request)
            messages.success(request, f"{found} is removed, with its address.")
        case _:
            messages.warning(request, f"Nothing was changed: that can not be done with {found}.")
    return redirect("health:alerts")


def _test(request: HttpRequest, found: Channel) -> None:
    """Now, and not by a worker: whoever pressed the button waits for the answer."""
    message = caring.test_channel(found, request)
    delivery.send_due([message.pk])
    message.refresh_from_db()
    if message.state == Delivery.State.SENT:
        messages.success(request, f"The test left through {found}.")
    else:
        messages.error(request, f"The test did not leave through {found}. {message.error}")
