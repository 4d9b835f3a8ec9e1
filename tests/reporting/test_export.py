"""Stored numbers leave as CSV or JSON lines with Meta's names, a spreadsheet runs none of it, and memory stays flat."""

import csv
import io
import json
import signal
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.connections.models import AdAccount
from apps.reporting import export, store
from apps.reporting.models import Insight
from apps.reporting.store import Window

from .factories import incoming_row

pytestmark = [pytest.mark.django_db, pytest.mark.services]

MON = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def monday(clock):
    """The days below are over."""


@pytest.fixture
def put():
    """Stores rows of an ad account for one week."""

    def put(*rows, account="11", level="campaign", breakdown="", first=MON):
        found, _ = AdAccount.objects.get_or_create(
            meta_id=account, defaults={"name": f"Shop {account}", "currency": "EUR", "timezone_name": "UTC"}
        )
        with transaction.atomic():
            store.replace(found, Window(level, first, first + timedelta(days=6), breakdown),
                          [row(**{"level": level, "day": first} | values) for values in rows])  # fmt: skip

    return put


def row(**more):
    campaign = more.pop("campaign", "c1")
    values = {
        "day": MON, "object_id": campaign, "segment": "", "campaign_id": campaign, "adset_id": "", "ad_id": "",
        "name": "Herbst", "currency": "EUR", "impressions": 1000, "clicks": 10, "inline_link_clicks": 7,
        "spend": Decimal("12.30"), "reach": 800, "frequency": Decimal("1.25"), "actions": '{"lead":3}',
        "action_values": '{"omni_purchase":45.60}', "attribution_setting": "7d_click_1d_view",
        "action_windows": '{"lead":{"1d_click":2,"7d_click":3},"link_click":{"1d_click":9}}',
        "action_value_windows": '{"omni_purchase":{"7d_click":45.60}}',
    } | more  # fmt: skip
    return incoming_row(**values)


def run(form="jsonl", level="campaign", **options):
    out, err = io.StringIO(), io.StringIO()
    words = {"since": MON, "until": MON + timedelta(days=6), "level": level, "format": form} | options
    call_command("export", stdout=out, stderr=err, **words)
    return out.getvalue(), err.getvalue()


def lines(**options):
    return [json.loads(line) for line in run(**options)[0].splitlines()]


def cells(**options):
    return list(csv.DictReader(io.StringIO(run("csv", **options)[0], newline="")))


def test_a_json_line_has_metas_names_and_our_numbers(put):
    put({"name": "حملة – Größe 42 🍂"})

    text, told = run()

    assert text.count("\n") == 1
    assert "حملة – Größe 42 🍂" in text
    assert json.loads(text) == {
        "account_id": "11",
        "level": "campaign",
        "campaign_id": "c1",
        "campaign_name": "حملة – Größe 42 🍂",
        "date_start": "2026-11-02",
        "impressions": 1000,
        "clicks": 10,
        "inline_link_clicks": 7,
        "spend": "12.30",
        "account_currency": "EUR",
        "reach": 800,
        "actions": {"lead": 3},
        "action_values": {"omni_purchase": 45.6},
        "attribution_setting": "7d_click_1d_view",
    }
    assert told.strip() == "1 rows exported."


def test_windows_leave_on_request_by_window_and_type(put):
    put({})

    (line,), (cell,) = lines(windows=True), cells(windows=True)

    assert line["actions_by_window"] == {
        "1d_click": {"lead": 2, "link_click": 9}, "7d_click": {"lead": 3}, "28d_click": {}, "1d_view": {}, "1d_ev": {},
    }  # fmt: skip
    assert line["action_values_by_window"]["7d_click"] == {"omni_purchase": 45.6}
    assert line["actions"] == {"lead": 3}
    assert list(line) == list(cell) == export.columns("campaign", windows=True)
    assert json.loads(cell["actions_by_window"]) == line["actions_by_window"]


def test_windows_that_were_not_fetched_are_null_and_no_zeros(put):
    put({})
    Insight.objects.update(action_windows=None, action_value_windows={})

    (line,), (cell,) = lines(windows=True), cells(windows=True)

    assert line["actions_by_window"] is None
    assert cell["actions_by_window"] == ""
    assert line["action_values_by_window"]["7d_click"] == {}


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("account", []),
        ("campaign", ["campaign_id", "campaign_name"]),
        ("adset", ["campaign_id", "adset_id", "adset_name"]),
        ("ad", ["campaign_id", "adset_id", "ad_id", "ad_name"]),
    ],
)
def test_each_level_names_its_object_and_those_above(put, level, names):
    put({"adset_id": "s1", "ad_id": "a1"}, level=level)

    (line,), (cell,) = lines(level=level), cells(level=level)

    assert [name for name in line if name.startswith(("campaign", "ad_", "adset"))] == names
    assert list(line) == list(cell) == export.columns(level)


