"""The performance page, its CSV and its button that syncs."""

import csv
import io
import re

import pytest
import time_machine
from django.urls import reverse

from apps.connections.models import AccountGrant, AdAccount
from apps.reporting.campaign_table import CSV_COLUMNS, ROWS_PER_PAGE
from apps.reporting.models import SyncRun
from apps.team.models import AuditEntry

from .factories import (
    BEFORE_28,
    LAST_28,
    NOW,
    TODAY,
    YESTERDAY,
    ad_account,
    campaign,
    day,
    deliver,
    fetched,
    span,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]

PAGE, CSV, SYNC = "/performance/", "/performance/export.csv", "/performance/sync/"
HTMX = {"HX-Request": "true"}


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
def busy(shop):
    """Eight weeks of one campaign."""
    deliver(shop, BEFORE_28, campaign(shop, "Trail shoes"), spend="10")
    deliver(shop, LAST_28, campaign(shop, "Winter wool"), spend="12")
    return shop


@pytest.fixture
def reader(signed_in, admin):
    return signed_in(admin)


@pytest.fixture
def grant(marketer):
    return lambda *accounts: [
        AccountGrant.objects.create(user=marketer, account=account) for account in accounts
    ]


def text_of(response):
    """What a person reads, with single spaces."""
    return (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
        .replace(" .", ".")
        .replace(" ,", ",")
    )


# --- attribution ---------------------------------------------------------------------------------

WINDOWS = {"windows": {"7d_click": 3, "1d_view": 1}, "value_windows": {"7d_click": 33, "1d_view": 9}}


def test_the_attribution_changes_purchases_everywhere_and_is_named(shop, reader):
    deliver(shop, LAST_28, campaign(shop, "Winter wool"), spend="12", **WINDOWS)

    page = text_of(reader.get(f"{PAGE}?attr=7d_click,1d_view&vs=none&metric=purchases"))
    as_set = text_of(reader.get(f"{PAGE}?vs=none&metric=purchases"))

    assert "112 purchases cost €3.00 each" in page  # 4 a day
    assert re.search(r"Purchases 112 \S* ?7-day click \+ 1-day view", page)
    assert page.count("Attribution: 7-day click + 1-day view") == 2
    assert "28 purchases cost €12.00 each" in as_set
    assert as_set.count("Attribution: as set on each ad set") == 2
    rows = list(csv.DictReader(io.StringIO(reader.get(f"{CSV}?attr=7d_click").content.decode())))
    assert [(row["purchases"], row["purchase_value"], row["attribution"]) for row in rows] == [
        ("84", "924", "7-day click")
    ]


def test_the_attribution_is_a_filter_in_the_form_and_stays_in_the_address(busy, reader):
    html = reader.get(f"{PAGE}?attr=1d_ev").content.decode()

    assert re.search(r'name="attr" value="1d_ev" checked', html)
    assert html.count('type="radio" name="attr"') == 7
    assert re.search(r'type="hidden" name="attr" value="1d_ev"', html)  # the search keeps it
    assert "attr=1d_ev&amp;metric=roas" in html
    assert re.search(r'href="/performance/export.csv\?attr=1d_ev"', html)
    own = reader.get(f"{PAGE}?attr=1d_view,1d_click").content.decode()
    assert re.search(r'value="1d_click,1d_view" checked> 1-day click \+ 1-day view', own)


def test_days_without_windows_are_told_and_are_no_zeros(busy, reader):
    page = text_of(reader.get(f"{PAGE}?attr=1d_click&vs=none&cur=EUR&metric=purchases"))

    assert "Attribution windows were not fetched for some of these days." in page
    assert "Purchases by 1-day click are not known for 28 days within 27 Oct – 23 Nov 2026, nor" in page
    assert (
        "“Sync now” asks Meta for them. The nightly run brings the last 28 days, a backfill those before."
        in page
    )
    assert "Its purchases by 1-day click are not known." in page
    assert "No purchase was reported" not in page
    rows = list(csv.DictReader(io.StringIO(reader.get(f"{CSV}?attr=1d_click").content.decode())))
    assert {(row["purchases"], row["purchase_value"]) for row in rows} == {("", "")}
    assert "not fetched for some" not in text_of(reader.get(PAGE))


