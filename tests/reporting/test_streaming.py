"""Rows on their way in: nothing lost, nothing double, and no more memory for more rows."""

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from apps.connections.models import AdAccount
from apps.reporting import store, streaming
from apps.reporting.models import Insight
from apps.reporting.store import Changes, Kept, Window
from apps.reporting.streaming import METRICS, Incoming

from .factories import incoming_row

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DAY = date(2026, 11, 1)
WINDOW = Window("ad", DAY, DAY + timedelta(days=6))


def row(ad="1", day=DAY, **values):
    usual = {
        "day": day, "level": "ad", "object_id": ad, "segment": "", "campaign_id": "c", "adset_id": "s", "ad_id": ad,
        "name": f"Ad {ad}", "currency": "EUR", "impressions": 100, "clicks": 5, "inline_link_clicks": 3,
        "spend": Decimal("1.50"), "reach": 80, "frequency": Decimal("1.25"), "actions": '{"lead":2}',
        "action_values": '{"lead":2.50}', "attribution_setting": "1d_click",
        "action_windows": '{"lead":{"1d_click":2}}',
        "action_value_windows": '{"lead":{"1d_click":2.50}}',
    }  # fmt: skip
    return incoming_row(**usual | values)


@pytest.fixture
def account(db):
    return AdAccount.objects.create(meta_id="42", name="A", currency="EUR", timezone_name="UTC")


@pytest.fixture
def incoming(db):
    table = Incoming.of_run(7, "ad", "")
    table.make()
    return table


def merged(account, incoming, kept=()):
    with transaction.atomic():
        return store.merge(account, WINDOW, incoming, kept)


def test_rows_of_several_parts_come_in_as_one_window(account, incoming):
    incoming.write([row("1"), row("2")], part=1)
    incoming.write([row("1", DAY + timedelta(days=1))], part=2)

    assert merged(account, incoming) == Changes(rows=3, added=3)
    assert incoming.counts() == {1: 2, 2: 1}


def test_halves_of_a_row_asked_for_by_different_fields_become_one(account, incoming):
    incoming.write(
        [row("1", clicks=0, reach=None), row("2")], part=1, metrics=["impressions", "spend", "actions"]
    )
    incoming.write(
        [row("1", impressions=0, spend=Decimal(0), clicks=9, reach=4)], part=2, metrics=["clicks", "reach"]
    )

    merged(account, incoming)

    one, two = Insight.objects.order_by("object_id")
    assert (one.impressions, one.clicks, one.reach, one.spend, one.actions) == (
        100,
        9,
        4,
        Decimal("1.50"),
        {"lead": 2},
    )
    assert (two.impressions, two.clicks, two.reach, two.action_values) == (100, 0, None, {})


def test_a_row_that_comes_twice_counts_once_and_the_later_one(account, incoming):
    incoming.write([row("1", clicks=1), row("2"), row("1", clicks=2)])

    assert merged(account, incoming) == Changes(rows=2, added=2)
    assert Insight.objects.get(object_id="1").clicks == 2


def test_windows_come_with_their_metric_and_are_null_where_it_was_not_asked_for(account, incoming):
    incoming.write([row("1"), row("2")], part=1, metrics=["impressions", "action_values"])
    incoming.write([row("1", action_windows='{"lead":{"7d_click":3}}')], part=2, metrics=["actions"])

    merged(account, incoming)

    one, two = Insight.objects.order_by("object_id")
    assert (one.actions, one.action_windows) == ({"lead": 2}, {"lead": {"7d_click": 3}})
    assert (two.actions, two.action_windows) == ({}, None)
    assert one.action_value_windows == two.action_value_windows == {"lead": {"1d_click": 2.5}}
    assert {one.attribution_setting, two.attribution_setting} == {"1d_click"}


def test_windows_of_a_field_that_did_not_come_stay_as_they_are_stored(account, incoming):
    incoming.write([row("1")])
    merged(account, incoming)
    incoming.clear(0)
    others = [metric for metric in METRICS if metric != "actions"]
    fresh = {"action_windows": "{}", "action_value_windows": '{"lead":{"1d_click":9}}'}
    incoming.write([row("1", actions="{}", **fresh)], metrics=others)

    merged(account, incoming, [Kept(DAY, DAY, ["actions"])])

    stored = Insight.objects.get()
    assert (stored.actions, stored.action_windows) == ({"lead": 2}, {"lead": {"1d_click": 2}})
    assert stored.action_value_windows == {"lead": {"1d_click": 9}}


@pytest.mark.parametrize(
    "news",
    [
        {"action_windows": '{"lead":{"1d_click":1}}'},
        {"action_value_windows": "{}"},
        {"attribution_setting": "7d_click"},
    ],
)
def test_a_window_or_a_setting_that_changed_is_a_change(account, incoming, news):
    incoming.write([row("1"), row("2")])
    merged(account, incoming)
    incoming.clear(0)
    incoming.write([row("1", **news), row("2")])

    assert merged(account, incoming) == Changes(rows=2, changed=1)


def test_a_row_from_before_windows_gets_them(account, incoming):
    incoming.write([row("1", action_windows="{}", action_value_windows="{}")])
    merged(account, incoming)
    Insight.objects.update(action_windows=None, action_value_windows=None)

    assert merged(account, incoming).changed == 1
    assert Insight.objects.get().action_windows == {}


def test_storing_the_same_again_writes_nothing(account, incoming):
    incoming.write([row(str(n)) for n in range(50)])
    merged(account, incoming)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid, xmin FROM reporting_insight ORDER BY id")
        before = cursor.fetchall()

    assert merged(account, incoming) == Changes(rows=50)

    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid, xmin FROM reporting_insight ORDER BY id")
        assert cursor.fetchall() == before


