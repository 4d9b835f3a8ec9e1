from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from .findings import Rule
from .models import Channel, Severity

MORNING = 8  # o'clock, UTC


def _tomorrow(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)


SNOOZES: dict[str, tuple[str, Callable[[datetime], datetime]]] = {
    "1h": ("1 hour", lambda now: now + timedelta(hours=1)),
    "tomorrow": (f"Tomorrow, {MORNING:02}:00 UTC", _tomorrow),
    "7d": ("7 days", lambda now: now + timedelta(days=7)),
}


class DeedForm(forms.Form):
    """What somebody does with an alert."""

    DEEDS = ("acknowledge", "snooze", "wake", "take", "leave")

    do = forms.ChoiceField(choices=[(deed, deed) for deed in DEEDS])
    until = forms.ChoiceField(choices=[(name, words) for name, (words, _) in SNOOZES.items()], required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("do") == "snooze":
            _, moment = SNOOZES[cleaned.get("until") or "tomorrow"]
            cleaned["until"] = moment(timezone.now())
        return cleaned


class RuleForm(forms.Form):
    """The switch, the threshold and the mute of one rule."""

    MUTES: ClassVar[dict[str, timedelta]] = {
        "1h": timedelta(hours=1),
        "24h": timedelta(days=1),
        "7d": timedelta(days=7),
    }

    on = forms.BooleanField(required=False)
    threshold = forms.IntegerField(required=False)
    mute = forms.ChoiceField(
        choices=[("", "Tells people"), ("keep", "Stays muted"), *[(name, name) for name in MUTES]],
        required=False,
    )

    def __init__(self, rule: Rule, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule

    def clean_threshold(self) -> int | None:
        value: int | None = self.cleaned_data["threshold"]
        rule = self.rule
        if value is None or value == rule.threshold or not rule.most:
            return None
        if not rule.least <= value <= rule.most:
            raise forms.ValidationError(
                f"{rule.title}: the threshold lies between {rule.least} and {rule.most} {rule.unit}."
            )
        return value

    def muted_until(self, before: datetime | None) -> datetime | None:
        asked = self.cleaned_data["mute"]
        if asked == "keep":
            return before
        return timezone.now() + self.MUTES[asked] if asked else None


class ChannelForm(forms.Form):
    name = forms.CharField(max_length=60, label="Name", help_text="As people call it: #ads-ops, On-call.")
    url = forms.CharField(
        max_length=2000,
        label="Address",
        help_text="An Apprise address: a Slack or Teams webhook as it is, mailto://, json:// and many others. "
        "It is sealed and never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    least = forms.ChoiceField(
        label="Takes",
        choices=[(Severity.WARN, "Everything"), (Severity.CRIT, "Only what is critical")],
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if Channel.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError(
                "There is a channel of this name. Choose another, or remove that one first."
            )
        return name