@pytest.mark.parametrize("metric", ["spend", "purchases", "cpp", "roas"])
@pytest.mark.parametrize("more", ["", "&by=account&g=week", "&period=yesterday", "&q=winter&sort=-purchases"])
def test_unknown_purchases_break_no_view_also_with_two_currencies(busy, reader, metric, more):
    other = ad_account("Liberty", "USD")
    fetched(other)
    deliver(other, LAST_28, campaign(other, "Winter too"), **WINDOWS)

    for address in (PAGE, CSV):
        assert reader.get(f"{address}?attr=7d_click&metric={metric}{more}").status_code == 200


def test_different_settings_are_told_near_the_figures(shop, reader):
    deliver(shop, LAST_28, campaign(shop, "A"), setting="7d_click_1d_view")
    deliver(shop, LAST_28, campaign(shop, "B"), setting="1d_click")

    told = "Ad sets count purchases by different settings: 7-day click or 1-day view, 1-day click."
    assert told in text_of(reader.get(PAGE))
    assert told not in text_of(reader.get(f"{PAGE}?attr=1d_click"))


def test_an_attribution_that_is_none_is_told(busy, reader):
    page = text_of(reader.get(f"{PAGE}?attr=7d_click,28d_click"))

    assert "The attribution has two click windows, which contain each other. Choose one." in page
    assert "Attribution: as set on each ad set" in page


# --- who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PAGE, CSV])
def test_a_stranger_is_sent_to_sign_in_and_comes_back(client, address):
    response = client.get(f"{address}?cur=EUR")

    assert response.status_code == 302
    assert response.headers["Location"] == f"/sign-in/?next={address}%3Fcur%3DEUR"


def test_a_stranger_can_not_sync(client, shop):
    assert client.post(SYNC).status_code == 302
    assert SyncRun.objects.open().count() == 0


@pytest.mark.parametrize("address", [PAGE, CSV])
def test_a_role_without_the_permission_is_turned_away(signed_in, make_person, address):
    person = make_person("marketer")
    person.groups.clear()

    assert signed_in(person).get(address).status_code == 403


def test_a_role_that_may_not_sync_is_turned_away(signed_in, make_person, shop):
    person = make_person("marketer")
    person.groups.clear()

    assert signed_in(person).post(SYNC).status_code == 403
    assert SyncRun.objects.open().count() == 0


@pytest.mark.parametrize(
    ("address", "wrong"), [(PAGE, "post"), (PAGE, "delete"), (CSV, "post"), (SYNC, "get"), (SYNC, "put")]
)
def test_other_methods_are_refused(reader, address, wrong):
    assert getattr(reader, wrong)(address).status_code == 405


def test_a_marketer_sees_what_was_granted_and_nothing_else(signed_in, marketer, grant, busy):
    other = ad_account("Secret shop")
    deliver(other, LAST_28, campaign(other, "Secret campaign"))
    grant(busy)

    for address in (PAGE, CSV, f"{PAGE}?accounts={other.act_id}", f"{PAGE}?q=secret"):
        response = signed_in(marketer).get(address)

        assert response.status_code == 200
        assert "Secret" not in response.content.decode()


def test_somebody_elses_account_is_answered_like_one_that_does_not_exist(signed_in, marketer, grant, busy):
    other = ad_account("Secret shop")
    grant(busy)

    theirs, nobodys = (
        signed_in(marketer).get(f"{PAGE}?accounts={one}") for one in (other.act_id, "act_404404")
    )

    sentence = "An ad account that was asked for is not among those you can see."
    assert sentence in text_of(theirs)
    assert text_of(theirs).replace(other.act_id, "") == text_of(nobodys).replace("act_404404", "")


# --- what it shows -------------------------------------------------------------------------------


