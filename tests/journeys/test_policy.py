"""The browser's console stays empty. Every other journey ends with the same look at it; this one goes around."""

import re

import pytest
import requests

from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_nothing_is_complained_about_on_the_way_through_every_page(visit, complaints, site):
    page = visit(who="admin")
    for wait, act in (
        (swapped, lambda: page.get_by_role("link", name="Week", exact=True).click()),
        (swapped, lambda: page.locator(".kpis a").nth(3).click()),
        (swapped, lambda: page.locator("#campaigns thead a").first.click()),
    ):
        with wait(page):
            act()
        page.locator(".me [data-theme-toggle]").click()
        page.locator("#ch-main").hover()
    page.set_viewport_size({"width": 700, "height": 800})
    page.evaluate("window.htmx.trigger('#pulse', 'refresh')")
    account = site.account("Harbor").act_id
    for path in ("/accounts/", f"/accounts/{account}/", "/connections/", "/connections/new/token/"):
        page.goto(path)
        ready(page)
        page.locator("[data-theme-toggle]:visible").first.click()
    page.goto("/sign-out/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/sign-in/"))

    assert complaints.found == []


def test_the_policy_forbids_what_it_should_and_the_browser_tells_us(visit, complaints):
    """Without this, a journey that finds no violation might only be deaf."""
    complaints.expect("policy:", "Content Security Policy")
    page = visit("/accounts/")

    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.bad = 1' }))"
    )

    page.wait_for_function("() => true")
    assert page.evaluate("window.bad") is None
    assert any(text.startswith("policy: script-src") for text in complaints.found)


@pytest.mark.parametrize("path", ["/sign-in/", "/performance/", "/nowhere/", "/healthz"])
def test_every_answer_carries_the_whole_policy(site, path):
    policy = requests.get(site.url + path, timeout=10).headers["Content-Security-Policy"]

    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == parts["frame-ancestors"] == parts["base-uri"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == parts["connect-src"] == "'self'"
    assert "unsafe" not in policy
