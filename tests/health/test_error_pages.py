"""The error log's pages: the list, its filters, the page of a group, and who may see and do what."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.graphapi.errors import Unreachable
from apps.health.models import ErrorGroup, ErrorOccurrence, UsageNow
from apps.reporting.models import Coverage
from apps.team.models import AuditEntry
from tests.health.making import heard, keep, many

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def browser(signed_in, support, clock):
    return signed_in(support)


def text(page):
    assert page.status_code == 200, page.status_code
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def titles(page):
    return re.findall(r'<a href="/errors/\d+/">([^<]+)</a>', page.content.decode())


def group(code=190, subcode=None):
    return ErrorGroup.objects.get(code=code, subcode=subcode)


# --- the list ----------------------------------------------------------------------------------------


def test_nothing_wrong_is_said_quietly(browser):
    page = text(browser.get("/errors/"))

    assert page.count("No open errors") == 2
    assert "None in the last 24 hours." in page


def test_a_group_says_what_it_means_who_acts_and_the_next_step_with_its_button(
    browser, make_connection, make_account
):
    connection, account = make_connection("agency"), make_account("Fjäll")
    keep(heard(190, 460, account=account.meta_id, connection=connection.pk))

    page = browser.get("/errors/")

    told = text(page)
    assert "has changed the Facebook password" in told
    assert "Reconnect the connection." in told
    assert "An admin acts" in told
    assert "Not tried again" in told
    assert f'href="/connections/{connection.pk}/"' in page.content.decode()
    assert "Fjäll" in told
    assert "via agency" in told
    assert "190/460" in told


def test_what_came_back_stands_first(browser):
    now = timezone.now()
    keep(heard(100, at=now - timedelta(hours=2)), heard(190, at=now))
    ErrorGroup.objects.filter(code=100).update(regressed_at=now - timedelta(hours=2))

    page = browser.get("/errors/")

    assert [one[:8] for one in titles(page)] == ["Meta doe", "Meta doe"]
    assert titles(page)[0] == "Meta does not accept a part of the call"
    assert "1 came back after being resolved" in text(page)


def test_the_wait_is_the_time_that_meta_named(browser, make_account):
    account, now = make_account("Fjäll"), timezone.now()
    keep(heard(80000, 2446079, account=account.meta_id))
    UsageNow.objects.create(
        scope="business_use_case", object_id=account.meta_id, type="ads_insights", peak=100, told_at=now, climb_at=now,
        regain_at=now + timedelta(minutes=14),
    )  # fmt: skip

    assert "Until 10:14 , in 14 min" in text(browser.get("/errors/"))
    page = text(browser.get(f"/errors/{group(80000, 2446079).pk}/"))
    assert "Meta lets calls through again at 10:14, in 14 min." in page


def test_what_too_much_data_splits_by_itself(browser):
    keep(heard(100, 1487534))

    assert "It is split by itself" in text(browser.get("/errors/"))


def test_an_unsettled_balance_opens_billing_at_meta(browser, make_account):
    account = make_account("Fjäll")
    keep(heard(100, 1487470, account=account.meta_id))

    page = browser.get("/errors/").content.decode()

    assert f"billing_hub/accounts/details?asset_id={account.meta_id}" in page
    assert 'rel="noopener noreferrer"' in page


def test_a_code_nobody_knows_has_its_own_queue_and_shows_metas_words(browser):
    keep(heard(424242, 7, message="The frobnicator is <b>not</b> aligned"), heard(190))

    page = browser.get("/errors/?state=unknown")

    assert titles(page) == ["Unknown code 424242/7"]
    assert "The frobnicator is &lt;b&gt;not&lt;/b&gt; aligned" in page.content.decode()
    assert "Not in the catalogue yet" in text(page)


def test_what_has_no_code_is_explained_too(browser):
    keep(heard(None, kind=Unreachable, message="the connection was reset"))

    page = browser.get("/errors/")

    assert titles(page) == ["No answer came from Meta"]
    assert "Unreachable" in text(page)


def test_days_missing_in_the_ledger_are_counted(browser, make_account):
    account = make_account("Fjäll")
    keep(heard(100, 3191001, account=account.meta_id))
    for day in range(1, 4):
        for level in ("account", "campaign"):
            Coverage.objects.create(account=account, level=level, day=f"2026-11-0{day}", state="missing",
                                    error_code=100, error_subcode=3191001)  # fmt: skip

    assert "3 days missing in the numbers" in text(browser.get("/errors/"))
    assert "Fjäll" in text(browser.get(f"/errors/{group(100, 3191001).pk}/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=190", [190]),
        ("subcode=33", [100]),
        ("q=190", [190]),
        ("q=100/33", [100]),
        ("q=100/34", []),
        ("q=reconnect", [190]),
        ("q=frobnicator", [424242]),
        ("q=me/adaccounts", [190]),
        ("category=permission", [100]),
        ("category=unknown", [424242]),
        ("account=Fjäll", [100]),
        ("account=act_7", [424242]),
        ("since=2026-11-23", [190, 100, 424242]),
        ("until=2026-11-22", []),
        ("code=abc&q=190", [190]),
    ],
)
def test_every_filter_stands_in_the_address(browser, make_account, query, found):
    account = make_account("Fjäll")
    keep(
        heard(190, path="me/adaccounts"),
        heard(100, 33, account=account.meta_id),
        heard(424242, account="7", message="The frobnicator failed"),
    )

    page = browser.get(f"/errors/?{query}")

    pks = set(re.findall(r'<a href="/errors/(\d+)/">', page.content.decode()))
    assert {ErrorGroup.objects.get(pk=pk).code for pk in pks} == set(found)
    if not found:
        assert "No error fits these filters" in text(page)
    if "abc" in query:
        assert "Enter a whole number. It is left out." in text(page)


def test_a_connection_is_a_filter_too(browser, make_connection):
    connection = make_connection("agency")
    keep(heard(190, connection=connection.pk), heard(100))

    assert titles(browser.get(f"/errors/?connection={connection.pk}")) == [
        "Meta does not accept the access token of the connection"
    ]


def test_a_trace_id_jumps_to_its_occurrence(browser):
    keep(heard(190, trace="AbX9kQ2mT7vR4wLpZc1dYhN"), heard(190, trace="AnotherOneOfThem"))
    one = ErrorOccurrence.objects.get(fbtrace_id="AbX9kQ2mT7vR4wLpZc1dYhN")
    target = f"/errors/{one.group_id}/?o={one.pk}"

    assert browser.get("/errors/?q=AbX9kQ2mT7vR4wLpZc1dYhN")["Location"] == target
    assert (
        browser.get("/errors/?q=AbX9kQ2mT7vR4wLpZc1dYhN", headers={"HX-Request": "true"})["HX-Redirect"]
        == target
    )
    assert "AbX9kQ2mT7vR4wLpZc1dYhN" in browser.get(target).content.decode()


def test_the_results_alone_come_for_htmx(browser):
    keep(heard(190))

    page = browser.get("/errors/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in page
    assert 'id="verdict" hx-swap-oob="true"' in page


def test_the_file_has_every_group_that_the_filters_ask_for(browser):
    keep(heard(190, message="=1+1"), heard(100))

    page = browser.get("/errors/export/?code=190")

    [line] = csv.DictReader(io.StringIO(page.getvalue().decode()))
    assert (line["code"], line["count"], line["who"]) == ("190", "1", "An admin")
    assert line["message"] == "'=1+1"
    assert "attachment" in page["Content-Disposition"]


def test_the_number_of_queries_is_the_same_for_one_group_and_for_five_hundred(
    browser, count_queries, make_account
):
    account = make_account("Fjäll")
    keep(heard(190, account=account.meta_id, connection=account.reach.get().connection_id))
    browser.get("/errors/")
    few = count_queries(lambda: browser.get("/errors/"))
    keep(*many(500, 2))

    many_groups = count_queries(lambda: browser.get("/errors/"))

    assert ErrorGroup.objects.count() == 501
    assert many_groups == few
    assert few <= 28
    assert "Page 1 of 26" in text(browser.get("/errors/"))


def test_the_page_of_a_group_asks_as_often_for_one_error_as_for_a_hundred(
    browser, count_queries, make_account
):
    account = make_account("Fjäll")
    keep(heard(190, account=account.meta_id))
    address = f"/errors/{group().pk}/"
    browser.get(address)
    few = count_queries(lambda: browser.get(address))
    keep(*(heard(190, account=str(n)) for n in range(100)))

    assert count_queries(lambda: browser.get(address)) == few
    assert few <= 30


# --- the page of a group -----------------------------------------------------------------------------


def test_a_group_shows_all_that_meta_said_of_the_chosen_error(browser):
    keep(
        heard(100, 1487901, trace="AFirst000", message="Invalid parameter", error_user_title="Budget too low",
              error_user_msg="Raise it", error_data='{"blame_field_specs":[["daily_budget"]]}', is_transient=False),
        heard(100, 1487901, trace="ASecond00"),
    )  # fmt: skip
    one = ErrorOccurrence.objects.get(fbtrace_id="AFirst000")

    page = browser.get(f"/errors/{one.group_id}/?o={one.pk}").content.decode()

    raw = re.search(r'id="raw"[^>]*>(.*?)</pre>', page, re.DOTALL)[1].replace("&quot;", '"')
    said = json.loads(raw)["error"]
    assert said["error_user_title"] == "Budget too low"
    assert said["fbtrace_id"] == "AFirst000"
    assert (said["code"], said["error_subcode"], said["is_transient"]) == (100, 1487901, False)
    assert said["blame_fields"] == ["daily_budget"]


def test_older_errors_are_a_page_further(browser):
    now = timezone.now()
    keep(*(heard(190, at=now - timedelta(minutes=n), trace=f"Atrace{n:03d}") for n in range(60)))
    address = f"/errors/{group().pk}/"

    first = browser.get(address).content.decode()
    older = re.search(r'href="(\?older=\d+)#h-list">Older', first)[1]
    second = browser.get(address + older).content.decode()

    assert len(set(re.findall(r"<code[^>]*>(Atrace\d+)", first))) == 25
    assert re.findall(r"<code[^>]*>(Atrace\d+)", second)[0] == "Atrace025"
    assert browser.get(address + "?older=x&o=99999999999999999999").status_code == 200


def test_a_group_whose_errors_were_pruned_says_so(browser):
    keep(heard(190))
    ErrorOccurrence.objects.all().delete()

    assert "No single errors are kept" in text(browser.get(f"/errors/{group().pk}/"))


# --- what people do ----------------------------------------------------------------------------------


def test_a_group_is_resolved_with_a_comment_and_can_be_taken_back(browser, support):
    keep(heard(190))
    address = f"/errors/{group().pk}/"

    page = browser.post(f"{address}state/", {"do": "resolve", "comment": "The owner logged in."}, follow=True)

    assert "1 group resolved." in text(page)
    assert "Resolved by Sam Support" in text(page)
    assert "The owner logged in." in text(page)
    undo = re.search(r'action="(/errors/undo/[^"]+)"', page.content.decode())[1]
    page = browser.post(undo.replace("&amp;", "&"), {"next": address}, follow=True)
    assert group().state == "open"
    assert "Taken back" in text(page)
    assert list(AuditEntry.objects.order_by("number").values_list("action", "thing", "actor")) == [
        ("error.resolved", "Error 190 at act_{id}/insights", support.pk),
        ("error.undone", "Error 190 at act_{id}/insights", support.pk),
    ]


def test_many_are_resolved_at_once_with_an_undo_in_the_toast(browser):
    keep(heard(190), heard(100), heard(200))
    pks = list(ErrorGroup.objects.exclude(code=200).values_list("pk", flat=True))

    page = browser.post("/errors/triage/", {"group": pks, "do": "resolve"}, headers={"HX-Request": "true"})

    toast = json.loads(page["HX-Trigger"])["toast"]
    assert toast["text"].startswith("2 groups resolved.")
    assert titles(page) == ["A permission is missing"]
    assert browser.post(toast["action"]["url"], headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert set(ErrorGroup.objects.values_list("state", flat=True)) == {"open"}


def test_without_a_script_many_are_ignored_and_the_page_offers_undo(browser):
    keep(heard(190), heard(100))

    page = browser.post(
        "/errors/triage/",
        {"group": [group().pk, "7777", "x"], "do": "ignore", "next": "/errors/?state=ignored"},
        follow=True,
    )
    assert "Tick at least one group first." in text(page)
    page = browser.post(
        "/errors/triage/",
        {"group": [group().pk], "do": "ignore", "next": "/errors/?state=ignored"},
        follow=True,
    )

    assert "1 group ignored for good." in text(page)
    assert "/errors/undo/?undo=" in page.content.decode()
    assert group().state == "ignored"


def test_nothing_ticked_is_said(browser):
    page = browser.post("/errors/triage/", {"do": "resolve", "next": "//evil.example/"}, follow=True)

    assert page.redirect_chain[0][0] == "/errors/"
    assert "Tick at least one group first." in text(page)


def test_a_note_and_an_owner_stand_in_the_history_and_in_the_trail(browser, support, marketer):
    keep(heard(190))
    address = f"/errors/{group().pk}/"

    browser.post(f"{address}note/", {"text": "Called Ines. Her token was EAAsecret0123456789."})
    browser.post(f"{address}owner/", {"owner": support.pk})
    page = text(browser.get(address))

    assert "Called Ines. Her token was ***." in page
    assert "Now with Sam Support." in page
    assert group().owner == support
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == [
        "error.noted",
        "error.handed_over",
    ]
    page = browser.post(f"{address}owner/", {"owner": marketer.pk}, follow=True)
    assert "can not look after errors" in text(page)
    assert group().owner == support
    assert browser.post(f"{address}note/", {"text": " "}).status_code == 422


# --- who --------------------------------------------------------------------------------------------


def test_the_badge_counts_open_groups_for_those_who_may_see_them(browser, signed_in, marketer):
    keep(heard(190), heard(100), heard(200))
    ErrorGroup.objects.filter(code=200).update(state="resolved")

    entry = re.search(
        r'href="/errors/"[^>]*>(.*?)</a>', browser.get("/connections/").content.decode(), re.DOTALL
    )[1]
    assert re.sub(r"<[^>]+>", "", entry).strip() == "Errors2"
    other = signed_in(marketer)
    assert "/errors/" not in other.get("/performance/").content.decode()
    for address in ("/errors/", f"/errors/{group().pk}/", "/errors/export/"):
        assert other.get(address).status_code == 403


def test_support_sees_every_account_whatever_is_granted(browser, make_account):
    account = make_account("Brauhaus")
    keep(heard(190, account=account.meta_id))

    assert "Brauhaus" in text(browser.get("/errors/"))
