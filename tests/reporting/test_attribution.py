"""Attribution windows: asked for, told in words, never added up where they contain each other."""

from datetime import date
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from apps.connections.models import AdAccount
from apps.reporting import attribution, insights
from apps.reporting.attribution import AS_SET, CHOICES, WINDOWS, Attribution
from apps.reporting.models import ReportRun, SyncRun
from apps.reporting.store import Window
from apps.reporting.streaming import Incoming

WEEK = Window("campaign", date(2026, 11, 2), date(2026, 11, 8))


def asked(**options):
    return insights.question(AdAccount(meta_id="11", timezone_name="UTC"), WEEK, **options).params


def test_the_windows_that_still_exist_are_asked_for_in_the_same_pull():
    params = asked()

    assert params["action_attribution_windows"] == ["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]
    assert {"actions", "action_values", "attribution_setting"} <= set(params["fields"])


@pytest.mark.parametrize(
    ("metrics", "with_windows"),
    [(["actions"], True), (["action_values", "spend"], True), (["impressions"], False)],
)
def test_windows_belong_to_the_metrics_that_have_them(metrics, with_windows):
    assert ("action_attribution_windows" in asked(metrics=metrics)) == with_windows


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("", ()),
        ("1d_ev", ("1d_ev",)),
        ("7d_click,1d_view", ("7d_click", "1d_view")),
        (" 1d_view, 7d_click,,1d_view", ("7d_click", "1d_view")),
        ("1d_ev,1d_view,28d_click", ("28d_click", "1d_view", "1d_ev")),
    ],
)
def test_an_attribution_is_read_in_any_order(text, windows):
    assert attribution.read(text) == Attribution(windows)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("7d_view", "not one of the choices"),
        ("7d_click,x", "not one of the choices"),
        ("7d_click,1d_click", "contain each other"),
    ],
)
def test_what_can_not_be_added_up_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        attribution.read(text)


def test_every_choice_can_be_read_back_and_has_a_name_of_its_own():
    assert [attribution.read(one.key) for one in CHOICES] == CHOICES
    assert CHOICES[0] == AS_SET
    assert len({one.label for one in CHOICES}) == len(CHOICES) == len(WINDOWS) + 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([], ""),
        (["7d_click_1d_view"], ""),
        (["", "7d_click_1d_view", "na", "skan"], ""),
        (
            ["1d_click", "7d_click_1d_view"],
            "Ad sets count purchases by different settings: 7-day click or 1-day view, 1-day click.",
        ),
        (
            ["1d_ev", "mixed"],
            "Ad sets count purchases by different settings: 1-day engaged view, several within one campaign.",
        ),
    ],
)
def test_different_settings_are_told_in_one_sentence(settings, sentence):
    assert attribution.different(settings) == sentence


@pytest.mark.django_db
@pytest.mark.services
def test_reports_that_were_ordered_without_windows_are_ordered_again():
    account = AdAccount.objects.create(meta_id="11", name="A", currency="EUR", timezone_name="UTC")
    days = {"since": WEEK.since, "until": WEEK.until}
    run = SyncRun.objects.create(account=account, reason="nightly", state="waiting", levels=["ad"], **days)
    over = SyncRun.objects.create(account=account, reason="nightly", state="done", levels=["ad"], **days)
    for one, state in ((run, "ordered"), (run, "read"), (run, "failed"), (over, "read")):
        ReportRun.objects.create(sync_run=one, level="ad", state=state, report_run_id="5", rows=3, **days)
    Incoming.of_run(run.pk, "ad", "").make()

    migration = import_module("apps.reporting.migrations.0004_attribution_windows")
    with connection.schema_editor() as editor:
        migration.order_open_reports_again(apps, editor)

    states = ReportRun.objects.order_by("pk").values_list("state", "report_run_id", "rows")
    assert list(states) == [("new", "", 0), ("new", "", 0), ("failed", "5", 3), ("read", "5", 3)]
    assert not [name for name in connection.introspection.table_names() if "incoming" in name]
