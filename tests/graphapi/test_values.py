"""Small tables and conversions: parameters, proofs, money, accounts."""

import hashlib
import hmac
from datetime import date
from decimal import Decimal

import pytest

from apps.graphapi import (
    ACCOUNT_STATUSES,
    BATCH_MAX,
    DISABLE_REASONS,
    INSIGHTS_MAX_MONTHS,
    INSIGHTS_RESTATEMENT_DAYS,
    Category,
    account_status,
    app_token,
    appsecret_proof,
    bare_id,
    currency_offset,
    disable_reason,
    major_units,
    minor_units,
    node_id,
)
from apps.graphapi.params import encode
from tests.graphapi.conftest import sample


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("fields", ["id", "creative{id,name}"], "id,creative{id,name}"),
        ("fields", "id,name", "id,name"),
        ("breakdowns", ("age", "gender"), "age,gender"),
        ("effective_status", ["ACTIVE", "PAUSED"], '["ACTIVE","PAUSED"]'),
        ("sort", ["spend_descending"], '["spend_descending"]'),
        (
            "time_range",
            {"since": date(2026, 11, 1), "until": "2026-11-07"},
            '{"since":"2026-11-01","until":"2026-11-07"}',
        ),
        ("filtering", [{"field": "x", "value": [1, Decimal("1.5")]}], '[{"field":"x","value":[1,"1.5"]}]'),
        ("tasks", {"B", "A"}, '["A","B"]'),
        ("summary", True, "true"),
        ("include", False, "false"),
        ("limit", 100, "100"),
        ("level", "campaign", "campaign"),
        ("level", Category.AUTH, "auth"),
        ("since", date(2026, 11, 1), "2026-11-01"),
        ("bid", Decimal("12.50"), "12.50"),
        ("name", "café & co", "café & co"),
    ],
)
def test_python_values_become_parameters(name, value, sent):
    assert encode({name: value}) == {name: sent}


def test_none_leaves_a_parameter_out():
    assert encode({"after": None, "limit": 0}) == {"limit": "0"}


def test_what_cannot_be_a_parameter_is_refused():
    with pytest.raises(TypeError, match="object"):
        encode({"x": object()})


def test_the_proof_matches_the_vectors():
    vector = sample("proofs")

    assert appsecret_proof(vector["token"], vector["secret"]) == vector["plain"]
    assert appsecret_proof(vector["token"], vector["secret"], at=vector["at"]) == vector["timed"]


def test_the_proof_is_an_hmac_of_the_token_under_the_secret():
    expected = hmac.new(b"secret", b"token", hashlib.sha256).hexdigest()

    assert appsecret_proof("token", "secret") == expected


def test_an_app_token_is_id_and_secret():
    assert app_token("123", "abc") == "123|abc"


@pytest.mark.parametrize(
    "currency", ["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"]
)
def test_currencies_without_minor_units(currency):
    assert currency_offset(currency) == 1
    assert major_units("1234", currency) == Decimal(1234)


@pytest.mark.parametrize("currency", ["EUR", "USD", "eur", "BHD", "JOD", "UGX", "XXX"])
def test_all_other_currencies_have_hundredths(currency):
    assert currency_offset(currency) == 100
    assert major_units("1234", currency) == Decimal("12.34")


def test_budgets_are_written_in_whole_minor_units():
    assert minor_units("50.00", "EUR") == 5000
    assert minor_units(5000, "JPY") == 5000
    assert minor_units(Decimal("0.1") + Decimal("0.2"), "EUR") == 30
    with pytest.raises(ValueError, match="decimals"):
        minor_units("0.005", "EUR")


def test_account_statuses():
    names = {code: status.name for code, status in ACCOUNT_STATUSES.items()}

    assert names == {
        1: "ACTIVE", 2: "DISABLED", 3: "UNSETTLED", 7: "PENDING_RISK_REVIEW", 8: "PENDING_SETTLEMENT",
        9: "IN_GRACE_PERIOD", 100: "PENDING_CLOSURE", 101: "CLOSED", 201: "ANY_ACTIVE", 202: "ANY_CLOSED",
    }  # fmt: skip
    assert [code for code, status in ACCOUNT_STATUSES.items() if status.delivers] == [1, 9]


def test_an_unknown_status_shows_its_number_and_does_not_count_as_active():
    status = account_status(555)

    assert (status.name, status.level, status.delivers) == ("555", "error", False)
    assert account_status(3).name == "UNSETTLED"


def test_disable_reasons():
    assert sorted(DISABLE_REASONS) == list(range(16))
    assert disable_reason(3)[0] == "RISK_PAYMENT"
    assert disable_reason(99)[0] == "99"


def test_account_ids_have_two_forms():
    assert bare_id("act_42") == bare_id("42") == "42"
    assert node_id("act_42") == node_id("42") == "act_42"


def test_numbers_that_meta_sets():
    assert (BATCH_MAX, INSIGHTS_MAX_MONTHS, INSIGHTS_RESTATEMENT_DAYS) == (50, 37, 28)
