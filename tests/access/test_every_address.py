"""Every address of the project, walked with every role. What each of them gets stands in rules.py."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from apps.connections.models import AccountGrant, AdAccount, Connection
from apps.health.models import Alert, Channel, ErrorGroup
from apps.team.models import AuditEntry, Invitation, User
from tests.access.rules import FORBIDDEN, GET, MISSING, PAGE, POST, ROLES, RULES, SIGN_IN
from tests.conftest import PASSWORD
from tests.health.making import heard, keep

pytestmark = pytest.mark.django_db


def addresses(patterns=None, space=""):
    """The name of every URL pattern, with its namespace; of one without a name, its view's."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, inner)
        else:
            yield space + (pattern.name or pattern.callback.__name__)


NAMES = list(addresses())


@dataclass
class Scene:
    granted: AdAccount
    foreign: AdAccount
    connection: Connection
    somebody: User
    invited: User
    session: UserSession
    passkey: Any
    alert: Alert
    channel: Channel
    business: int
    system_user: int
    error: ErrorGroup
    browsers: dict[str, Client]


@pytest.fixture
def scene(make_account, make_person, no_pauses, sandbox):
    """One granted ad account and eleven others; somebody with a session and a passkey; somebody invited."""
    cache.clear()  # sign-ins of other tests are counted there
    granted, foreign = make_account("Fjäll"), make_account("Brauhaus")
    people = {role: make_person(role) for role in ROLES[1:]}
    AccountGrant.objects.create(user=people["marketer"], account=granted)
    somebody = make_person("marketer", "somebody@agency.example", "Some Body")
    Client().post("/sign-in/", {"login": somebody.email, "password": PASSWORD})
    invited = make_person("marketer", "invited@agency.example")
    Invitation(user=invited).renew(people["admin"])
    passkey = Authenticator.objects.create(
        user=somebody, type="webauthn", data={"name": "Key", "credential": {}}
    )
    browsers = {"stranger": Client()}
    for role, person in people.items():
        browsers[role] = Client()
        browsers[role].post("/sign-in/", {"login": person.email, "password": PASSWORD})
    connection, now = Connection.objects.get(), timezone.now()
    keep(heard(190, account=foreign.meta_id, connection=connection.pk))
    error = ErrorGroup.objects.get()
    alert = Alert.objects.create(
        rule="status",
        key="status:3",
        severity="crit",
        title=f"{foreign} is unsettled",
        opened_at=now,
        found_at=now,
    )
    channel = Channel.objects.create(name="Mail to admins", source=Channel.Source.MAIL)
    return Scene(
        granted, foreign, connection, somebody, invited, UserSession.objects.get(user=somebody), passkey,
        alert, channel, int(granted.business_id), int(connection.subject_id), error, browsers,
    )  # fmt: skip


def address(name, parts, scene):
    where = {part: find(scene) for part, find in parts.items()}
    return f"/{name}" if name in {"healthz", "readyz"} else reverse(name, kwargs=where)


def ask(browser, method, where):
    page = getattr(browser, method)(where)
    return page, (page.getvalue() if page.streaming else page.content).decode()


def outcome(page):
    if page.status_code in {403, 404, 410}:
        return str(page.status_code)
    assert page.status_code < 500, page.status_code
    if page.status_code in {301, 302} and page["Location"].startswith("/sign-in/"):
        return SIGN_IN
    return PAGE


def test_every_address_has_a_rule_and_every_rule_an_address():
    assert sorted(set(NAMES)) == sorted(RULES)
    assert len(NAMES) == len(set(NAMES)), "two patterns share a name, so one of them would not be walked"


@pytest.mark.parametrize("name", NAMES)
def test_each_role_gets_exactly_what_is_its_own(scene, name):
    assert name in RULES, f"{name} has no rule: add a line to tests/access/rules.py"
    rule = RULES[name]
    where = address(name, rule.parts, scene)

    for role in ROLES:
        told = getattr(rule, role)
        page, text = ask(scene.browsers[role], rule.method, where)
        assert (role, outcome(page)) == (role, told)
        if role in {"stranger", "marketer"}:
            _nothing_of_others(text, scene, role)


@pytest.mark.parametrize("name", [name for name in NAMES if name in RULES])
def test_who_may_not_is_refused_whatever_the_method_and_nothing_is_done(scene, name):
    rule = RULES[name]
    where, before = address(name, rule.parts, scene), _state()

    for role in ROLES:
        if getattr(rule, role) in {FORBIDDEN, SIGN_IN}:
            for method in (GET, POST, "put", "delete"):
                page, _ = ask(scene.browsers[role], method, where)
                assert page.status_code == 405 or outcome(page) == getattr(rule, role), (role, method)

    assert _state() == before


@pytest.mark.parametrize("name", [name for name in NAMES if name in RULES and RULES[name].foreign])
def test_what_is_not_granted_is_like_what_does_not_exist(scene, name):
    rule, browser = RULES[name], scene.browsers["marketer"]

    answers = [
        ask(browser, rule.method, address(name, parts, scene)) for parts in (rule.foreign, rule.nothing)
    ]

    assert [outcome(page) for page, _ in answers] == [MISSING, MISSING]
    foreign, nothing = (_without_what_is_new_each_time(text) for _, text in answers)
    assert foreign.replace(scene.foreign.act_id, "act_404404") == nothing
    for role in ("support", "admin"):
        page, _ = ask(scene.browsers[role], rule.method, address(name, rule.foreign, scene))
        assert outcome(page) == PAGE


def _nothing_of_others(text, scene, role):
    for account in AdAccount.objects.exclude(pk=scene.granted.pk if role == "marketer" else None):
        assert account.meta_id not in text
    assert "somebody@agency.example" not in text


def _state():
    return (
        list(User.objects.order_by("pk").values("pk", "is_active", "session_round", "groups__name")),
        list(AccountGrant.objects.order_by("pk").values()),
        list(Connection.objects.order_by("pk").values("pk", "state", "version", "checked_at")),
        list(Invitation.objects.order_by("pk").values()),
        list(ErrorGroup.objects.order_by("pk").values()),
        list(Alert.objects.order_by("pk").values()),
        list(Channel.objects.order_by("pk").values()),
        AuditEntry.objects.count(),
    )


def _without_what_is_new_each_time(text):
    """Marks against forgery and the request's own name."""
    return re.sub(r"[A-Za-z0-9]{64}|\b[0-9a-f]{16}\b", "", text)
