"""Every attempt at Meta is kept: raw, added up, in what is known of allowances, and in the error log."""

import pytest

from apps.connections import clients
from apps.graphapi import GraphError, Request
from apps.graphapi.pace import NoPace
from apps.health.models import (
    AccountHour,
    Call,
    CallSlot,
    CallTotal,
    ErrorGroup,
    ErrorHour,
    UsageNow,
    UsageSlot,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def connection(make_connection):
    return make_connection()


@pytest.fixture
def client(connection, recorded, no_pauses):
    return clients.for_connection(connection, purpose="sync", pace=NoPace())


@pytest.fixture
def act(client):
    from apps.connections.models import AdAccount

    return AdAccount.objects.in_order().first().act_id


def test_a_call_is_kept_raw_and_in_every_sum(client, act, recorded):
    client.get(f"{act}/campaigns", fields=["id"])

    assert recorded() == 1
    call = Call.objects.get()
    assert (call.method, call.path, call.account_id) == (
        "GET",
        "act_{id}/campaigns",
        act.removeprefix("act_"),
    )
    assert (call.status, call.outcome, call.purpose) == (200, "ok", "sync")
    assert call.connection_id is not None
    slots = {slot.grain: slot for slot in CallSlot.objects.all()}
    assert set(slots) == {"m", "h"}
    for slot in slots.values():
        assert (slot.calls, slot.trips, slot.members, sum(slot.latency)) == (1, 1, 0, 1)
        assert slot.milliseconds == call.milliseconds
    assert slots["m"].at == call.at.replace(second=0, microsecond=0)
    assert CallTotal.objects.get().calls == 1
    assert AccountHour.objects.get().calls == 1


def test_members_of_a_batch_are_calls_and_their_envelope_is_the_trip(client, act, recorded):
    client.batch([Request("GET", f"{act}/campaigns"), Request("GET", f"{act}/adsets"), Request("GET", "me")])
    client.batch([Request("GET", f"{act}/campaigns")] * 2)

    assert recorded() == 7
    totals = {total.path: total for total in CallTotal.objects.all()}
    assert {path: (one.calls, one.trips, one.members) for path, one in totals.items()} == {
        "batch": (0, 2, 5), "act_{id}/campaigns": (3, 0, 0), "act_{id}/adsets": (1, 0, 0), "me": (1, 0, 0),
    }  # fmt: skip
    assert sum(totals["batch"].latency) == 2


def test_sums_grow_from_flush_to_flush(client, act, recorded):
    for _ in range(3):
        client.get(act)
        recorded()

    total = CallTotal.objects.get()
    assert (total.calls, total.trips, sum(total.latency)) == (3, 3, 3)
    assert len(total.latency) == 11
    assert AccountHour.objects.get().calls == 3


def test_what_headers_say_of_an_allowance_is_known_and_its_highest_is_kept(client, act, sandbox, recorded):
    digits = act.removeprefix("act_")
    for percent in (20, 60, 30):
        sandbox.set_allowance("ads_insights", percent, account=act)
        client.get(f"{act}/insights", level="account", date_preset="today")
    recorded()

    now = UsageNow.objects.get(scope="business_use_case", object_id=digits, type="ads_insights")
    assert 30 <= now.peak < 60
    slot = UsageSlot.objects.get(scope="business_use_case", object_id=digits, type="ads_insights")
    assert slot.peak >= 60
    assert slot.at.minute in (0, 30)


def test_an_error_makes_a_group_with_its_occurrence_and_its_hour(client, act, sandbox, recorded):
    sandbox.fail(
        "error", code=100, subcode=1487901, status=400, message="Budget of Fjäll 12 too low", times=9
    )
    with pytest.raises(GraphError):
        client.get(f"{act}/campaigns")
    recorded()

    group = ErrorGroup.objects.get()
    assert (group.code, group.subcode, group.path) == (100, 1487901, "act_{id}/campaigns")
    assert (group.use_case, group.kind, group.count, group.state) == ("ads_management", "", 1, "open")
    occurrence = group.occurrences.get()
    assert occurrence.message == "Budget of Fjäll 12 too low"
    assert occurrence.fbtrace_id
    assert occurrence.account_id == act.removeprefix("act_")
    hour = ErrorHour.objects.get()
    assert (hour.count, hour.account_id, bool(hour.connection_id)) == (1, occurrence.account_id, True)


def test_twelve_thousand_errors_of_forty_kinds_are_forty_groups(recorded, db):
    from apps.graphapi import Call as Attempt
    from apps.graphapi.envelope import meta_error
    from apps.health.recorder import hear

    for n in range(12_000):
        code, path = 10_000 + n % 20, ["act_{id}/campaigns", "{id}"][n // 20 % 2]
        message = f"(#{code}) Object {n * 7919} of Ada {n} failed at {n % 24:02}:{n % 60:02}"
        error = meta_error({"message": message, "code": code, "fbtrace_id": f"A{n}"}, {"status": 400})
        hear(Attempt(method="GET", path=path, account_id=str(n % 50), status=400, milliseconds=10,
                     started_at=1_795_000_000 + n, error=error))  # fmt: skip
    recorded()

    assert ErrorGroup.objects.count() == 40
    assert set(ErrorGroup.objects.values_list("count", flat=True)) == {300}
    assert sum(ErrorHour.objects.values_list("count", flat=True)) == 12_000


@pytest.mark.parametrize(("kind", "name"), [("html_502", "BadAnswer"), ("reset", "Unreachable")])
def test_what_has_no_code_is_told_apart_by_its_kind(client, act, sandbox, recorded, kind, name):
    sandbox.fail(kind, times=9)
    with pytest.raises(GraphError):
        client.get(act)
    recorded()

    group = ErrorGroup.objects.get()
    assert (group.code, group.kind) == (None, name)