def test_the_page_tells_what_was_spent_and_what_it_brought(reader, busy):
    response = reader.get(PAGE)

    text = text_of(response)
    assert response.status_code == 200
    assert "Spent €336.00 in 28 days, 20.0% more than in the 27 days before (complete days)." in text
    assert "Winter wool" in text
    assert "Trail shoes" not in text  # ended before
    assert "1 campaign, 1 account" in text


def test_currencies_are_never_added(reader, busy):
    yen = ad_account("Senchado", "JPY", zone="Asia/Tokyo")
    fetched(yen)
    deliver(yen, LAST_28, campaign(yen, "Matcha"), spend="5000")

    response = reader.get(PAGE)

    text = text_of(response)
    assert "€336.00" in text and "¥140,000" in text
    assert "2 currencies" in text
    assert "140,336" not in text
    assert "2 charts on one time axis, one per currency (EUR, JPY)" in response.content.decode()
    assert "Matcha" not in text_of(reader.get(f"{PAGE}?cur=EUR"))


def test_the_numbers_of_the_chart_are_there_without_a_script(reader, busy):
    html = reader.get(PAGE).content.decode()

    assert re.search(
        r'<details class="asdata" data-for="ch-main">.*?Fri 20 Nov 2026.*?€12\.00', html, re.DOTALL
    )
    assert "Mon 23 Nov 2026, so far" in html


def test_without_a_script_filters_are_plain_links_and_a_form(reader, busy):
    html = reader.get(f"{PAGE}?q=wool&sort=name&metric=roas").content.decode()

    assert '<form class="bar" id="filters" method="get" action="/performance/"' in html
    assert '<input type="hidden" name="q" value="wool">' in html
    assert 'href="/performance/?q=wool&amp;metric=roas&amp;sort=-name"' in html
    assert html.count('class="nojs"') >= 3


def test_an_htmx_request_gets_the_part_and_what_belongs_to_it_elsewhere(reader, busy):
    response = reader.get(f"{PAGE}?metric=roas", headers=HTMX)

    html = response.content.decode()
    assert "<html" not in html
    for part in ("verdict", "csv", "sync"):
        assert re.search(rf'id="{part}"[^>]* hx-swap-oob="true"', html), part
    assert 'href="/performance/export.csv?metric=roas"' in html
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize(
    "headers", [HTMX | {"HX-Boosted": "true"}, HTMX | {"HX-History-Restore-Request": "true"}, {}]
)
def test_other_requests_get_the_whole_page(reader, busy, headers):
    html = reader.get(PAGE, headers=headers).content.decode()

    assert "<html" in html
    assert "hx-swap-oob" not in html


def test_the_later_period_stops_today_and_the_earlier_one_at_metas_memory(reader, busy):
    usual = reader.get(PAGE).content.decode()
    older = reader.get(f"{PAGE}?from=2026-11-10&to=2026-11-19").content.decode()
    oldest = reader.get(f"{PAGE}?from=2023-10-25&to=2023-11-03").content.decode()

    assert "?from=2026-09-29&amp;to=2026-10-26" in usual and 'data-shift="1"' not in usual
    assert "?from=2026-10-31&amp;to=2026-11-09" in older
    assert "?from=2026-11-14&amp;to=2026-11-23" in older
    assert 'data-shift="-1"' not in oldest


def test_one_day_is_told_in_words_and_not_drawn(reader, busy):
    html = reader.get(f"{PAGE}?period=yesterday").content.decode()

    assert 'id="ch-main"' not in html
    assert "Sun 22 Nov 2026" in html and "Sat 21 Nov 2026" in html


def test_what_is_not_understood_is_told(reader, busy):
    response = reader.get(f"{PAGE}?from=2026-11-10&to=2026-11-01&metric=x&page=7&sort=%00")

    text = text_of(response)
    assert response.status_code == 200
    for sentence in (
        "The first day, 2026-11-10, is after the last one, 2026-11-01.",
        "The metric is not one of the choices.",
        "The order is not one of the choices.",
        "There is one page of campaigns; page 1 is shown.",
    ):
        assert sentence in text


