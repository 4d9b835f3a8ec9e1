"""Which ad accounts a person sees: one page, one writer."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.team import audit
from apps.team.models import User
from apps.ui.access import page

from .models import AccountGrant, AdAccount


class GrantsForm(forms.Form):
    accounts = forms.ModelMultipleChoiceField(
        AdAccount.objects.none(), label="Ad accounts", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accounts"].queryset = AdAccount.objects.in_order()  # type: ignore[attr-defined]


@transaction.atomic
def give(
    person: User, accounts: list[AdAccount], *, by: User | None, request: HttpRequest | None = None
) -> tuple[list[str], list[str]]:
    """Let a person see exactly these. Returns the names of those given and those taken."""
    User.objects.select_for_update().get(pk=person.pk)
    held = {grant.account for grant in AccountGrant.objects.filter(user=person).select_related("account")}
    given, taken = set(accounts) - held, held - set(accounts)
    AccountGrant.objects.filter(user=person, account__in=taken).delete()
    AccountGrant.objects.bulk_create([AccountGrant(user=person, account=account) for account in given])
    names = sorted(map(str, given)), sorted(map(str, taken))
    for action, which in zip(("account.granted", "account.withdrawn"), names, strict=True):
        if which:
            audit.record(action, by=by, thing=person.email, detail=", ".join(which), request=request)
    return names


@page("team.manage_team", methods=["GET", "POST"])
def of_a_person(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    held = AdAccount.objects.filter(grants__user=person)
    form = GrantsForm(request.POST if request.method == "POST" else None, initial={"accounts": held})
    if request.method == "POST" and form.is_valid():
        by: Any = request.user
        given, taken = give(person, list(form.cleaned_data["accounts"]), by=by, request=request)
        number = person.account_grants.count()
        many = "1 ad account" if number == 1 else f"{number} ad accounts"
        messages.success(request, f"{person} sees {many}: {len(given)} more, {len(taken)} fewer than before.")
        return redirect("team:person", pk)
    context = {"person": person, "form": form, "sees_all": person.has_perm("team.view_all_accounts")}
    return render(request, "connections/grants.html", context, status=422 if form.errors else 200)
