from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from . import roles
from .models import User

_ROLE_WORDS = {
    roles.MARKETER: "Marketer: performance of the ad accounts granted",
    roles.SUPPORT: "Support: every ad account, health, errors, webhooks; connects nothing",
    roles.ADMIN: "Admin: everything, people included",
}
_ROLES = [(role, _ROLE_WORDS[role]) for role in roles.ROLES]


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", choices=_ROLES, initial=roles.MARKETER, widget=forms.RadioSelect)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=_ROLES, widget=forms.RadioSelect)


class JoinForm(forms.Form):
    """Name and password of somebody who was invited."""

    name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=4096,
        help_text="At least 12 characters, nothing common.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="Password, once more",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self) -> None:
        password, again = self.cleaned_data.get("password"), self.cleaned_data.get("again")
        if not password or not again:
            return
        if password != again:
            self.add_error("again", "The two are not the same.")
            return
        try:
            validate_password(password, User(email=self.person.email, name=self.cleaned_data.get("name", "")))
        except forms.ValidationError as error:
            self.add_error("password", error)


class SuccessorForm(forms.Form):
    """Who takes over what a person owns."""

    to = forms.ModelChoiceField(
        User.objects.none(), label="Handed over to", required=False, empty_label="Nobody yet"
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = User.objects.admins().exclude(pk=person.pk)  # type: ignore[attr-defined]


class TrailForm(forms.Form):
    """What to show of the audit trail."""

    who = forms.ChoiceField(label="Who", required=False)
    action = forms.ChoiceField(label="Did", required=False)
    q = forms.CharField(label="Object or change", required=False, max_length=100)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: list[tuple[str, str]], actions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].choices = [("", "Everybody"), *people]  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", "Anything"), *((name, name) for name in actions)]  # type: ignore[attr-defined]

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("since", "This day is after the last one.")
        if since and since > timezone.localdate():
            self.add_error("since", "This day has not come yet.")
