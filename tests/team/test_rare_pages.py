"""Pages that hardly anybody sees: nobody yet, too many tries, asked again for a code, a passkey renamed and removed."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tests.conftest import PASSWORD
from tests.team import apps_on_phones as phones

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_before_anybody_is_a_member_the_sign_in_page_says_how_to_begin(db):
    assert "manage.py create_admin" in Client().get("/sign-in/").content.decode()


def test_as_soon_as_somebody_is_it_does_not(admin):
    assert "create_admin" not in Client().get("/sign-in/").content.decode()


def test_too_many_tries_are_told_on_a_page_with_a_way_out(admin, signed_in):
    browser = signed_in(admin)

    answers = [browser.post("/password/", {"oldpassword": "wrong"}) for _ in range(6)]

    assert [answer.status_code for answer in answers][-2:] == [200, 429]
    text = answers[-1].content.decode()
    assert "Too many tries" in text
    assert "Wait a minute, then try again." in text
    assert '<a class="btn" href="/">' in text


def test_a_changed_password_is_confirmed(admin, signed_in):
    new = "a-wholly-other-horse-battery"

    page = signed_in(admin).post(
        "/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )

    assert page.status_code == 200
    assert "assword" in page.content.decode()
    admin.refresh_from_db()
    assert admin.check_password(new)


@pytest.fixture
def browser_with_passkey(admin):
    """An admin who has just signed in, and has an old passkey: its two pages."""
    browser = Client()
    browser.post("/sign-in/", {"login": admin.email, "password": PASSWORD})
    key = Authenticator.objects.create(
        user=admin, type=Authenticator.Type.WEBAUTHN, data={"name": "Old phone", "credential": {}}
    )
    return browser, key, f"/second-factor/passkeys/{key.pk}/"


def test_a_passkey_is_renamed(browser_with_passkey):
    browser, key, address = browser_with_passkey
    assert "Rename a passkey" in browser.get(address).content.decode()

    browser.post(address, {"name": "New phone"})

    key.refresh_from_db()
    assert key.data["name"] == "New phone"


def test_a_passkey_is_removed_after_a_question(browser_with_passkey):
    browser, key, address = browser_with_passkey
    asked = browser.get(f"{address}remove/")
    assert "Old phone" in asked.content.decode()

    browser.post(f"{address}remove/")

    assert not Authenticator.objects.filter(pk=key.pk).exists()


def test_who_signed_in_a_while_ago_is_asked_for_a_code_again(admin, pair, clock):
    browser, secret, _ = pair(admin)
    clock.advance(400)

    asked = browser.get("/second-factor/recovery-codes/new/", follow=True)
    assert "/sign-in/again/" in asked.redirect_chain[0][0]
    page = browser.get("/sign-in/again/code/?next=/second-factor/")
    assert "Code from your authenticator app" in page.content.decode()

    done = browser.post("/sign-in/again/code/", {"code": phones.code(secret), "next": "/second-factor/"})
    assert (done.status_code, done["Location"]) == (302, "/second-factor/")
