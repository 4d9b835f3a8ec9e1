"""A system user's token is replaced: the new one is checked and stored, and only then the old one ends."""

import pytest

from apps.connections import rotating, system_users, tokens
from apps.connections.models import Connection
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def connection(make_connection):
    return make_connection("reporting", "system")


@pytest.fixture
def clerk(make_connection):
    return make_connection("clerk", "reporting")


def dead(sandbox, text):
    return next(one["subcode"] for one in sandbox.state()["tokens"] if one["token"] == text)


def mint(sandbox, name, scopes=None):
    """Another token of the same system user, as somebody generates it on Meta's page."""
    tokens, now = sandbox._state.tokens, sandbox.now.timestamp()
    like = tokens.by_name[name]
    return tokens.mint(like, issued_at=now, expires_at=0, scopes=scopes or list(like.scopes)).text


def address(connection):
    return f"/connections/{connection.pk}/rotate/"


def test_a_pasted_token_takes_the_place_and_the_old_one_is_revoked(
    connection, sandbox, admin, signed_in, says_nothing_of
):
    old, new = sandbox.token("system"), mint(sandbox, "system")

    page = signed_in(admin).post(address(connection), {"way": "paste", "token": f" {new}\n"}, follow=True)

    text = page.content.decode()
    assert "reporting has a new token, and the old one is revoked at Meta." in text
    assert dead(sandbox, old) == 458
    assert dead(sandbox, new) is None
    after = Connection.objects.get()
    assert (after.pk, after.version, after.state, after.name) == (connection.pk, 2, "active", "reporting")
    assert after.fingerprint != connection.fingerprint
    assert after.reach.filter(lost_at=None).count() == 12
    entry = AuditEntry.objects.get(action="connection.token_replaced")
    assert (entry.actor, entry.thing, entry.detail) == (admin.pk, "reporting", "old token revoked")
    says_nothing_of(new, text)


def test_one_is_generated_with_the_scopes_that_it_needs(connection, clerk, sandbox, admin, signed_in):
    old = sandbox.token("reporting")

    page = signed_in(admin).post(
        address(clerk), {"way": "generate", "through": str(connection.pk), "life": "60"}, follow=True
    )

    assert "clerk has a new token" in page.content.decode()
    clerk.refresh_from_db()
    assert (clerk.via, clerk.scopes, clerk.never_expires) == ("generated", ["ads_read"], False)
    assert dead(sandbox, old) == 458
    assert clerk.reach.filter(lost_at=None).count() == 4


def test_a_connection_may_generate_its_own_successor(connection, sandbox):
    rotating.generate(connection, connection, sixty_days=False)

    after = Connection.objects.get()
    assert (after.version, after.never_expires) == (2, True)
    assert set(after.scopes) == {"ads_read", "ads_management", "business_management"}


def test_a_token_that_is_refused_is_replaced_like_any_other(connection, sandbox):
    sandbox.revoke("system", 467)
    connection.refuse(ValueError("gone"))

    rotated = rotating.paste(connection, mint(sandbox, "system"))

    assert rotated.trouble == ""
    assert Connection.objects.get().state == "active"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (lambda sandbox: sandbox.token("system"), "the token that is stored already"),
        (lambda sandbox: sandbox.token("reporting"), "belongs to reporting-readonly, and reporting is"),
        (lambda sandbox: mint(sandbox, "system", ["ads_read"]), "lacks ads_management, business_management"),
        (lambda sandbox: "EAAnonsense", "not valid"),
        (lambda sandbox: "  ", "No token was given"),
    ],
)
def test_what_does_not_fit_changes_nothing(connection, sandbox, admin, signed_in, token, words):
    before = Connection.objects.values().get()

    page = signed_in(admin).post(address(connection), {"way": "paste", "token": token(sandbox)})

    assert page.status_code == 422
    if token(sandbox).strip():
        assert words in page.content.decode()
        assert "The old one is as it was." in page.content.decode()
    assert Connection.objects.values().get() == before
    assert dead(sandbox, sandbox.token("system")) is None
    assert not AuditEntry.objects.filter(action="connection.token_replaced").exists()


@pytest.mark.parametrize("path", ["/debug_token$", "/me$", "/me/adaccounts$"])
def test_where_meta_can_not_be_asked_the_old_one_stays_and_a_generated_one_is_withdrawn(
    connection, sandbox, no_pauses, path
):
    sandbox.fail("html_502", path=path, times=9)

    with pytest.raises(system_users.Trouble, match="has been revoked again"):
        rotating.generate(connection, connection, sixty_days=True)

    assert Connection.objects.get().version == 1
    assert dead(sandbox, sandbox.token("system")) is None
    assert dead(sandbox, sandbox.tokens["minted_1"]) == 458


def test_an_old_one_that_can_not_be_revoked_is_told(connection, sandbox, no_pauses, admin, signed_in):
    new = mint(sandbox, "system")
    sandbox.fail("html_502", path="/oauth/revoke$", times=9)

    page = signed_in(admin).post(address(connection), {"way": "paste", "token": new}, follow=True)

    assert "The old one could not be revoked:" in page.content.decode()
    assert "End it at Meta, at the system user." in page.content.decode()
    assert Connection.objects.get().version == 2
    assert AuditEntry.objects.get(action="connection.token_replaced").detail == "old token not revoked"


def test_the_old_one_works_until_the_new_one_is_stored(connection, sandbox):
    new = mint(sandbox, "system")
    rotating.paste(connection, new)

    calls = [one["path"] for one in sandbox.state()["last_calls"]]
    assert calls[-1].endswith("/oauth/revoke")
    assert calls.count(calls[-1]) == 1


def test_a_persons_token_is_not_replaced_here(make_connection, admin, signed_in):
    mine = make_connection("Zoë", "user")
    browser = signed_in(admin)

    assert browser.get(address(mine)).status_code == 404
    assert "/rotate/" not in browser.get(f"/connections/{mine.pk}/").content.decode()


def test_without_an_admins_token_pasting_is_left(clerk, admin, signed_in):
    text = signed_in(admin).get(address(clerk)).content.decode()

    assert "none can ask Meta for a token" in text
    assert "Check and replace" in text


def test_the_page_is_reached_from_the_connection(connection, admin, support, signed_in):
    detail = f"/connections/{connection.pk}/"

    assert address(connection) in signed_in(admin).get(detail).content.decode()
    assert address(connection) not in signed_in(support).get(detail).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_living_token_that_is_stored(connection, sandbox, at_once):
    first, second = mint(sandbox, "system"), mint(sandbox, "system")

    at_once(lambda: rotating.paste(connection, first), lambda: rotating.paste(connection, second))

    after = Connection.objects.get()
    living = [text for text in (sandbox.token("system"), first, second) if dead(sandbox, text) is None]
    assert [tokens.fingerprint(text) for text in living] == [after.fingerprint]
    assert after.version == 3
