"""An admin looks after connections: verifies them, asks an owner, renews, disconnects."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LONG = "Größenwahn & Söhne — Konto von Frau Øvergård, alles mit Fahrrädern (alt)"


@pytest.fixture
def furnished(site) -> Iterator[dict[str, object]]:
    """Besides the one that works: one that needs its owner, one that is refused and one that is ended."""
    from apps.connections import disconnecting, renewal, tokens
    from apps.connections.models import Connection

    sandbox = site.sandbox
    known = set(Connection.objects.values_list("pk", flat=True))
    needy = tokens.connect(LONG, sandbox.log_in("user")).connection
    renewal.renew(needy, only_if_due=False)
    clerk = tokens.connect("clerk", sandbox.token("reporting")).connection
    now = timezone.now()
    Connection.objects.filter(pk=needy.pk).update(
        issued_at=now - timedelta(days=50),
        expires_at=now + timedelta(days=10, hours=2),
        wanted_scopes=["ads_read", "pages_show_list"],
    )
    renewal.raise_alerts(Connection.objects.filter(pk=needy.pk))
    yield {"needy": needy, "clerk": clerk, "disconnect": disconnecting.disconnect}
    Connection.objects.exclude(pk__in=known).delete()
    sandbox._state.tokens.by_name["reporting"].subcode = None


def test_the_list_begins_with_what_needs_somebody(visit, furnished):
    page = visit("/connections/", who="admin")

    first = page.locator("#connections tbody tr").first
    expect(first).to_contain_text("Needs its owner")
    expect(first).to_contain_text("10 days left")
    expect(first).to_contain_text("pages_show_list missing")
    expect(first.get_by_role("img", name="10 days left")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("Only Zoë Øvergård can renew it.")
    page.get_by_role("searchbox", name="Search connections").fill("clerk")
    page.keyboard.press("Enter")
    expect(page.locator("#connections tbody tr")).to_have_count(1)


def test_verify_all_looks_at_one_after_the_other_in_place(visit, furnished, site):
    from apps.connections.models import ConnectionCheck

    page = visit("/connections/", who="admin")
    before = ConnectionCheck.objects.count()
    site.sandbox.revoke("reporting", 460)

    page.get_by_role("button", name="Verify all").click()

    row = page.locator("#connections tbody tr", has_text="clerk")
    expect(row).to_contain_text("Refused")
    expect(row).to_contain_text("changed the password")
    expect(page.locator("#connections").get_by_text("Is looked at")).to_have_count(0)
    expect(page).to_have_url(re.compile("/connections/$"))
    assert ConnectionCheck.objects.count() == before + 3


def test_one_is_verified_in_its_row_and_the_focus_stays(visit, furnished):
    page = visit("/connections/", who="admin")
    button = page.get_by_role("button", name="Check now clerk")

    button.click()

    expect(
        page.get_by_role("status").filter(has_text="clerk works and reaches 4 ad accounts.").first
    ).to_be_visible()
    expect(button).to_be_focused()


def test_without_a_script_verifying_all_loads_the_page_anew(visit, furnished):
    page = visit("/connections/", who="admin", script=False)

    page.get_by_role("button", name="Verify all").click()

    expect(page.locator("#messages")).to_contain_text("clerk works and reaches 4 ad accounts.")
    expect(page.locator("#messages")).to_contain_text("reporting works and reaches 12 ad accounts.")


def test_the_page_of_a_connection_tells_its_life_and_what_depends_on_it(visit, furnished):
    page = visit(f"/connections/{furnished['needy'].pk}/", who="admin")

    expect(page.locator("#verdict")).to_contain_text("10 days left.")
    expect(page.get_by_role("img", name=re.compile("^Timeline: granted 4 Oct 2026"))).to_be_visible()
    expect(page.get_by_text(re.compile("warned at 15 days, told by mail"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("pages_show_list"))).to_contain_text("Missing")
    expect(
        page.get_by_text("Not renewed. Meta gave a new token that ends when the old one does.")
    ).to_be_visible()


def test_an_owner_without_an_address_gets_a_link_by_hand(visit, furnished):
    page = visit(f"/connections/{furnished['needy'].pk}/", who="admin")

    page.get_by_role("button", name=re.compile("^Ask Zoë")).first.click()

    expect(page.get_by_text("Hand this link over. It is shown this once.")).to_be_visible()
    expect(page.locator("#link")).to_have_text(re.compile(r"/connections/link/[\w-]{40,}/$"))
    page.goto(f"/connections/{furnished['needy'].pk}/")
    expect(page.locator("#link")).to_have_count(0)
    expect(page.get_by_text("Open link")).to_be_visible()


def test_renewing_by_hand_says_what_came_of_it(visit, furnished):
    page = visit(f"/connections/{furnished['needy'].pk}/", who="admin")

    page.get_by_role("button", name="Renew now").click()

    # The sandbox's token ends in 60 days, whatever this page was told of it.
    expect(page.locator("#messages")).to_contain_text(re.compile("is renewed and ends on|was not extended"))


@pytest.mark.parametrize("script", [True, False])
def test_disconnecting_asks_for_the_name_and_says_what_stops(visit, furnished, script):
    page = visit(f"/connections/{furnished['clerk'].pk}/", who="admin", script=script)

    page.get_by_role("link", name="Disconnect…").click()

    if script:
        dialog = page.get_by_role("dialog", name="Disconnect clerk?")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("button", name="Disconnect", exact=True)).to_be_disabled()
        expect(dialog).to_contain_text(
            "Nothing stops: every ad account it reaches is reached by another connection too."
        )
    page.get_by_label("Type clerk to confirm").fill("clerk")
    page.get_by_role("button", name="Disconnect", exact=True).click()

    expect(page.locator("#messages")).to_contain_text("its token is deleted here and revoked at Meta.")
    expect(page.locator("#verdict")).to_contain_text("Disconnected.")
    expect(page.get_by_role("link", name="Disconnect…")).to_have_count(0)


def test_a_wrong_name_keeps_the_connection(visit, furnished, complaints):
    complaints.expect("status of 422")
    page = visit(f"/connections/{furnished['clerk'].pk}/disconnect/", who="admin", script=False)

    page.get_by_label("Type clerk to confirm").fill("clark")
    page.get_by_role("button", name="Disconnect", exact=True).click()

    expect(page.locator(".err")).to_contain_text("Type “clerk” as it is written here")


@pytest.mark.parametrize("which", ["list", "needy", "clerk", "ended", "dialog"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(visit, furnished, which):
    path = {"list": "/connections/", "needy": f"/connections/{furnished['needy'].pk}/"}.get(
        which, f"/connections/{furnished['clerk'].pk}/"
    )
    if which == "ended":
        furnished["disconnect"](furnished["clerk"])
    page = visit(path, who="admin", reduced_motion="reduce")
    if which == "dialog":
        page.get_by_role("link", name="Disconnect…").click()
        page.get_by_role("dialog", name="Disconnect clerk?").wait_for()

    assert violations(page) == {}
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
