"""What the browser gives to Plotly, held against Plotly's own schema by another implementation of it."""

import json

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page

from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# JSON knows no undefined: what Plotly would not see is left out here too.
GIVEN = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .map(({ id, data, layout }) => JSON.stringify({ id, data, layout }))"""


def figures(page: Page) -> dict[str, go.Figure]:
    """Every chart on the page; a ValueError names what Plotly does not know."""
    given = [json.loads(text) for text in page.evaluate(GIVEN)]
    assert len(given) == page.locator("[data-chart]").count()
    return {one["id"]: go.Figure(data=one["data"], layout=one["layout"]) for one in given}


@pytest.mark.parametrize(
    "address",
    [
        "/performance/",
        "/performance/?cur=EUR&by=account",
        "/performance/?metric=ctr&g=week&vs=none",
        "/performance/?metric=roas&period=7d",
        "/performance/?cur=USD&from=2026-09-20&to=2026-11-23&vs=year",  # begins before there are numbers
    ],
)
def test_every_figure_is_valid_in_light_and_in_dark(visit, address):
    page = visit(address)

    light = figures(page)
    page.locator(".me [data-theme-toggle]").click()
    page.wait_for_function(
        "(before) => document.querySelector('#ch-main').layout.font.color !== before",
        arg=light["ch-main"].layout.font.color,
    )
    dark = figures(ready(page))

    assert dark.keys() == light.keys() == {"ch-main", "ch-rank"}
    for name, figure in dark.items():
        assert len(figure.data) == len(light[name].data) > 0
        assert [trace.x for trace in figure.data] == [trace.x for trace in light[name].data]
        assert [trace.y for trace in figure.data] == [trace.y for trace in light[name].data]
        assert figure.layout.font.color != light[name].layout.font.color

    with swapped(page):
        page.locator(".kpis a").first.click()
    assert figures(page).keys() == {"ch-main", "ch-rank"}