@pytest.mark.parametrize(
    "query",
    [
        "q=%3Cscript%3E",
        "accounts=%3Cscript%3E",
        "objective=%3Cscript%3E&delivery=%3Cscript%3E",
        "x=%3Cscript%3E",
    ],
)
def test_nothing_from_the_address_becomes_markup(reader, busy, query):
    assert "<script>" not in reader.get(f"{PAGE}?{query}").content.decode()


def test_names_from_meta_are_not_markup(reader, shop):
    shop.name = "<b>&amp;\"'"
    shop.save()
    deliver(shop, LAST_28, campaign(shop, "</script><script>alert(1)</script>"))

    html = reader.get(f"{PAGE}?by=account").content.decode()

    assert "<script>alert" not in html
    assert "<b>&amp;" not in html


# --- nothing to show -----------------------------------------------------------------------------


def test_a_marketer_without_accounts_is_told_whom_to_ask(signed_in, marketer, admin, busy):
    text = text_of(signed_in(marketer).get(PAGE))

    assert "No ad account has been granted to you yet" in text
    assert admin.email in text
    assert "Sync now" not in text


def test_a_new_admin_is_led_to_the_first_connection(reader):
    html = reader.get(PAGE).content.decode()

    assert "No ad account is connected yet" in html
    assert f'href="{reverse("connections:new")}"' in html
    assert 'id="filters"' not in html


def test_days_that_were_never_fetched_are_not_called_empty(reader):
    account = ad_account()

    unfetched = text_of(reader.get(PAGE))
    fetched(account, state=SyncRun.State.RUNNING)
    under_way = text_of(reader.get(PAGE))

    assert "These days have not been fetched yet" in unfetched and "Nothing was delivered" not in unfetched
    assert "A sync is under way" in under_way


def test_days_without_delivery_are_told_as_such(reader, shop):
    text = text_of(reader.get(PAGE))

    assert "Nothing was delivered in 27 Oct – 23 Nov 2026." in text
    assert "No campaign delivered in these days" in text


def test_filters_that_let_nothing_through_can_be_cleared(reader, busy):
    response = reader.get(f"{PAGE}?q=xyz&metric=roas")

    assert "No campaign fits these filters" in text_of(response)
    assert 'href="?metric=roas">Clear the filters' in response.content.decode()
    assert 'value="xyz"' in response.content.decode()


def test_days_that_lack_are_told(reader):
    account = ad_account("Late shop")
    fetched(account, LAST_28)
    deliver(account, LAST_28, campaign(account))

    before = text_of(reader.get(PAGE))
    wider = text_of(reader.get(f"{PAGE}?period=90d"))

    assert "29 Sep – 26 Oct 2026 has not been fetched. “Sync now” asks Meta for them." in before
    assert "Late shop lacks days between 26 Aug 2026 and 23 Nov 2026." in wider


def test_metas_memory_is_told_where_it_ends(reader, busy):
    fetched(busy, span("2023-10-30", "2023-11-10"))
    deliver(busy, span("2023-10-30", "2023-11-10"), campaign(busy))

    text = text_of(reader.get(f"{PAGE}?from=2023-10-30&to=2023-11-10"))

    assert "Meta keeps 37 months." in text


def test_a_failed_sync_is_told_at_the_head(reader, busy):
    fetched(busy, LAST_28, state=SyncRun.State.FAILED, reason=SyncRun.Reason.HOURLY, error="Nobody home.")
    SyncRun.objects.filter(state=SyncRun.State.FAILED).update(queued_at=NOW)

    assert "Fjord Outdoor failed to sync" in text_of(reader.get(PAGE))


# --- pages of the table --------------------------------------------------------------------------


@pytest.fixture
def many(shop):
    """One campaign more than a page holds."""
    for n in range(ROWS_PER_PAGE + 1):
        deliver(shop, [YESTERDAY], campaign(shop, f"Campaign {n:03}"), spend=str(1000 - n))
    return shop


