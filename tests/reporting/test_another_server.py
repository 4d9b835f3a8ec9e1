"""The contract with outside scripts: connect, sync and export give exactly another server's numbers."""

import io
import json
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from apps.reporting.models import Campaign, Insight, SyncRun
from tests.other_graph import OtherGraph

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

SINCE, UNTIL = date(2026, 11, 1), date(2026, 11, 7)
NAMES = {
    "c1": "Herbst · Größe 42 — 🍂",
    "c2": "حملة الخريف",
    "c3": "売上 · ほうじ茶",
    "c4": 'a "b" \\c\td,e;f',
}


def fill(graph: OtherGraph) -> None:
    for n, (campaign, name) in enumerate(NAMES.items()):
        account = "12" if n == 2 else "11"
        graph.add_campaign(
            account,
            campaign,
            name,
            {
                (SINCE + timedelta(days=d)).isoformat(): (
                    1000 * n + d,
                    d,
                    f"{n}.{d}0" if account == "11" else f"{n * 100 + d}",
                    [
                        {"action_type": "link_click", "value": str(d)},
                        {"action_type": "omni_purchase", "value": "2.5"},
                    ],
                )
                for d in range(7)
            },
        )


def sync(**options) -> dict:
    out = io.StringIO()
    call_command("sync", since=SINCE, until=UNTIL, json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def export(level="campaign", form="jsonl", **options) -> str:
    out = io.StringIO()
    call_command("export", since=SINCE, until=UNTIL, level=level, format=form, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("page_sizes", [(1,), (2, 0, 3), (0, 0, 500), (7,), (500,)])
def test_no_row_is_missing_doubled_or_changed_at_any_page_size(other_graph, connect, page_sizes):
    other_graph.page_sizes = page_sizes
    fill(other_graph)

    assert "3 ad accounts found" in connect()
    sync()

    exported = [json.loads(line) for line in export().splitlines()]
    theirs = [row for rows in other_graph.insights.values() for row in rows]
    assert len(exported) == len(theirs) == 28
    for theirs_row in theirs:
        (ours,) = [
            row
            for row in exported
            if (row["campaign_id"], row["date_start"])
            == (theirs_row["campaign_id"], theirs_row["date_start"])
        ]
        assert ours["account_id"] == theirs_row["account_id"]
        assert ours["level"] == "campaign"
        assert ours["campaign_name"] == theirs_row["campaign_name"]
        assert ours["impressions"] == int(theirs_row["impressions"])
        assert ours["clicks"] == int(theirs_row["clicks"])
        assert ours["spend"] == theirs_row["spend"]
        assert ours["reach"] == int(theirs_row["reach"])
        assert ours["actions"] == {
            entry["action_type"]: float(entry["value"]) for entry in theirs_row["actions"]
        }
        assert ours["account_currency"] == ("JPY" if ours["account_id"] == "12" else "EUR")


def test_account_level_is_what_the_server_says_of_accounts(other_graph, connect):
    fill(other_graph)
    connect()
    sync()

    rows = [json.loads(line) for line in export(level="account").splitlines()]

    assert len(rows) == 14
    assert rows[0]["account_id"] == "11"
    assert "campaign_id" not in rows[0]


def test_a_second_run_changes_nothing(other_graph, connect):
    fill(other_graph)
    connect()
    first = sync()
    before, stamps = export(), list(Insight.objects.order_by("pk").values_list("pk", "changed_at"))

    second = sync()

    assert first["runs"][0]["added"] > 0
    assert [run["added"] + run["changed"] + run["removed"] for run in second["runs"]] == [0, 0, 0]
    assert export() == before
    assert list(Insight.objects.order_by("pk").values_list("pk", "changed_at")) == stamps


def test_a_window_is_replaced_exactly_and_nothing_beside_it(other_graph, connect):
    fill(other_graph)
    connect()
    sync()
    other_graph.insights["11"] = [
        row | {"clicks": "99"}
        for row in other_graph.insights["11"]
        if not (row["campaign_id"] == "c1" and row["date_start"] == "2026-11-03")
    ]

    call_command("sync", since=date(2026, 11, 2), until=date(2026, 11, 4), json=True, stdout=io.StringIO())

    rows = [json.loads(line) for line in export().splitlines()]
    gone = [row for row in rows if row["campaign_id"] == "c1" and row["date_start"] == "2026-11-03"]
    changed = {row["date_start"] for row in rows if row["clicks"] == 99}
    assert gone == []
    assert changed == {"2026-11-02", "2026-11-03", "2026-11-04"}
    assert len(rows) == 27


@pytest.mark.parametrize(
    "answer",
    [
        (502, "text/html", b"<html><body>Bad gateway</body></html>"),
        (200, "text/html", b"<!doctype html><title>Sign in to the proxy</title>"),
        (200, "application/json", b'{"data": [{"impr'),
        (200, "application/json", b""),
        (200, "application/json", b"[]"),
        (200, "text/plain", b"Service Unavailable"),
        (200, "application/json", b'{"data":[{"date_start":"yesterday"}]}'),
        (400, "application/json", b'{"error":{"message":"(#100) no","type":"OAuthException","code":100}}'),
    ],
)
def test_a_failed_fetch_changes_nothing_and_says_why(other_graph, connect, answer, no_pauses):
    fill(other_graph)
    connect()
    sync()
    before = export()
    other_graph.answer = answer

    with pytest.raises(CommandError, match="failed"):
        sync()

    assert export() == before
    assert Campaign.objects.count() == 4
    failed = SyncRun.objects.filter(state="failed")
    assert failed.count() == 3
    assert all(run.error.strip() for run in failed)


def test_a_token_that_is_refused_stops_the_sync_and_the_connection_says_so(other_graph, connect, no_pauses):
    fill(other_graph)
    connect()
    other_graph.answer = (
        400,
        "application/json",
        b'{"error":{"message":"Error validating access token","code":190,"error_subcode":460,"fbtrace_id":"A4"}}',
    )

    with pytest.raises(CommandError):
        sync()

    run = SyncRun.objects.filter(error_code__isnull=False).first()
    assert (run.error_code, run.error_subcode, run.fbtrace_id) == (190, 460, "A4")
    assert run.account.reach.get().connection.state == "refused"


def test_csv_has_a_header_and_the_same_rows(other_graph, connect):
    fill(other_graph)
    connect()
    sync()

    lines = export(form="csv").splitlines()

    assert lines[0].startswith("account_id,level,campaign_id,campaign_name,date_start")
    assert len(lines) == 29


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sync", "--since", "2026-13-01"], "is no day"),
        (["sync", "--since", "2026-11-07", "--until", "2026-11-01"], "Swap them"),
        (["sync", "--since", "1999-01-01", "--until", "2026-11-01"], "37 months"),
        (["sync", "--since", "2999-01-01"], "future"),
        (["sync", "--account", "act_404"], "Unknown ad account: act_404"),
        (["sync", "--level", "galaxy"], "invalid choice"),
        (["sync", "--breakdown", "age;drop"], "is no breakdown"),
        (["export", "--since", "2026-11-01"], "--until"),
        (["export", "--since", "x", "--until", "y"], "is no day"),
    ],
)
def test_bad_words_on_the_command_line_get_a_sentence(other_graph, connect, arguments, sentence):
    connect()

    with pytest.raises(CommandError, match=sentence):
        call_command(*arguments, stdout=io.StringIO())


def test_without_ad_accounts_sync_says_what_to_do():
    with pytest.raises(CommandError, match="Connect a token first"):
        call_command("sync", stdout=io.StringIO())
