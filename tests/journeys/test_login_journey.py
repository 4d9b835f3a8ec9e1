"""Somebody logs in at Meta: an admin for themselves, or a person with a link and no account here."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

KOFI = "Kofi Mensah"


@pytest.fixture(autouse=True)
def as_before(site, complaints) -> Iterator[None]:
    """Nobody has logged in at Meta yet, and afterwards nobody has."""
    from apps.connections.models import Connection, LoginLink, PendingConnection

    complaints.expect(f"foreign {site.sandbox.url}/v26.0/dialog/oauth?")
    site.sandbox._state.people.reset()
    yield
    site.sandbox._state.people.reset()
    PendingConnection.objects.all().delete()
    LoginLink.objects.all().delete()
    Connection.objects.filter(kind="user").delete()


def title(page: Page) -> Any:
    return expect(page.get_by_role("heading", level=1))


def at_meta(page: Page, who: str = KOFI, *, unticked: tuple[str, ...] = (), yes: bool = True) -> None:
    """In the dialog: untick, then continue or cancel."""
    title(page).to_have_text("Ads Console wants access")
    person = page.get_by_role("group", name=who)
    for scope in unticked:
        person.get_by_label(scope).uncheck()
    person.get_by_role("button", name=f"Continue as {who}" if yes else "Cancel").click()


def to_the_dialog(page: Page, *, also: tuple[str, ...] = ("ads_management",)) -> None:
    page.get_by_role("link", name="Connect", exact=True).first.click()
    page.get_by_role("main").get_by_role("link", name="Log in at Meta").click()
    for scope in also:
        page.get_by_label(re.compile(scope)).check()
        expect(page).to_have_url(re.compile(f"scope={scope}"))
    page.get_by_role("link", name="Log in at Meta").click()


@pytest.fixture
def kofi(visit) -> Callable[..., Page]:
    """Connects Kofi and gives the page of the connection."""

    def connect(**more: Any) -> Page:
        page = visit("/connections/", who="admin", reduced_motion="reduce", **more)
        to_the_dialog(page)
        at_meta(page)
        page.get_by_label("Name", exact=True).fill("Kofi's shops")
        page.get_by_role("button", name="Connect", exact=True).click()
        title(page).to_have_text("Kofi's shops")
        return page

    return connect


def test_an_admin_connects_by_a_login(visit):
    page = visit("/connections/", who="admin", reduced_motion="reduce")

    to_the_dialog(page)
    at_meta(page)

    title(page).to_have_text("Kofi Mensah reaches 3 ad accounts")
    assert re.fullmatch(r".*/connections/new/[0-9a-f-]{36}/#?", page.url)
    expect(page.get_by_role("main")).to_contain_text("ads_management")
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(3)
    assert violations(page) == {}
    page.reload()
    title(page).to_have_text("Kofi Mensah reaches 3 ad accounts")
    page.get_by_label("Name", exact=True).fill("Kofi's shops")
    page.get_by_role("button", name="Connect", exact=True).click()

    title(page).to_have_text("Kofi's shops")
    expect(page.locator("#messages")).to_contain_text(
        "is connected as Kofi Mensah (person); 3 ad accounts found."
    )
    expect(page.get_by_role("main")).to_contain_text("Facebook login")


def test_the_whole_way_on_a_phone_and_without_script(visit):
    page = visit("/connections/new/login/", who="admin", width=390, script=False)
    page.get_by_label(re.compile("ads_management")).check()
    page.get_by_role("button", name="Use this choice").click()
    page.get_by_role("link", name="Log in at Meta").click()

    at_meta(page, "Zoë Øvergård")

    title(page).to_have_text("Zoë Øvergård reaches 12 ad accounts")
    page.get_by_role("button", name="Connect", exact=True).click()
    title(page).to_have_text("Zoë Øvergård")


def test_who_says_no_reads_what_happened_and_can_start_again(visit):
    page = visit("/connections/", who="admin", reduced_motion="reduce")
    to_the_dialog(page)
    at_meta(page, yes=False)

    title(page).to_have_text("You said no at Meta")
    expect(page.get_by_role("main")).to_contain_text("nothing was stored")
    assert violations(page) == {}
    page.get_by_role("link", name="Start again").click()
    at_meta(page)
    title(page).to_have_text("Kofi Mensah reaches 3 ad accounts")


def test_an_unticked_scope_can_be_asked_for_again(visit):
    page = visit("/connections/", who="admin", reduced_motion="reduce")
    to_the_dialog(page)
    at_meta(page, unticked=("ads_management",))

    expect(page.get_by_role("main")).to_contain_text("Campaigns can be read, not changed")
    expect(page.get_by_role("button", name="Connect without it")).to_be_visible()
    assert violations(page) == {}
    page.get_by_role("link", name="Ask again").click()
    at_meta(page)

    expect(page.get_by_role("main")).not_to_contain_text("Not granted")
    page.get_by_role("button", name="Connect", exact=True).click()
    title(page).to_have_text(KOFI)


def test_without_reading_nothing_is_connected(visit, complaints):
    complaints.expect("status of 422")
    page = visit("/connections/", who="admin", reduced_motion="reduce")
    to_the_dialog(page)
    at_meta(page, unticked=("ads_read",))

    title(page).to_have_text("Without ads_read nothing can be read")
    assert violations(page) == {}
    page.get_by_role("link", name="Ask again").click()
    at_meta(page)
    title(page).to_have_text("Kofi Mensah reaches 3 ad accounts")


def test_logging_in_again_keeps_accounts_and_history(kofi, complaints):
    from apps.connections.models import Connection

    complaints.expect("status of 422")
    page = kofi()
    before = Connection.objects.get(kind="user")
    before.refuse(Exception("The session has been invalidated."))
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Refused by Meta")

    page.get_by_role("link", name="Reconnect").click()
    title(page).to_have_text("Log in again for Kofi's shops")
    assert violations(page) == {}
    # Somebody else's login changes nothing.
    page.get_by_role("link", name="Log in at Meta").click()
    at_meta(page, "Zoë Øvergård")
    title(page).to_have_text("That was somebody else")
    assert violations(page) == {}
    page.get_by_role("link", name="Start again").click()
    at_meta(page)

    title(page).to_have_text("Kofi's shops")
    expect(page.get_by_role("heading", name="Reaches 3 ad accounts")).to_be_visible()
    history = page.get_by_role("region", name="Check history")
    expect(history).to_contain_text("Connected again by a login at Meta.")
    expect(history).to_contain_text("that was somebody else")
    expect(history).to_contain_text("Connected by a login at Meta.")
    after = Connection.objects.get(kind="user")
    assert (after.pk, after.version, after.state) == (before.pk, before.version + 1, "active")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_person_with_a_link_and_no_account_logs_in(visit, complaints, width):
    complaints.expect("status of 410")
    admin = visit(
        "/connections/new/login/?scope=ads_read&scope=ads_management", who="admin", reduced_motion="reduce"
    )
    admin.get_by_label("Name of the connection").fill("Kofi's shops")
    admin.get_by_role("button", name="Make the link").click()
    title(admin).to_have_text("The link for Kofi's shops")
    assert violations(admin) == {}
    link = admin.locator("#login_link").inner_text()

    # Another browser: windows are told apart by what is special about them.
    page = visit(link, who="", width=width, reduced_motion="reduce", theme="dark")
    title(page).to_have_text("Ada Admin asks for access to ad accounts")
    assert page.url.endswith("/connections/link/")
    assert violations(page) == {}
    page.get_by_role("link", name="Log in at Meta").click()
    at_meta(page, unticked=("ads_management",))
    title(page).to_have_text("Not everything was ticked")
    assert violations(page) == {}
    page.get_by_role("link", name="Let Meta ask again").click()
    at_meta(page)

    title(page).to_have_text("Thank you, that was all")
    assert violations(page) == {}
    page.goto(link)
    title(page).to_have_text("This link does not work any more")
    assert violations(page) == {}
    admin.goto("/connections/")
    expect(admin.locator("#connections").get_by_role("row", name=re.compile("Kofi's shops"))).to_contain_text(
        "Valid"
    )


def test_who_was_signed_out_at_meta_is_led_to_sign_in(visit, site, complaints):
    complaints.expect("status of 400")
    page = visit("/connections/new/login/", who="admin", reduced_motion="reduce")
    page.get_by_role("link", name="Log in at Meta").click()
    page.context.clear_cookies()
    at_meta(page)

    title(page).to_have_text("This login was not begun here")
    page.get_by_role("link", name="Sign in and start again").click()
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/connections/new/login/"))


def test_the_back_button_after_a_login_does_no_harm(kofi, complaints):
    from apps.connections.models import Connection

    complaints.expect("status of 410")
    page = kofi()
    version = Connection.objects.get(kind="user").version
    for _ in range(3):
        page.go_back()
    page.go_forward()

    assert Connection.objects.get(kind="user").version == version
