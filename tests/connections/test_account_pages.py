"""The pages of ad accounts: who sees which, what they say, what they cost."""

import pytest
from django.test import Client

from apps.connections.models import AccountGrant, AdAccount
from apps.reporting import foreground, sync
from apps.reporting.models import SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LIST = "/accounts/"


@pytest.fixture
def granted(marketer, make_account):
    """The one ad account that the marketer may see."""
    account = make_account("Fjäll")
    AccountGrant.objects.create(user=marketer, account=account)
    return account


def test_the_list_shows_every_account_to_those_who_see_all(make_account, support, signed_in):
    make_account()

    text = signed_in(support).get(LIST).content.decode()

    assert text.count('href="/accounts/act_') >= 12
    assert "Kintsugi Studio 東京" in text


def test_a_marketer_sees_only_what_was_granted(granted, marketer, signed_in):
    text = signed_in(marketer).get(LIST).content.decode()

    assert "Fjäll &amp; Forst Outdoor DE" in text
    assert "Brauhaus" not in text
    assert text.count(f"/accounts/{granted.act_id}/") >= 1


def test_without_a_grant_the_list_is_empty_and_works(make_account, marketer, signed_in):
    make_account()

    page = signed_in(marketer).get(LIST)

    assert page.status_code == 200
    assert "Brauhaus" not in page.content.decode()


@pytest.mark.parametrize("written", ["act_{}", "{}"])
def test_an_account_tells_what_meta_and_we_know_of_it(granted, marketer, signed_in, no_pauses, written):
    foreground.work_off(sync.request([granted], SyncRun.Reason.COMMAND))

    page = signed_in(marketer).get(f"/accounts/{written.format(granted.meta_id)}/")

    text = page.content.decode()
    assert page.status_code == 200
    assert "Fjäll &amp; Forst Outdoor DE" in text
    assert "Europe/Berlin" in text
    assert "Asked for by command" in text


def test_an_account_of_others_is_as_unknown_as_one_that_does_not_exist(granted, marketer, signed_in):
    other = AdAccount.objects.exclude(pk=granted.pk).first()
    browser = signed_in(marketer)

    foreign = [browser.get(f"/accounts/{other.act_id}/"), browser.post(f"/accounts/{other.act_id}/sync/")]
    unknown = [browser.get("/accounts/act_404/"), browser.post("/accounts/act_404/sync/")]

    assert [page.status_code for page in foreign + unknown] == [404] * 4
    assert other.name not in foreign[0].content.decode()
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/act_' or 1=1/",
        "/accounts/act_" + "9" * 300 + "/",
        "/accounts/%00/",
        "/accounts/%F0%9F%92%A9/",
    ],
)
def test_what_is_no_id_is_not_found(admin, signed_in, address):
    assert signed_in(admin).get(address).status_code == 404


def test_a_marketer_asks_for_fresh_numbers_of_an_account(granted, marketer, signed_in):
    page = signed_in(marketer).post(f"/accounts/{granted.act_id}/sync/", follow=True)

    assert "1 ad account is queued" in page.content.decode()
    run = SyncRun.objects.get()
    assert (run.account, run.asked_by, run.state) == (granted, marketer, "queued")


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil"]
)
def test_the_way_back_leads_nowhere_else(granted, marketer, signed_in, next_):
    page = signed_in(marketer).post(f"/accounts/{granted.act_id}/sync/", {"next": next_})

    assert page["Location"] == "/performance/"


@pytest.mark.parametrize("address", [LIST, "/accounts/act_1/"])
def test_who_is_signed_out_goes_to_sign_in_and_comes_back(address):
    page = Client().get(address)

    assert page.status_code == 302
    assert page["Location"] == f"/sign-in/?next={address}"


@pytest.mark.parametrize("address", [LIST, "/accounts/act_1/"])
def test_a_person_without_a_role_is_told_whom_to_ask(make_person, admin, signed_in, address):
    nobody = make_person("marketer")
    nobody.groups.clear()

    page = signed_in(nobody).get(address)

    assert page.status_code == 403
    assert "Ada Admin, admin@agency.example" in page.content.decode()


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [("post", LIST, "GET"), ("delete", "/accounts/{}/", "GET"), ("get", "/accounts/{}/sync/", "POST")],
)
def test_a_wrong_method_is_told_the_right_ones(granted, marketer, signed_in, method, address, allowed):
    page = getattr(signed_in(marketer), method)(address.format(granted.act_id))

    assert page.status_code == 405
    assert page["Allow"] == allowed


def test_more_accounts_cost_no_more_queries(add_accounts, support, signed_in, count_queries):
    browser = signed_in(support)
    add_accounts(2)
    before = count_queries(lambda: browser.get(LIST))

    add_accounts(40)

    assert count_queries(lambda: browser.get(LIST)) == before


def test_more_runs_cost_no_more_queries(granted, marketer, admin, signed_in, count_queries):
    browser, address = signed_in(marketer), f"/accounts/{granted.act_id}/"
    sync.request([granted], SyncRun.Reason.PAGE, by=admin)
    before = count_queries(lambda: browser.get(address))

    for person in (admin, marketer) * 5:
        run = SyncRun.objects.filter(state="queued").get()
        run.fail(ValueError("odd"))
        sync.request([granted], SyncRun.Reason.PAGE, by=person)

    assert count_queries(lambda: browser.get(address)) == before
