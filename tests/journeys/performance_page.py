"""Where things are on the performance page, and what stands there."""

import re

from playwright.sync_api import Locator, Page

from tests.journeys.windows import ready

# htmx itself writes this of a request that it is told to drop.
DROPPED = ["htmx:afterRequest", "htmx:sendAbort"]


def menu(page: Page, word: str | re.Pattern) -> Locator:
    """The filter whose chip has this word, opened."""
    menu = page.locator("#filters details.menu", has=page.locator("summary", has_text=word))
    menu.locator("summary").click()
    return menu


def period(page: Page) -> Locator:
    return menu(page, re.compile(r"\d [A-Z][a-z]{2}"))


def panels(page: Page, chart: str = "ch-main") -> int:
    axes = "(chart) => Object.keys(chart.layout).filter((name) => name.startsWith('yaxis')).length"
    return page.locator(f"#{chart}").evaluate(axes)


def days(page: Page) -> list[str]:
    """Those on the chart's axis."""
    points = page.locator("#ch-main").evaluate("(chart) => chart.data.flatMap((trace) => trace.x)")
    return sorted(set(points))


def column(page: Page, head: str) -> list[str]:
    """The texts of the campaign table in this column, from top to bottom."""
    heads = page.locator("#campaigns thead th").all_inner_texts()
    n = [text.strip() for text in heads].index(head) + 1
    cells = page.locator(f"#campaigns tr.l0 > :nth-child({n})").all_inner_texts()
    return [text.split("\n")[0] for text in cells]


def names_by_currency(page: Page) -> list[list[str]]:
    parts = page.locator("#campaigns tbody").all()
    return [part.locator("tr.l0 .clip[title]").all_inner_texts() for part in parts]


def amounts(texts: list[str]) -> list[float]:
    return [float(re.sub(r"[^\d.]", "", text) or 0) for text in texts]


def head(page: Page, name: str) -> Locator:
    return page.locator("#campaigns thead th", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))


def travel(page: Page, steps: int) -> None:
    """Back and forward load the page afresh."""
    with page.expect_event("load"):
        page.evaluate(f"history.go({steps})")
    ready(page)
