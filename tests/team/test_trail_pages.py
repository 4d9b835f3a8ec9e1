"""Reading the audit trail in the browser, and taking it away as a file."""

import csv
import io

import pytest

from apps.team import audit
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]

AUDIT, CSV = "/audit/", "/audit/export.csv"


def shown(page):
    return [entry.thing for entry in page.context["page"].rows]


@pytest.fixture
def scene(admin, support, clock):
    """Three entries on two days."""
    audit.record("account.granted", by=admin, thing="act_1", detail="to Mara")
    clock.advance(86400)
    audit.record("error.resolved", by=support, thing="80000", detail="smaller steps")
    audit.record("sign_in.refused", by=None, thing="mara@agency.example")


def test_the_page_shows_the_newest_first(scene, admin, signed_in):
    page = signed_in(admin).get(AUDIT)

    assert shown(page) == ["mara@agency.example", "80000", "act_1"]
    assert "3 entries." in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "things"),
    [
        ({"who": "{support}"}, ["80000"]),
        ({"who": "0"}, ["mara@agency.example"]),
        ({"action": "account.granted"}, ["act_1"]),
        ({"q": "SMALLER"}, ["80000"]),
        ({"q": "act_"}, ["act_1"]),
        ({"since": "2026-11-24"}, ["mara@agency.example", "80000"]),
        ({"until": "2026-11-23"}, ["act_1"]),
        ({"since": "2026-11-23", "until": "2026-11-24", "q": "mara"}, ["mara@agency.example", "act_1"]),
        ({"q": "nothing like it"}, []),
        ({"unknown": "x"}, ["mara@agency.example", "80000", "act_1"]),
    ],
)
def test_filters_narrow_it_on_the_page_and_in_the_file(scene, admin, support, signed_in, asked, things):
    asked = {name: value.format(support=support.pk) for name, value in asked.items()}
    browser = signed_in(admin)

    page = browser.get(AUDIT, asked)
    rows = list(csv.DictReader(io.StringIO(browser.get(CSV, asked).getvalue().decode())))

    assert shown(page) == things
    assert [row["object"] for row in rows] == things


@pytest.mark.parametrize(
    "asked",
    [{"who": "99"}, {"who": "x"}, {"action": "no.such"}, {"since": "yesterday"},
     {"since": "2026-11-24", "until": "2026-11-23"},
     {"since": "2027-01-01"}, {"before": "-1"}, {"before": "9" * 30}, {"q": "x" * 101}, {"q": "a\x00b"}],
)  # fmt: skip
@pytest.mark.parametrize("address", [AUDIT, CSV])
def test_what_can_not_be_read_is_told(scene, admin, signed_in, address, asked):
    assert signed_in(admin).get(address, asked).status_code == 422


def test_older_entries_are_a_link_away_and_nothing_is_lost_or_doubled(admin, signed_in):
    for n in range(120):
        audit.record("a.b", by=admin, thing=str(n))
    browser, address, seen = signed_in(admin), AUDIT + "?action=a.b", []

    while address:
        page = browser.get(address)
        seen += shown(page)
        audit.record("a.b", by=admin, thing="later")
        address = f"{AUDIT}?{page.context['older']}" if page.context["older"] else ""

    assert seen == [str(n) for n in reversed(range(120))]


def test_more_entries_cost_no_more_queries(admin, signed_in, count_queries):
    browser = signed_in(admin)
    audit.record("a.b", by=admin)
    few = count_queries(lambda: browser.get(AUDIT))
    for _ in range(40):
        audit.record("a.b", by=admin)

    assert count_queries(lambda: browser.get(AUDIT)) == few


def test_the_file_can_be_held_against_the_chain_and_taking_it_is_recorded(scene, admin, signed_in):
    page = signed_in(admin).get(CSV)

    rows = list(csv.DictReader(io.StringIO(page.getvalue().decode())))
    assert 'filename="audit-2026-11-24.csv"' in page["Content-Disposition"]
    assert {row["hash"] for row in rows} >= set(
        AuditEntry.objects.filter(number__lte=3).values_list("hash", flat=True)
    )
    entry = AuditEntry.objects.order_by("-number").first()
    assert (entry.action, entry.who, entry.detail) == ("audit.exported", "Ada Admin", "3 entries")


def test_no_cell_of_the_file_is_a_formula(admin, signed_in):
    audit.record("a.b", by=None, thing="=HYPERLINK(1)", detail="@SUM(1)")

    lines = signed_in(admin).get(CSV).getvalue().decode()

    assert "'=HYPERLINK(1)" in lines
    assert "'@SUM(1)" in lines


def test_words_from_outside_are_words_on_the_page(admin, signed_in):
    audit.record("a.b", by=None, thing="<script>alert(1)</script>")

    page = signed_in(admin).get(AUDIT).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("role", ["marketer", "support"])
@pytest.mark.parametrize("address", [AUDIT, CSV, "/users/"])
def test_it_is_for_admins(make_person, signed_in, role, address):
    assert signed_in(make_person(role)).get(address).status_code == 403


@pytest.mark.parametrize("address", [AUDIT, CSV])
def test_it_takes_no_post(admin, signed_in, address):
    assert signed_in(admin).post(address).status_code == 405
