"""System users from the page: the whole way, and what Meta refuses."""

import pytest

from apps.connections.models import Connection
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]

BASE = "/connections/system-users/"


@pytest.fixture
def office(make_connection, sandbox):
    return make_connection("admin token", "system")


@pytest.fixture
def business(sandbox):
    return next(one.business.id for one in sandbox._state.world.accounts if "Fjäll" in one.plan.name)


@pytest.fixture
def create(office, business, admin, signed_in):
    browser = signed_in(admin)

    def make(name="night-reader"):
        page = browser.post(f"{BASE}{office.pk}/{business}/", {"name": name, "role": "EMPLOYEE"})
        assert page.status_code == 302, page.content.decode()
        return browser, page.url

    return make


def test_from_the_list_to_a_connection_and_its_end(create, sandbox, office, says_nothing_of):
    browser, address = create()
    mine = sandbox.accounts[0]["id"].removeprefix("act_")

    assert browser.post(f"{address}install/").status_code == 302
    assert browser.post(f"{address}assign/", {"accounts": [mine], "purpose": "read"}).status_code == 302
    generated = browser.post(
        f"{address}generate/", {"name": "nights", "purpose": "read", "life": "60"}, follow=True
    )

    made = Connection.objects.get(name="nights")
    assert (made.via, made.wanted_scopes, made.scopes) == ("generated", ["ads_read"], ["ads_read"])
    assert [reach.account.meta_id for reach in made.reach.all()] == [mine]
    assert made.expires_at is not None
    says_nothing_of(sandbox.tokens["minted_1"], generated.content.decode())

    assert browser.post(f"{address}revoke/", {"confirm": "another"}).status_code == 422
    made.refresh_from_db()
    assert made.state == Connection.State.ACTIVE
    assert browser.post(f"{address}revoke/", {"confirm": "night-reader"}).status_code == 302
    made.refresh_from_db()
    office.refresh_from_db()
    assert (made.state, office.state) == (Connection.State.REFUSED, Connection.State.ACTIVE)


def test_without_the_app_no_token_and_the_way_out(create):
    browser, address = create()

    page = browser.post(f"{address}generate/", {"name": "nights", "purpose": "read", "life": "60"})

    assert page.status_code == 422
    assert "Press “Install the app” first." in page.content.decode()
    assert not Connection.objects.filter(name="nights").exists()


def test_a_name_that_is_taken_costs_no_token(create, sandbox):
    browser, address = create()
    browser.post(f"{address}install/")

    page = browser.post(f"{address}generate/", {"name": "admin token", "purpose": "read", "life": "60"})

    assert page.status_code == 422
    assert "is taken" in page.content.decode()
    assert "minted_1" not in sandbox.tokens


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"code": 200, "status": 403}, "needs business_management"),
        ({"code": 270}, "Limited access"),
        ({"code": 3}, "Marketing API use case"),
        ({"code": 100, "subcode": 1752129}, "combination of tasks"),
    ],
)
def test_each_refusal_is_a_sentence_with_the_way_out(create, sandbox, fault, words):
    browser, address = create()
    account = sandbox.accounts[0]["id"].removeprefix("act_")
    sandbox.fail("error", path="/assigned_users$", message="no", times=1, **fault)

    page = browser.post(f"{address}assign/", {"accounts": [account], "purpose": "write"})

    assert page.status_code == 422
    assert words in page.content.decode()


def test_a_full_business_says_how_many_there_may_be(office, business, admin, signed_in, sandbox):
    sandbox.configure(tier="limited")

    page = signed_in(admin).post(f"{BASE}{office.pk}/{business}/", {"name": "one more", "role": "EMPLOYEE"})

    assert page.status_code == 422
    assert "1 system user and 1 admin with Limited access" in page.content.decode()


def test_the_pages_are_for_admins(office, business, support, marketer, signed_in, client):
    for address in (BASE, f"{BASE}{office.pk}/", f"{BASE}{office.pk}/{business}/"):
        assert signed_in(support).get(address).status_code == 403
        assert signed_in(marketer).get(address).status_code == 403
        assert client.get(address).status_code == 302


def test_a_connection_and_a_step_that_are_not_there(create, admin, signed_in):
    browser, address = create()
    assert browser.post(f"{address}nonsense/").status_code == 404
    assert browser.get(f"{address}install/").status_code == 405
    assert browser.get(f"{BASE}3f0c7a52-6d0e-4a53-9c39-3d2f1f1b8a11/").status_code == 404


def test_one_ad_account_that_fails_is_named_and_the_others_are_assigned_and_audited(
    create, business, sandbox
):
    browser, address = create()
    one, bad, other = three_accounts(business, sandbox)
    sandbox.fail("error", path=f"/act_{bad}/assigned_users$", code=200, status=403, message="no", times=1)

    page = browser.post(f"{address}assign/", {"accounts": [one, bad, other], "purpose": "read"})

    text = page.content.decode()
    assert page.status_code == 422
    assert "Not every ad account was assigned." in text
    assert f"({bad})</b>: admin token may not manage this" in text
    assert "Assigned to night-reader: 2 ad accounts." in text
    entry = AuditEntry.objects.get(action="system_user.assigned")
    assert entry.detail == f"reading: {one}, {other}; not assigned: {bad}"
    held = sandbox._state.staff.by_id[address.rstrip("/").rpartition("/")[2]].targets
    assert sorted(held) == sorted([one, other])


def test_without_an_answer_the_rest_is_not_tried_and_nothing_is_audited(create, business, sandbox, no_pauses):
    browser, address = create()
    chosen = three_accounts(business, sandbox)
    sandbox.fail("reset", path="/assigned_users$", times=9)

    page = browser.post(f"{address}assign/", {"accounts": chosen, "purpose": "read"})

    assert page.status_code == 422
    assert "No ad account was assigned." in page.content.decode()
    assert "Not tried after that: " in page.content.decode()
    assert not AuditEntry.objects.filter(action="system_user.assigned").exists()


def three_accounts(business, sandbox):
    return [one.id for one in sandbox._state.world.accounts if one.business.id == business][:3]
