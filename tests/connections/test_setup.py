"""The set-up page: live checks with their proof, ticks with who and when."""

import re

import pytest

from apps.connections import setup
from apps.connections.models import SetupStep

pytestmark = [pytest.mark.django_db, pytest.mark.services]

PAGE = "/setup/"


@pytest.fixture
def look(sandbox):
    def one(name):
        return setup.check(next(step for step in setup.steps() if step.name == name))

    return one


def test_all_that_can_be_checked_is_checked(make_connection, admin, signed_in):
    make_connection()

    page = signed_in(admin).post("/setup/check/", follow=True)

    states = dict(SetupStep.objects.values_list("name", "state"))
    for name in ("app", "addresses", "verification", "permissions", "tier", "system_users", "first_token"):
        assert states[name] == "verified", (name, SetupStep.objects.get(name=name).trouble)
    assert (states["webhook"], states["subscribed"], states["first_sync"]) == ("not_started",) * 3
    text = page.content.decode()
    for words in ("7 of 12 steps are verified", "ads_api_access_tier: standard_access", "7/12"):
        assert words in text


@pytest.mark.parametrize(
    ("name", "facts", "state"),
    [
        ("addresses", {"privacy_policy_url": ""}, "attention"),
        ("verification", {"verification_status": "pending"}, "waiting"),
        ("verification", {"verification_status": "rejected"}, "attention"),
        ("permissions", {"live_permissions": []}, "waiting"),
    ],
)
def test_what_the_app_lacks_is_seen(make_connection, sandbox, look, name, facts, state):
    make_connection()
    sandbox.change_app(**facts)

    row = look(name)

    assert row.state == state
    assert row.trouble


def test_limited_access_is_read_from_the_header(make_connection, sandbox, look):
    make_connection()
    sandbox.configure(tier="limited")

    assert look("tier").state == "waiting"


def test_a_failing_check_keeps_the_last_good_evidence(sandbox, look):
    good = look("app")
    sandbox.fail("error", path="/debug_token$", code=3, message="no", times=5)

    row = look("app")

    assert (row.state, row.evidence, row.verified_at) == ("attention", good.evidence, good.verified_at)
    assert "Meta answered 3" in row.trouble
    assert "fbtrace_id" in row.trouble
    assert "Meta's words: no" in row.trouble


def test_without_script_nobody_waits_for_ever_and_the_next_press_goes_on(
    make_connection, sandbox, admin, signed_in
):
    make_connection()
    checked = [step.name for step in setup.steps() if step.check]

    assert setup.check_for(0) == len(checked)
    assert setup.check_for(30) == 0
    first = SetupStep.objects.order_by("checked_at").first()
    SetupStep.objects.exclude(pk=first.pk).update(checked_at=None)
    SetupStep.objects.filter(name="app").update(trouble="old")
    setup.check_for(30)
    assert SetupStep.objects.get(name="app").trouble == ""


def test_checked_all_at_once_each_step_asks_for_itself(make_connection, sandbox, admin, signed_in):
    make_connection()
    browser, htmx = signed_in(admin), {"HX-Request": "true"}
    calls = sandbox.state()["calls"]

    page = browser.post("/setup/check/", headers=htmx).content.decode()

    assert sandbox.state()["calls"] == calls
    waiting = re.findall(r'hx-post="/setup/(\w+)/check/" hx-vals', page)
    assert waiting == [step.name for step in setup.steps() if step.check]
    answer = browser.post("/setup/app/check/", {"all": "yes"}, headers=htmx).content.decode()
    assert 'id="step-app">' in answer
    assert '<b id="setup-done" hx-swap-oob="true">1 of 12 steps are verified.</b>' in answer


def test_the_address_for_deletion_is_ticked_because_meta_does_not_tell_it(
    admin, signed_in, sandbox, settings
):
    settings.SITE_URL = "https://ads.example.com"
    browser = signed_in(admin)

    text = browser.get(PAGE).content.decode()
    browser.post("/setup/deletion/mark/", {"done": "yes"})

    assert text.count("https://ads.example.com/hooks/meta/data-deletion/") == 2
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert SetupStep.objects.get(name="deletion").marked_by == admin


def test_looking_at_the_page_asks_meta_nothing(make_connection, sandbox, admin, signed_in):
    make_connection()
    browser, calls = signed_in(admin), sandbox.state()["calls"]

    browser.get(PAGE)

    assert sandbox.state()["calls"] == calls


def test_the_page_costs_the_same_with_everything_known(
    make_connection, add_accounts, sandbox, admin, signed_in, count_queries
):
    make_connection()
    browser = signed_in(admin)
    browser.get(PAGE)
    few = count_queries(lambda: browser.get(PAGE))
    setup.check_for(30)
    browser.post("/setup/redirects/mark/", {"done": "yes"})
    add_accounts(20)

    assert count_queries(lambda: browser.get(PAGE)) == few
    assert count_queries(setup.rows) == 1


def test_without_a_connection_a_check_says_what_comes_first(look):
    assert look("verification").state == "not_started"
    assert "Connect one first" in look("verification").trouble


def test_a_tick_shows_who_and_htmx_gets_the_step_alone(admin, signed_in, sandbox):
    browser = signed_in(admin)

    step = browser.post("/setup/redirects/mark/", {"done": "yes"}, headers={"HX-Request": "true"})

    assert "Marked as done by Ada Admin" in step.content.decode()
    assert "<html" not in step.content.decode()
    assert browser.post("/setup/app/mark/", {"done": "yes"}).status_code == 404
    assert browser.post("/setup/redirects/check/").status_code == 404


def test_the_page_is_for_admins(support, marketer, signed_in, client):
    assert signed_in(support).get(PAGE).status_code == 403
    assert signed_in(marketer).post("/setup/app/check/").status_code == 403
    assert client.get(PAGE).status_code == 302
    assert signed_in(support).get("/setup/check/").status_code == 403
