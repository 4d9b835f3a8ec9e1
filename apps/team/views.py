"""People, as admins see and manage them."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.db.models import Max, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from apps.ui.access import page

from . import mail, members, roles, trail
from .belongings import known
from .forms import InviteForm, RoleForm, SuccessorForm
from .models import AuditEntry, User

_FACTOR_WORDS = {"totp": "app", "webauthn": "passkey"}
_LATEST = 6


@page("team.manage_team")
def people(request: HttpRequest) -> HttpResponse:
    rows = [_row(person) for person in _everybody()]
    accounts = known().accounts_of([row["person"] for row in rows])
    for row in rows:
        row["accounts"] = accounts.get(row["person"].pk, [])
    context = {
        "rows": rows,
        "verdict": _verdict(rows),
        "matrix": [
            (words, [code in roles.MAY[role] for role in roles.ROLES])
            for code, words in roles.PERMISSIONS.items()
        ],
        "entries": trail.shown(AuditEntry.objects.order_by("-number")[:_LATEST]),
    }
    return render(request, "team/people.html", context)


def _everybody() -> QuerySet[User]:
    factors = Prefetch("authenticator_set", to_attr="factors")
    told = User.objects.get_queryset().select_related("invitation").prefetch_related("groups", factors)
    return told.annotate(seen=Max("usersession__last_seen_at")).in_order()


def _row(person: User) -> dict[str, Any]:
    invitation = getattr(person, "invitation", None)
    waiting = invitation if invitation and invitation.accepted_at is None else None
    factors: list[Any] = getattr(person, "factors", [])
    kinds = sorted({_FACTOR_WORDS[f.type] for f in factors if f.type in _FACTOR_WORDS})
    needed = settings.REQUIRE_TWO_FACTOR and person.role in {roles.SUPPORT, roles.ADMIN}
    return {
        "person": person,
        "waiting": waiting,
        "factors": ", ".join(kinds).capitalize(),
        "needed": needed,
        "missing": needed and not kinds and person.is_active,
        "seen": getattr(person, "seen", None) or person.last_login,
    }


def _verdict(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pieces of a sentence, each with its state. Those with a shape stay on one line, so they are short."""
    active = [row for row in rows if row["person"].is_active]
    admins = sum(row["person"].role == roles.ADMIN for row in active)
    pieces = [
        (
            "",
            f"{_many(len(active), 'person', 'people')}, {admins} of them {'admin' if admins == 1 else 'admins'}.",
        )
    ]
    if admins == 1:
        pieces += [("warn", "One admin alone"), ("", "can lock everybody out: invite a second one.")]
    missing = sum(row["missing"] for row in rows)
    if missing:
        pieces.append(("warn", f"{_many(missing, 'lacks', 'lack')} a second factor."))
    elif any(row["needed"] for row in active):
        pieces.append(("", "Everyone who needs a second factor has one."))
    waiting = [row["waiting"] for row in rows if row["waiting"]]
    fresh = sum(invitation.is_open for invitation in waiting)
    if fresh:
        pieces.append(("", f"{_many(fresh, 'invitation is', 'invitations are')} open."))
    if len(waiting) > fresh:
        pieces.append(("warn", f"{_many(len(waiting) - fresh, 'invitation', 'invitations')} ran out."))
    return pieces


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


