"""The kit in a real Chromium, under the policy of production. No server: each file is handed over by name."""

import mimetypes
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from playwright.sync_api import Page, Route, sync_playwright

from apps.ui import views

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ADDRESS = "http://fbadmin.example/kit/"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def kit(make_user) -> str:
    request = RequestFactory().get("/kit/")
    request.user = make_user("admin")
    request.htmx = False
    return views.parts(request).content.decode()


@pytest.fixture
def chromium(kit):  # the page first: once Playwright runs, Django sees another thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(
    browser, html: str, *, without: str = "", script: bool = True, **options
) -> tuple[Page, list[str]]:
    """The page as a person gets it, and what the browser complained about."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/kit/":
            route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        elif path.startswith("/static/") and not (without and without in path):
            file = finders.find(path.removeprefix("/static/"))
            kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
            route.fulfill(body=Path(file).read_bytes(), content_type=kind)
        else:
            route.abort()

    page = browser.new_context(java_script_enabled=script, **options).new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", answer)
    page.goto(ADDRESS)
    if script:
        page.wait_for_function("() => document.readyState === 'complete'")
    return page, complaints


def drawn(page: Page) -> None:
    page.locator("html[data-charts=ready]").wait_for(state="attached")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_part_is_drawn_within_the_policy_and_within_reach(kit, chromium, theme, width):
    page, complaints = opened(chromium, kit, color_scheme=theme, viewport={"width": width, "height": 900})
    drawn(page)

    found = page.evaluate(f"{AXE}; axe.run().then((result) => result.violations.map((one) => one.id))")

    assert complaints == []
    assert found == []
    assert page.locator(".js-plotly-plot").count() == page.locator("[data-chart]").count() > 5
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hovering_a_day_stays_within_the_policy_and_shows_that_day_only(kit, chromium):
    page, complaints = opened(chromium, kit, viewport={"width": 1440, "height": 900})
    drawn(page)
    chart = page.locator("#k-trend-c")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()

    page.mouse.move(box["x"] + box["width"] - 25, box["y"] + box["height"] / 2)

    label = chart.locator(".hoverlayer .legend")
    label.wait_for()
    text = label.text_content()
    assert "Thu 19 Nov 2026" in text
    assert text.count("so far") == 1
    assert text.count("23 Oct – 19 Nov") == 1
    assert complaints == []


def test_without_plotly_the_tables_stand_open(kit, chromium):
    page, _ = opened(chromium, kit, without="plotly")
    page.locator("html[data-charts=ready]").wait_for(state="attached")

    assert page.locator("[data-chart]:visible").count() == 0
    assert page.locator("details.asdata[open] table").count() == page.locator("[data-chart]").count()


def test_without_scripts_the_tables_can_be_opened(kit, chromium):
    page, complaints = opened(chromium, kit, script=False)

    page.locator("details.asdata summary").first.click()

    assert page.locator("details.asdata table").first.is_visible()
    assert not page.locator("[data-chart]").first.is_visible()
    assert not page.locator("[data-theme-toggle]").last.is_visible()
    assert complaints == []


def test_the_theme_is_switched_and_remembered(kit, chromium):
    page, _ = opened(chromium, kit, color_scheme="light", viewport={"width": 1440, "height": 900})
    drawn(page)
    before = page.locator("#k-one-c .point").first.evaluate("(point) => point.style.fill")

    page.locator(".me [data-theme-toggle]").click()

    page.locator("html[data-theme=dark]").wait_for(state="attached")
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}["theme"] == "dark"
    page.wait_for_timeout(300)
    assert page.locator("#k-one-c .point").first.evaluate("(point) => point.style.fill") != before


def test_keys_open_search_shortcuts_and_pages(kit, chromium):
    page, _ = opened(chromium, kit, viewport={"width": 1440, "height": 900})

    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.locator("[data-shortcuts-switch]").uncheck()
    page.locator("#keys button").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") != "search"

    page.evaluate("document.documentElement.dataset.shortcuts = 'on'")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.evaluate("document.activeElement.blur()")
    with page.expect_request("**/reporting/accounts/"):
        page.keyboard.press("g")
        page.keyboard.press("a")


def test_a_typed_name_wakes_the_dangerous_button(kit, chromium):
    page, _ = opened(chromium, kit, viewport={"width": 1440, "height": 900})
    page.locator("[data-open=k-dialog]").click()
    button = page.locator("#k-dialog [data-confirm-target]")

    page.fill("#k-typed", "lume")
    assert button.is_disabled()
    page.fill("#k-typed", "lumen")
    assert button.is_enabled()


def test_a_tick_reads_as_its_value_at_every_scale(kit, chromium):
    page, _ = opened(chromium, kit, viewport={"width": 1440, "height": 900})
    drawn(page)

    ticks = page.evaluate(
        """() => {
          const spec = document.getElementById('k-trend-c-spec');
          const chart = JSON.parse(spec.textContent);
          return [3, 11.5, 47, 115, 4700, 11500, 115000, 11.5e6].map((peak) => {
            chart.y = chart.y.map(() => peak);
            if (chart.previous) chart.previous.y = chart.previous.y.map(() => peak / 2);
            spec.textContent = JSON.stringify(chart);
            document.dispatchEvent(new CustomEvent('themechange'));
            const { tickvals, ticktext } = document.getElementById('k-trend-c').layout.yaxis;
            return tickvals.map((value, i) => [value, ticktext[i]]);
          });
        }"""
    )

    units = {"k": 1e3, "M": 1e6}
    for scale in ticks:
        for value, text in scale:
            number = float("".join(c for c in text if c in "0123456789."))
            assert number * units.get(text[-1], 1) == pytest.approx(value), scale
