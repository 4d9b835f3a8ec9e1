from typing import Any

from django import forms


class ConnectForm(forms.Form):
    """A name and a pasted token. The token is never shown again, not even after a mistake."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Whose it is, as your team says it: “reporting”, “agency EU”."
    )
    token = forms.CharField(
        label="System-user token",
        strip=False,
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Checked with Meta, sealed, and never shown again.",
    )


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