def test_unknown_reach_is_null_in_json_and_empty_in_csv(put):
    put({"reach": None})

    assert lines()[0]["reach"] is None
    assert cells()[0]["reach"] == ""


def test_the_parts_of_a_breakdown_have_columns_of_their_own(put):
    put({"segment": "25-34,female"}, breakdown="age,gender")

    for line in (*lines(breakdown="age,gender"), *cells(breakdown="age,gender")):
        assert (line["age"], line["gender"]) == ("25-34", "female")
    assert lines() == []


def test_a_part_with_a_comma_stays_whole(put):
    put({"segment": "Washington, District of Columbia"}, breakdown="region")

    assert lines(breakdown="region")[0]["region"] == "Washington, District of Columbia"


@pytest.mark.parametrize(
    "name", ["=1+1", "+49 30", "-x", "@cmd", "\t=1+1", "\r=1+1", '=HYPERLINK("http://evil.example")', "-"]
)
def test_a_name_that_a_spreadsheet_would_run_is_quoted_in_csv_only(put, name):
    put({"name": name})

    assert cells()[0]["campaign_name"] == f"'{name}"
    assert lines()[0]["campaign_name"] == name


@pytest.mark.parametrize(
    "name", ["Herbst", "1+1", "", " =x", "a,b;c", 'sa"id', "two\nlines", "-5", "-12.50", "Ω=1", "'quoted'"]
)
def test_other_names_stay_as_they_are(put, name):
    put({"name": name})

    assert cells()[0]["campaign_name"] == name


def test_negative_money_is_a_number_in_csv(put):
    put({"spend": Decimal("-12.50")})

    assert cells()[0]["spend"] == "-12.50"


def test_objects_are_json_in_their_cell(put):
    put({"actions": '{"lead":3,"größe":2.5}'})

    assert json.loads(cells()[0]["actions"]) == {"lead": 3, "größe": 2.5}


def test_rows_come_by_account_day_and_object(put):
    for account in ("12", "11"):
        put(
            {"campaign": "c2"},
            {"campaign": "c1", "day": MON + timedelta(days=1)},
            {"campaign": "c1"},
            account=account,
        )

    found = [(line["account_id"], line["date_start"], line["campaign_id"]) for line in lines()]

    assert found == sorted(found)
    assert len(found) == 6


def test_only_what_was_asked_for_leaves(put):
    put({"campaign": "c1"}, {"campaign": "c1", "day": MON + timedelta(days=1)}, account="11")
    put({"campaign": "c2"}, account="12")

    assert {line["account_id"] for line in lines(account=["act_12"])} == {"12"}
    assert [line["date_start"] for line in lines(until=MON, account=["11"])] == ["2026-11-02"]
    assert lines(level="account") == []


def test_without_rows_csv_is_its_header(put):
    put()

    text, told = run("csv")

    assert text == ",".join(export.columns("campaign")) + "\r\n"
    assert told.strip() == "0 rows exported."


def test_an_unknown_account_is_named(put):
    put()

    with pytest.raises(CommandError, match="Unknown ad account: act_404"):
        run(account=["act_404"])


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_many_rows_are_fetched_in_pieces_as_they_are_written(put, form):
    put(*({"campaign": f"c{n:04}"} for n in range(3000)))
    rows = export.records(Insight.objects.at("campaign"), "campaign")
    text = export.jsonl(rows) if form == "jsonl" else export.as_csv(rows, export.columns("campaign"))

    first = next(text)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors")
        assert cursor.fetchone() == (1,)
    assert "c0000" in first
    assert "c0001" not in first
    assert sum(piece.count("\n") for piece in text) >= 2999


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_whoever_reads_only_the_head_hears_no_complaint(put, program, form):
    long_ago = date(2025, 1, 6)  # the program lives by the real clock
    put(*({"campaign": f"c{n}"} for n in range(3000)), first=long_ago)
    words = ["export", "--since", "2025-01-06", "--until", "2025-01-12", "--format", form]

    process = program(*words, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    first = process.stdout.readline()
    process.stdout.close()
    told = process.stderr.read().decode()

    assert first.startswith(b'{"account_id"' if form == "jsonl" else b"account_id,")
    assert process.wait(20) == 0
    assert told == ""
