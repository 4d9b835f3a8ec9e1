from typing import Any

from django import forms

from . import tokens
from .models import Connection
from .scopes import PURPOSES

LIVES = [("60", "60 days, renewed by itself (Meta's advice)"), ("never", "Without end")]


def token_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Checked with Meta, sealed, and never shown again.",
    )


class ScopesForm(forms.Form):
    """What it will be used for. Reading is always part of it."""

    scope = forms.MultipleChoiceField(
        label="What will it be used for?",
        required=False,
        choices=[(scope, purpose.needed_for) for scope, purpose in PURPOSES.items()],
        widget=forms.CheckboxSelectMultiple,
    )


class TokenForm(forms.Form):
    """A pasted token. It is never shown again, not even after a mistake."""

    token = token_field("System-user token")
    scope = forms.MultipleChoiceField(
        label="What will it be used for?",
        required=False,
        choices=[(scope, purpose.needed_for) for scope, purpose in PURPOSES.items()],
        initial=["ads_read"],
        widget=forms.CheckboxSelectMultiple,
    )


class NameForm(forms.Form):
    """What to call it and, where only a person's login keeps it alive, whom to ask."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Whose it is, as your team says it: “reporting”, “agency EU”."
    )
    owner_email = forms.EmailField(
        label="Whom to ask by mail",
        required=False,
        help_text="Gets a link when only another login at Meta keeps it alive. Empty: the admins hand it over.",
    )

    def __init__(self, *args: Any, by_login: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not by_login:
            del self.fields["owner_email"]


class InviteForm(ScopesForm):
    """A link for somebody else. The scopes come along from the choice above it."""

    name = forms.CharField(
        label="Name of the connection", max_length=80, help_text="Whose it will be: “Nordic Shop, Kofi”."
    )
    email = forms.EmailField(
        label="Their mail address",
        required=False,
        help_text="Empty: the link is shown to you, to be handed over.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].widget = forms.MultipleHiddenInput()

    def clean_name(self) -> str:
        try:
            return tokens.clear_new_name(self.cleaned_data["name"])
        except tokens.NameRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


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
