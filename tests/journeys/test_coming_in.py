"""Invited, joined, paired, signed in with a code and a recovery code; locked out; and with a passkey, in Chromium."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import expect

from tests.conftest import PASSWORD
from tests.journeys.test_accessibility import violations
from tests.journeys.test_signing_in import sign_in
from tests.team import apps_on_phones as phones

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

KENJI, CHOSEN = "kenji.watanabe-with-a-long-name@agency.example", "a-good-long-password"


@pytest.fixture
def required(site, settings):
    from allauth.mfa.models import Authenticator

    from apps.team.models import Attempt, User

    cache.clear()
    yield
    settings.REQUIRE_TWO_FACTOR = False
    Authenticator.objects.all().delete()
    Attempt.objects.all().delete()
    User.objects.filter(email=KENJI).delete()
    site.people["admin"].refresh_from_db()


def leave(page):
    page.context.clear_cookies()
    page.goto("/sign-in/")


def test_from_the_invitation_to_a_sign_in_with_a_recovery_code(visit, site, settings, required, complaints):
    complaints.expect("status of 422")
    page = visit("/users/", who="admin")
    page.get_by_role("link", name="Invite", exact=True).click()
    page.get_by_label("E-mail").fill(KENJI)
    page.get_by_label("Support:").check()
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("heading", name="Invitation")).to_be_visible()
    address = re.search(rf"{site.url}(/invitation/\S+/)", mail.outbox[-1].body).group(1)
    assert violations(page) == {}

    settings.REQUIRE_TWO_FACTOR = True
    page.context.clear_cookies()
    page.goto(address)
    assert violations(page) == {}
    page.get_by_label("Your name").fill("Kenji Watanabe")
    page.get_by_label("Password", exact=True).fill(CHOSEN)
    page.get_by_label("Password, once more").fill(CHOSEN)
    page.get_by_role("button", name="Come in").click()

    expect(page.get_by_role("heading", name="A second factor first")).to_be_visible()
    assert violations(page) == {}
    page.get_by_role("link", name="Pair an app").click()
    secret = page.locator("#secret").inner_text()
    assert violations(page) == {}
    page.get_by_label("Code", exact=True).fill(phones.code(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = re.findall(r"\d{8}", page.locator("#recovery_codes").inner_text())
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))

    leave(page)
    sign_in(page, KENJI, CHOSEN)
    page.get_by_label("Code", exact=True).fill(phones.code(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".err")).to_contain_text("used already")
    assert violations(page) == {}
    page.get_by_label("Code", exact=True).fill(phones.code(secret, ahead=30))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))

    leave(page)
    sign_in(page, KENJI, CHOSEN)
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))


def test_guessing_is_locked_out_and_the_page_says_until_when(visit, required):
    page = visit("/sign-in/", who="")
    for _ in range(5):
        sign_in(page, "nora@agency.example", "not-the-password")

    sign_in(page, "nora@agency.example")

    expect(page.get_by_role("alert")).to_have_text(
        re.compile(r"Locked after 5 failed tries\. It opens again in")
    )


@pytest.fixture
def passkeys():
    """Gives a page's browser a fingerprint reader that always says yes."""

    def give(page):
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True}})  # fmt: skip

    return give


def test_a_passkey_is_added_and_signs_in_alone_and_after_the_password(visit, settings, required, passkeys):
    settings.REQUIRE_TWO_FACTOR = True
    page = visit("/sign-in/", who="")
    passkeys(page)
    sign_in(page, "ada@agency.example", PASSWORD)
    page.get_by_role("link", name="Add one").click()
    assert violations(page) == {}
    page.get_by_label("Name, to tell it from others").fill("My laptop")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/second-factor/passkeys/")
    expect(page.get_by_role("heading", name="My laptop")).to_be_visible()

    leave(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))

    leave(page)
    sign_in(page, "ada@agency.example", PASSWORD)
    expect(page.get_by_role("heading", name="Use your passkey")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))


@pytest.mark.parametrize(
    "address", ["/users/", "/users/invite/", "/audit/", "/sessions/", "/users/{pk}/", "/users/{pk}/accounts/"]
)
def test_axe_finds_nothing_on_the_pages_about_people(visit, site, address):
    page = visit(address.format(pk=site.people["marketer"].pk), who="admin", reduced_motion="reduce")

    assert violations(page) == {}
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
