"""The list of ad accounts, and the page of one."""

import re
from datetime import timedelta

import pytest
import time_machine

from apps.connections.models import AccountGrant, Connection
from apps.reporting import together
from apps.reporting.models import SyncRun

from .factories import LAST_28, NOW, ad_account, day, fetched

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LIST = "/accounts/"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    account = ad_account("Fjord Outdoor")
    fetched(account)
    return account


@pytest.fixture
def reader(signed_in, admin):
    return signed_in(admin)


def page_of(account):
    return f"{LIST}{account.act_id}/"


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace(" .", ".")


# --- the list ------------------------------------------------------------------------------------


def test_the_list_tells_how_each_account_is(reader, shop):
    ad_account("Halden Home", "USD", status=3)

    text = text_of(reader.get(LIST))

    assert "1 of 2 ad accounts may not deliver (Halden Home)." in text
    assert "EUR 1 · USD 1" in text
    assert "Unsettled" in text and "On time" in text and "Was never synced" in text


def test_the_list_says_what_batches_saved(reader, shop):
    assert "Batches" not in text_of(reader.get(LIST))

    together.Fill(24, 1200).write_down()

    text = text_of(reader.get(LIST))
    assert "Batches, last 24 hours: 1,200 reads in 24 requests, 50.0 each of 50 at most" in text


def test_the_list_is_quiet_when_all_is_well(reader, shop):
    assert "All quiet: 1 ad account, delivering and on time." in text_of(reader.get(LIST))


def test_an_empty_list_says_what_to_do(reader, signed_in, marketer):
    assert "No ad account is connected yet" in text_of(reader.get(LIST))
    assert "No ad account has been granted to you yet" in text_of(signed_in(marketer).get(LIST))


def test_a_marketer_finds_what_was_granted(signed_in, marketer, shop):
    ad_account("Secret shop")
    AccountGrant.objects.create(user=marketer, account=shop)

    text = text_of(signed_in(marketer).get(LIST))

    assert "Fjord Outdoor" in text and "Secret" not in text


def test_more_accounts_cost_no_more_queries(reader, shop, count_queries):
    reader.get(LIST)
    before = count_queries(lambda: reader.get(LIST))

    for n in range(5):
        fetched(ad_account(f"Shop {n}"))

    assert count_queries(lambda: reader.get(LIST)) == before


# --- the page of one -----------------------------------------------------------------------------


def test_the_page_tells_state_facts_and_syncs(reader, shop, admin):
    shop.amount_spent, shop.spend_cap, shop.business_name = 1_234_567, 2_000_000, "Halden Group"
    shop.save()
    fetched(
        shop,
        LAST_28,
        state=SyncRun.State.FAILED,
        reason=SyncRun.Reason.PAGE,
        asked_by=admin,
        error="Meta is down.",
    )
    SyncRun.objects.filter(state=SyncRun.State.FAILED).update(queued_at=NOW)

    text = text_of(reader.get(page_of(shop)))

    assert "It failed to sync." in text
    assert "Meta is down." in text
    assert "€12,345.67" in text and "€20,000.00" in text
    assert "Halden Group" in text
    assert "Asked for on a page, Ada Admin" in text
    assert "23 Nov 2026 there" in text
    assert "29 Sep 2026" in text  # numbers from


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(2, "switched the account off"), (3, "An amount is unpaid."), (77, "Status 77 is new to us")],
)
def test_an_account_that_may_not_deliver_says_why(reader, status, sentence):
    assert sentence in text_of(reader.get(page_of(ad_account(status=status))))


def test_a_connection_that_was_refused_is_told(reader, shop):
    Connection.objects.update(state=Connection.State.REFUSED)

    text = text_of(reader.get(page_of(shop)))

    assert "Nothing reads it: reporting was refused." in text
    assert "It is reached by no working connection." in text


def test_the_address_is_metas_id_with_or_without_act(reader, shop):
    assert reader.get(f"{LIST}{shop.meta_id}/").status_code == 200


@pytest.mark.parametrize(
    "act",
    [
        "act_404",
        "404",
        "act_",
        "x",
        "act_act_1",
        "%00",
        "act_%F0%9F%94%A5",
        "١",
        "1" * 33,
        "1" * 5000,
        "1.0",
        "-1",
    ],
)
def test_no_account_is_no_page(reader, shop, act):
    assert reader.get(f"{LIST}{act}/").status_code == 404
    assert reader.post(f"{LIST}{act}/sync/").status_code == 404


def test_somebody_elses_account_is_no_page_either(signed_in, marketer, shop):
    browser = signed_in(marketer)

    assert browser.get(page_of(shop)).status_code == 404
    assert browser.post(f"{page_of(shop)}sync/").status_code == 404
    assert SyncRun.objects.open().count() == 0


@pytest.mark.parametrize("address", [LIST, "{page}", "{page}sync/"])
def test_strangers_and_roles_without_the_permission_are_turned_away(
    client, signed_in, make_person, shop, address
):
    address = address.format(page=page_of(shop))
    person = make_person("marketer")
    person.groups.clear()
    method = "post" if address.endswith("sync/") else "get"

    assert getattr(client, method)(address).headers["Location"].startswith("/sign-in/")
    assert getattr(signed_in(person), method)(address).status_code == 403


def test_other_methods_are_refused(reader, shop):
    assert reader.post(LIST).status_code == 405
    assert reader.put(page_of(shop)).status_code == 405
    assert reader.get(f"{page_of(shop)}sync/").status_code == 405


# --- its button ----------------------------------------------------------------------------------


def test_the_button_queues_28_days_of_the_accounts_own(reader, admin):
    account = ad_account(zone="Asia/Tokyo")
    with time_machine.travel("2026-11-23T20:00:00Z", tick=False):  # the 24th in Tokyo
        response = reader.post(f"{page_of(account)}sync/", {"next": page_of(account)}, follow=True)

        run = SyncRun.objects.open().get()
        assert (run.account, run.since, run.until) == (account, day("10-28"), day("11-24"))
        assert run.asked_by == admin
        assert run.until - run.since == timedelta(days=27)
        assert response.redirect_chain == [(page_of(account), 302)]
        assert "1 ad account is queued for 28 Oct – 24 Nov 2026." in text_of(response)


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_afterwards(reader, shop, address):
    response = reader.post(f"{page_of(shop)}sync/", {"next": address})

    assert response.headers["Location"] == "/performance/"