def test_what_a_day_was_first_reported_as_stays(account, incoming):
    incoming.write([row("1", actions='{"omni_purchase":3}')])
    merged(account, incoming)
    incoming.clear(0)
    incoming.write([row("1", spend=Decimal("2.75"), impressions=120, actions='{"omni_purchase":5}')])

    assert merged(account, incoming).changed == 1

    stored = Insight.objects.get()
    assert (stored.first_spend, stored.first_impressions, stored.first_purchases) == (Decimal("1.50"), 100, 3)
    assert (stored.spend, stored.impressions, stored.purchases) == (Decimal("2.75"), 120, 5)


def test_what_did_not_come_of_some_objects_is_kept_and_the_rest_replaced(account, incoming):
    incoming.write([row("1"), row("2"), row("3")])
    merged(account, incoming)
    incoming.clear(0)
    incoming.write([row("1", clicks=6)])

    changes = merged(account, incoming, [Kept(DAY, DAY, METRICS, "ad", ["2"])])

    assert changes == Changes(rows=1, changed=1, removed=1)
    assert sorted(Insight.objects.values_list("object_id", "clicks")) == [("1", 6), ("2", 5)]


def test_a_field_that_did_not_come_keeps_its_stored_value(account, incoming):
    incoming.write([row("1"), row("2")])
    merged(account, incoming)
    incoming.clear(0)
    others = [metric for metric in METRICS if metric != "clicks"]
    incoming.write([row("1", impressions=200, clicks=0), row("3", clicks=0)], metrics=others)

    merged(account, incoming, [Kept(DAY, DAY, ["clicks"])])

    found = {one.object_id: (one.impressions, one.clicks) for one in Insight.objects.all()}
    assert found == {"1": (200, 5), "2": (100, 5), "3": (100, 0)}


@pytest.mark.parametrize(
    "name",
    ["a\tb", "back\\slash", "line\nbreak", "\\N", "\\.", "re\rturn", "🍂 Größe", "", "'; DROP TABLE x; --"],
)
def test_any_name_comes_in_as_it_is(account, incoming, name):
    windows = '{"a\\\\b":{"1d_ev":1}}'
    incoming.write(
        [row("1", name=name, segment=name, actions='{"a\\\\b":1}'), row("2", action_windows=windows)]
    )
    merged(account, incoming)

    stored, other = Insight.objects.order_by("object_id")
    assert (stored.name, stored.segment, stored.actions) == (name, name, {"a\\b": 1})
    assert other.action_windows == {"a\\b": {"1d_ev": 1}}


def test_what_was_half_read_is_cleared_and_others_stay(incoming):
    incoming.write([row("1")], part=1)
    incoming.write([row("2")], part=2)

    incoming.clear(1)

    assert incoming.counts() == {2: 1}


def test_tables_of_runs_that_are_over_are_dropped(incoming):
    other = Incoming.of_run(8, "campaign", "age,gender")
    other.make()

    assert streaming.sweep({8}) == 1
    assert [owner for _, owner in streaming._tables()] == [8]
    streaming.forget(8)
    assert streaming._tables() == []


MEASURE = '''
import resource, sys
import django
django.setup()
from datetime import date, timedelta
from pathlib import Path
from django.conf import settings
from django.db import connection, transaction
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
from apps.connections.models import AdAccount
from apps.reporting import store
from apps.reporting.models import Insight
from apps.reporting.rows import InsightRow
from apps.reporting.streaming import Incoming

def rows(number):
    for n in range(number):
        yield InsightRow(
            date(2026, 11, 1) + timedelta(days=n % 7), "ad", str(n // 7), "", "c", "s", str(n // 7), f"Ad {n // 7}",
            "EUR", str(n), "5", "3", "1.50", "80", "1.25", '{"lead":2,"link_click":31}', '{"lead":2.50}',
        )

def peak():
    """Of this program alone: what the system counts for it otherwise begins with the one that started it."""
    for line in Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else []:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

account = AdAccount.objects.create(meta_id="43", name="A", currency="EUR", timezone_name="UTC")
window = store.Window("ad", date(2026, 11, 1), date(2026, 11, 7))
peaks = []
for number in (10_000, 200_000):
    table = Incoming.of_run(number, "ad", "")
    table.make()
    table.write(rows(number))
    with transaction.atomic():
        changes = store.merge(account, window, table)
    table.drop()
    assert changes.rows == number, changes
    peaks.append(peak())
Insight.objects.all()._raw_delete("default")
account.delete()
print(*peaks)
'''


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_hundred_thousand_rows_take_no_more_memory_than_ten_thousand():
    name = connection.settings_dict["NAME"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, name], env=os.environ, capture_output=True, text=True, timeout=100
    )

    assert done.returncode == 0, done.stderr
    few, many = map(int, done.stdout.split())
    assert many < 300
    assert many - few < 15


@pytest.mark.django_db(transaction=True)
def test_two_that_store_the_same_window_at_once_take_turns(at_once):
    account = AdAccount.objects.create(meta_id="44", name="A", currency="EUR", timezone_name="UTC")

    def storing(clicks):
        def work():
            with transaction.atomic():
                return store.replace(account, WINDOW, [row(str(n), clicks=clicks) for n in range(500)])

        return work

    results = at_once(*map(storing, (1, 2, 3)))

    assert sorted((one.added, one.changed) for one in results) == [(0, 500), (0, 500), (500, 0)]
    assert Insight.objects.count() == 500
    assert Insight.objects.values("clicks").distinct().count() == 1