@page("team.manage_team", methods=["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        by: Any = request.user
        try:
            person, token = members.invite(
                form.cleaned_data["email"], form.cleaned_data["role"], by=by, request=request
            )
        except members.Refused as refused:
            form.add_error("email", str(refused))
        else:
            return _send(request, person, token)
    return render(request, "team/invite.html", {"form": form}, status=422 if form.errors else 200)


def _send(request: HttpRequest, person: User, token: str) -> HttpResponse:
    """The mail; when it does not go out, the link itself, to hand over."""
    by: Any = request.user
    address = settings.SITE_URL + reverse("team:invitation", args=[token])
    if mail.send_invitation(person, address, by=by):
        messages.success(
            request, f"An invitation is on its way to {person.email}. It works for seven days, once."
        )
        return redirect("team:person", person.pk)
    return render(request, "team/invitation_link.html", {"person": person, "address": address})


@page("team.manage_team")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, pk)


def _person_page(request: HttpRequest, pk: int, status: int = 200, **forms: Any) -> HttpResponse:
    shown = get_object_or_404(_everybody(), pk=pk)
    row = _row(shown)
    context = {
        **row,
        "row": row,
        "is_me": shown == request.user,
        "accounts": known().accounts_of([shown]).get(shown.pk, []),
        "owned": known().owned_by(shown),
        "sees_all": shown.has_perm("team.view_all_accounts") or shown.role in {roles.SUPPORT, roles.ADMIN},
        "sessions": UserSession.objects.filter(user=shown).order_by("-last_seen_at"),
        "role_form": RoleForm(initial={"role": shown.role}),
        "successor_form": SuccessorForm(person=shown),
        "entries": trail.shown(trail.matching({"q": shown.email})[:_LATEST]),
        "now": timezone.now(),
        **forms,
    }
    return render(request, "team/person.html", context, status=status)


@page("team.manage_team", methods=["POST"])
def give_role(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, pk, 422, role_form=form)
    role = form.cleaned_data["role"]
    return _do(
        request,
        shown,
        lambda by: members.give_role(shown, role, by=by, request=request),
        f"{shown} is now {role}.",
    )


@page("team.manage_team", methods=["POST"])
def switch_off(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    form = SuccessorForm(request.POST, person=shown)
    if not form.is_valid():
        return _person_page(request, pk, 422, successor_form=form)
    to = form.cleaned_data["to"]
    return _do(
        request,
        shown,
        lambda by: members.switch_off(shown, by=by, request=request, to=to),
        f"{shown} is switched off and signed out everywhere.",
    )


@page("team.manage_team", methods=["POST"])
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    return _do(
        request,
        shown,
        lambda by: members.switch_on(shown, by=by, request=request),
        f"{shown} may sign in again.",
    )


@page("team.manage_team", methods=["POST"])
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    return _do(
        request,
        shown,
        lambda by: members.reset_second_factor(shown, by=by, request=request),
        f"The second factor of {shown} is forgotten. The next sign-in pairs a new one where the role needs it.",
    )


@page("team.manage_team", methods=["POST"])
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    return _do(
        request,
        shown,
        lambda by: members.unlock(shown, by=by, request=request),
        f"{shown} may try again now.",
    )


@page("team.manage_team", methods=["POST"])
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    return _do(
        request,
        shown,
        lambda by: members.end_sessions(shown, by=by, request=request),
        f"{shown} is signed out everywhere.",
    )


@page("team.manage_team", methods=["POST"])
def end_session(request: HttpRequest, pk: int, session: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    chosen = get_object_or_404(UserSession, pk=session, user=shown)
    return _do(
        request,
        shown,
        lambda by: members.end_session(chosen, by=by, request=request),
        f"{shown} is signed out of that browser.",
    )


@page("team.manage_team", methods=["POST"])
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    by: Any = request.user
    try:
        token = members.invite_again(shown, by=by, request=request)
    except members.Refused as refused:
        messages.error(request, str(refused))
        return redirect("team:person", pk)
    return _send(request, shown, token)


@page("team.manage_team", methods=["POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    by: Any = request.user
    try:
        members.take_back(shown, by=by, request=request)
    except members.Refused as refused:
        messages.error(request, str(refused))
        return redirect("team:person", pk)
    messages.success(request, f"The invitation of {shown.email} is taken back. Its link no longer works.")
    return redirect("team:users")


def _do(request: HttpRequest, shown: User, deed: Any, done: str) -> HttpResponse:
    """Do it, say what came of it, and show the person again. Who is no admin any more has nothing to see there."""
    try:
        deed(request.user)
    except members.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("team:person", shown.pk)
