from typing import Any

from django import forms

from apps.graphapi.businesses import ADMIN, EMPLOYEE

from .forms import LIVES

PURPOSES = [("read", "Reading (ANALYZE)"), ("write", "Reading and writing (ADVERTISE, ANALYZE)")]


class CreateForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=80, help_text="As it will stand in Meta's business settings."
    )
    role = forms.ChoiceField(
        label="Role",
        choices=[
            (EMPLOYEE, "Employee: reaches what is assigned"),
            (ADMIN, "Admin: reaches the whole business"),
        ],
        initial=EMPLOYEE,
    )


class AssignForm(forms.Form):
    accounts = forms.MultipleChoiceField(label="Ad accounts", widget=forms.CheckboxSelectMultiple)
    purpose = forms.ChoiceField(label="For", choices=PURPOSES, initial="read")

    def __init__(self, data: Any = None, *, free: list[dict[str, Any]]) -> None:
        super().__init__(data)
        self.names = {str(row["account_id"]): f"{row.get('name', '')} ({row['account_id']})" for row in free}
        self.fields["accounts"].choices = list(self.names.items())  # type: ignore[attr-defined]


class GenerateForm(forms.Form):
    name = forms.CharField(
        label="Connection name", max_length=80, help_text="The token is stored under it, sealed."
    )
    purpose = forms.ChoiceField(
        label="Scopes",
        choices=[("read", "ads_read"), ("write", "ads_read and ads_management")],
        initial="read",
    )
    life = forms.ChoiceField(
        label="Lives",
        choices=LIVES,
        initial="60",
    )


class RevokeForm(forms.Form):
    confirm = forms.CharField(label="Type its name to confirm", max_length=255)

    def __init__(self, data: Any = None, *, name: str) -> None:
        super().__init__(data)
        self.name = name
        self.fields["confirm"].widget.attrs.update({"data-confirm": name, "autocomplete": "off"})

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.name:
            raise forms.ValidationError(f"This is not its name. Type “{self.name}” to go on.")
        return typed