def test_a_long_table_has_pages(reader, many):
    first, second = reader.get(PAGE), reader.get(f"{PAGE}?page=2")

    assert "Page 1 of 2" in text_of(first) and "Campaign 099" in text_of(first)
    assert "Campaign 100" not in text_of(first)
    assert "Campaign 100" in text_of(second)
    # Totals are of all pages.
    assert "101 campaigns, 1 account" in text_of(second)
    assert "€95,950.00" in text_of(second)
    assert 'href="?page=1#campaigns"' in second.content.decode()


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("3", 2), ("0", 2), ("-1", 2), ("99999999999999999999", 2), ("x", 1), ("1e3", 1), ("٢", 2)],
)
def test_a_page_that_is_not_there_is_replaced_by_the_nearest(reader, many, asked, shown):
    text = text_of(reader.get(PAGE, {"page": asked}))

    assert f"There are 2 pages of campaigns; page {shown} is shown." in text


# --- CSV -----------------------------------------------------------------------------------------


def test_who_takes_which_days_of_what_is_in_the_audit_trail(busy, marketer, signed_in):
    AccountGrant.objects.create(user=marketer, account=busy)

    signed_in(marketer).get(f"{CSV}?period=yesterday")

    entry = AuditEntry.objects.get(action="performance.exported")
    assert (entry.actor, entry.thing) == (marketer.pk, "campaigns")
    assert entry.detail == f"{YESTERDAY} to {YESTERDAY}, 1 ad account: Fjord Outdoor"


def test_what_is_looked_at_is_no_entry(busy, reader):
    reader.get(PAGE)

    assert not AuditEntry.objects.exists()


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_the_csv_has_the_rows_of_all_pages_in_the_order_shown(reader, many):
    response = reader.get(f"{CSV}?sort=name&page=2")

    rows = rows_of(response)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        response.headers["Content-Disposition"]
        == 'attachment; filename="campaigns-2026-10-27-2026-11-23.csv"'
    )
    assert [row["campaign_name"] for row in rows] == [f"Campaign {n:03}" for n in range(ROWS_PER_PAGE + 1)]
    assert list(rows[0]) == CSV_COLUMNS


