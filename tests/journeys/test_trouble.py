"""Answers that fail, come late, or do not come."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.performance_page import DROPPED, panels
from tests.journeys.windows import swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_click_that_overtakes_another_wins_quietly(visit, complaints):
    complaints.expect(*DROPPED)
    page = visit()
    held = []
    page.route(re.compile("metric=roas"), lambda route: held.append(route))

    with page.expect_request(re.compile("metric=roas")):
        page.locator(".kpis").get_by_role("link", name=re.compile("^ROAS")).click()
    with swapped(page):
        page.locator(".kpis").get_by_role("link", name=re.compile("^Impressions")).dblclick()

    expect(page.locator("#h-main")).to_have_text("Impressions per day")
    expect(page).to_have_url(re.compile(r"\?metric=impressions$"))


def test_an_answer_that_fails_is_told_and_tried_again(visit, complaints):
    complaints.expect("status of 503", "Error Code 503", "503 http")
    page = visit("/performance/?cur=EUR")
    page.route(re.compile("metric=cpp"), lambda route: route.fulfill(status=503), times=1)
    page.locator("#campaigns tfoot").scroll_into_view_if_needed()

    page.locator(".kpis").get_by_role("link", name=re.compile("^Cost")).click()
    told = page.get_by_role("alert").filter(has_text="This did not work")
    expect(told).to_contain_text("The server answered 503. The rest of the page is unaffected.")
    expect(told).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"\?cur=EUR$"))
    assert panels(page) == 1

    with swapped(page):
        told.get_by_role("button", name="Try again").click()
    expect(page.locator("#h-main")).to_have_text("Cost / purchase per day")
    expect(page).to_have_url(re.compile(r"\?cur=EUR&metric=cpp$"))
    expect(told).to_have_count(0)


def test_without_a_network_the_page_stays_and_says_so(visit, complaints):
    complaints.expect("ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendError")
    page = visit()

    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.get_by_role("link", name="Week", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="The server did not answer.")).to_be_visible()
    expect(page.locator("#h-main")).to_have_text("Spend per day")

    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    with swapped(page):
        page.get_by_role("button", name="Try again").click()
    expect(page.locator("#h-main")).to_have_text("Spend per week")
