"""axe finds nothing on any page, in light and dark, wide and narrow, and no browser complains on the way."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from tests.journeys.windows import ready

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# Evaluated, not added as a tag: the policy stays as it is.
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)"""

PAGES = {
    "sign in": ("", "/sign-in/"),
    "side by side": ("marketer", "/performance/"),
    "one currency": ("marketer", "/performance/?cur=EUR&metric=roas&g=week&sort=name"),
    "nothing granted": ("newcomer", "/performance/"),
    "one day": ("marketer", "/performance/?period=today&cur=USD"),
    "filtered to nothing": ("marketer", "/performance/?q=no+campaign+is+called+this"),
    "ad accounts": ("marketer", "/accounts/"),
    "an ad account": ("admin", "/accounts/{account}/"),
    "connections": ("admin", "/connections/"),
    "connect": ("admin", "/connections/new/"),
    "connect by a login": ("admin", "/connections/new/login/"),
    "a login that was not begun": ("admin", "/connections/login/unknown/"),
    "the same for a stranger": ("", "/connections/login/unknown/"),
    "a link that is no link": ("", "/connections/link/no-such-key/"),
    "setup": ("admin", "/setup/"),
    "system users": ("admin", "/connections/system-users/"),
    "a new token": ("admin", "/connections/{connection}/rotate/"),
    "people": ("admin", "/users/"),
    "a person": ("admin", "/users/{person}/"),
    "an invitation": ("admin", "/users/invite/"),
    "audit trail": ("admin", "/audit/"),
    "sessions": ("admin", "/sessions/"),
    "second factor": ("admin", "/second-factor/"),
    "passkeys": ("admin", "/second-factor/passkeys/"),
    "no access": ("marketer", "/connections/"),
    "not found": ("marketer", "/nowhere/"),
}


def violations(page: Page) -> dict[str, list[str]]:
    """By theme and width; empty when all is well."""
    page.evaluate(AXE)
    found = {}
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            ready(page)
            if wrong := page.evaluate(RUN):
                found[f"{theme}, {width}"] = wrong
    return found


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, complaints, site, name):
    complaints.expect("status of 403", "status of 404", "status of 400")
    who, path = PAGES[name]

    page = visit(path.format(**site.places), who=who, reduced_motion="reduce")

    assert violations(page) == {}


def test_axe_finds_nothing_in_a_form_that_was_refused(visit, complaints, site):
    complaints.expect("status of 422")
    page = visit("/connections/new/token/", who="admin", reduced_motion="reduce")
    page.get_by_label("System-user token").fill(site.sandbox.token("expired"))
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator(".err").wait_for()

    assert violations(page) == {}


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_in_what_opens(visit, width):
    page = visit(width=width, reduced_motion="reduce")
    page.evaluate(AXE)

    page.locator("#filters summary").nth(1).click()
    assert page.evaluate(RUN) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.evaluate(RUN) == []
