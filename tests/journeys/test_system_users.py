"""An admin makes a system user: from the list to a connection, and to the end of its tokens."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LONG = "night-reader für Größenwahn & Söhne, alle Länder und Fahrräder"


@pytest.fixture
def tidied(site) -> Iterator[None]:
    """What was made is thrown away, here and at Meta."""
    from apps.connections.models import Connection

    staff = site.sandbox._state.staff.by_id
    known, connections = set(staff), set(Connection.objects.values_list("pk", flat=True))
    yield
    for user_id in set(staff) - known:
        del staff[user_id]
    site.sandbox.clear_faults()
    Connection.objects.exclude(pk__in=connections).delete()


@pytest.mark.parametrize("script", [True, False])
def test_from_the_list_to_a_connection_and_its_end(visit, site, tidied, complaints, script):
    from apps.connections.models import Connection

    complaints.expect("status of 422")
    page = visit("/connections/", who="admin", script=script)
    page.get_by_role("main").get_by_role("link", name="System users").first.click()
    page.get_by_role("main").get_by_role("link", name="reporting", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Nordlicht Agentur GmbH").click()

    page.get_by_label("Name").fill(LONG)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("is there. Install the app for it")
    expect(page.get_by_role("heading", level=1)).to_have_text(LONG)

    page.get_by_role("button", name="Install the app").click()
    expect(page.locator("#messages")).to_contain_text(f"The app is installed for {LONG}.")

    boxes = page.get_by_role("group", name="Ad accounts").get_by_role("checkbox")
    refused = boxes.nth(1).get_attribute("value")
    site.sandbox.fail(
        "error", path=f"/act_{refused}/assigned_users$", code=200, status=403, message="no", times=1
    )
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Assign", exact=True).click()
    told = page.get_by_role("alert").filter(has_text="Not every ad account was assigned.")
    expect(told).to_contain_text(f"({refused})")
    expect(page.locator("#messages")).to_contain_text(f"Assigned to {LONG}: 1 ad account.")
    expect(page.get_by_role("button", name=re.compile("^Take away"))).to_have_count(1)

    page.get_by_label("Connection name").fill("nights")
    page.get_by_role("button", name="Generate and connect").click()
    expect(page.locator("#messages")).to_contain_text("nights is connected as")
    made = Connection.objects.get(name="nights")
    assert (made.state, made.reach.count()) == ("active", 1)
    expect(page.get_by_role("main")).to_contain_text("What ends here: nights.")

    if script:
        assert violations(page) == {}
        page.set_viewport_size({"width": 390, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Type its name to confirm").fill(LONG)
    page.get_by_role("button", name="Revoke all tokens").click()
    expect(page.locator("#messages")).to_contain_text("Connections that ended: 1.")
    made.refresh_from_db()
    assert made.state == "refused"
