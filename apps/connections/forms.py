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