def test_the_csv_has_full_numbers_and_their_currency(reader, shop):
    one = campaign(shop, "ほうじ茶, „neu“", daily_budget=76050, objective="OUTCOME_LEADS")
    deliver(shop, [YESTERDAY, TODAY], one, spend="1234.5678", purchases="1.5")

    (row,) = rows_of(reader.get(CSV))

    assert row == {
        "account_id": shop.meta_id, "account_name": "Fjord Outdoor", "campaign_id": one.meta_id,
        "campaign_name": "ほうじ茶, „neu“", "objective": "OUTCOME_LEADS", "delivery": "Active",
        "account_currency": "EUR", "daily_budget": "760.5", "spend": "2469.1356", "impressions": "2000",
        "clicks": "40", "purchases": "3.0", "purchase_value": "60",
        "attribution": "as set on each ad set",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\tx"])
def test_a_name_that_a_spreadsheet_would_run_is_quoted(reader, shop, name):
    deliver(shop, [YESTERDAY], campaign(shop, name))

    (row,) = rows_of(reader.get(CSV))

    assert row["campaign_name"] == f"'{name}"


def test_the_csv_is_narrowed_like_the_page(reader, busy):
    assert [row["campaign_name"] for row in rows_of(reader.get(f"{CSV}?q=wool"))] == ["Winter wool"]
    assert rows_of(reader.get(f"{CSV}?q=xyz")) == []


# --- sync ----------------------------------------------------------------------------------------


def queued():
    return [
        (run.account.name, run.since, run.until)
        for run in SyncRun.objects.open().order_by("account__name", "since")
    ]


def test_what_is_shown_and_compared_is_queued(reader, admin, shop):
    response = reader.post(
        SYNC, {"from": "2026-11-09", "to": "2026-11-15", "next": "/performance/?cur=EUR"}, follow=True
    )

    assert response.redirect_chain == [("/performance/?cur=EUR", 302)]
    assert "1 ad account is queued for 2 – 15 Nov 2026." in text_of(response)
    assert queued() == [("Fjord Outdoor", day("11-02"), day("11-15"))]
    assert SyncRun.objects.open().get().asked_by == admin


def test_days_of_last_year_are_queued_on_their_own(reader, shop):
    reader.post(SYNC, {"from": "2026-11-09", "to": "2026-11-15", "vs": "year"})

    assert [days for _, *days in queued()] == [
        [day("2025-11-10"), day("2025-11-16")],
        [day("11-09"), day("11-15")],
    ]


def test_days_that_meta_has_not_are_not_asked_for(reader):
    ad_account("A", zone="Asia/Tokyo")
    ad_account("B", zone="America/Los_Angeles")
    with time_machine.travel("2026-11-23T20:00:00Z", tick=False):  # the 24th in Tokyo
        reader.post(SYNC, {"from": "2026-11-24", "to": "2026-11-24", "vs": "previous"})
        reader.post(SYNC, {"from": "2023-10-25", "to": "2023-10-27", "vs": "year"})

    assert ("A", day("11-23"), day("11-24")) in queued()
    assert ("B", day("11-23"), day("11-23")) in queued()
    assert min(since for _, since, _ in queued()) >= day("2023-10-23")


def test_asking_twice_queues_once(reader, shop):
    for _ in range(2):
        reader.post(SYNC)

    assert len(queued()) == 1


def test_only_accounts_that_a_person_sees_are_queued(signed_in, marketer, grant, shop):
    other = ad_account("Secret shop")
    grant(shop)

    for accounts in ([], [shop.act_id]):
        signed_in(marketer).post(SYNC, {"accounts": accounts})

    assert {name for name, *_ in queued()} == {"Fjord Outdoor"}

    SyncRun.objects.open().delete()
    response = signed_in(marketer).post(SYNC, {"accounts": [other.act_id, shop.act_id]}, follow=True)

    assert queued() == []
    assert "An ad account that was asked for is not among those you can see. Nothing was queued." in text_of(
        response
    )


@pytest.mark.parametrize("words", [{"from": "x"}, {"from": "2026-11-10", "to": "2026-11-01"}, {"vs": "\x00"}])
def test_days_that_are_not_understood_queue_nothing(reader, shop, words):
    response = reader.post(SYNC, words, follow=True)

    assert "Nothing was queued." in text_of(response)
    assert queued() == []


def test_nobody_can_sync_nothing(signed_in, marketer):
    response = signed_in(marketer).post(SYNC, follow=True)

    assert "There is no ad account to sync." in text_of(response)


ELSEWHERE = [
    "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "javascript:alert(1)", "http:evil", "evil", "", " //evil.example", "/\t/evil.example", "/\n/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_elsewhere_afterwards(reader, shop, address):
    response = reader.post(SYNC, {"next": address})

    assert response.headers["Location"] == "/performance/"


# --- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?q=spring", CSV])
def test_more_accounts_and_campaigns_cost_no_more_queries(reader, busy, count_queries, address):
    deliver(busy, [YESTERDAY], campaign(busy, "Spring"))
    reader.get(address)
    before = count_queries(lambda: reader.get(address))

    for n in range(4):
        account = ad_account(f"Shop {n}", "USD")
        fetched(account)
        deliver(account, [YESTERDAY], campaign(account, f"Spring {n}"))
        deliver(busy, [YESTERDAY], campaign(busy, f"More of spring {n}"))

    assert AdAccount.objects.count() == 5
    assert count_queries(lambda: reader.get(address)) == before


def test_the_numbers_cost_a_handful_of_queries(reader, busy, count_queries):
    """Some of them are the session's and the person's; a whole page adds those of the sidebar."""
    assert count_queries(lambda: reader.get(PAGE, headers=HTMX)) <= 18
