from typing import Any

from django import forms

from .models import Connection

LIVES = [("60", "60 days, renewed by itself (Meta's advice)"), ("never", "Without end")]


def token_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Checked with Meta, sealed, and never shown again.",
    )


class ConnectForm(forms.Form):
    """A name and a pasted token. The token is never shown again, not even after a mistake."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Whose it is, as your team says it: “reporting”, “agency EU”."
    )
    token = token_field("System-user token")


class PasteForm(forms.Form):
    """A token in the place of another."""

    token = token_field("New token")


class GenerateForm(forms.Form):
    """Through which connection Meta is asked for a new token, and how long that lives."""

    through = forms.ModelChoiceField(Connection.objects.none(), label="Asked for through", empty_label=None)
    life = forms.ChoiceField(label="Lives", choices=LIVES)

    def __init__(self, data: Any = None, *, managers: list[Connection], never_expires: bool) -> None:
        first = managers[0].pk if managers else None
        super().__init__(data, initial={"life": "never" if never_expires else "60", "through": first})
        among = Connection.objects.filter(pk__in=[one.pk for one in managers])
        self.fields["through"].queryset = among.order_by("name")  # type: ignore[attr-defined]


class DisconnectForm(forms.Form):
    """The name of the connection, typed once more."""

    name = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = name

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"].strip()
        if typed != self._wanted:
            raise forms.ValidationError(
                f"Type “{self._wanted}” as it is written here, or keep the connection."
            )
        return typed
