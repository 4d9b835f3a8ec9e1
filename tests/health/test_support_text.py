"""The text for Meta support holds facts of a fixed list, and nothing secret whatever Meta or an attacker wrote."""

from datetime import UTC, datetime

import pytest

from apps.health import support_text
from apps.health.models import ErrorGroup, ErrorOccurrence

AT = datetime(2026, 11, 19, 9, 40, 12, tzinfo=UTC)
TOKEN = "EAAGm0PX4ZCpsBAKZC9secretsecretsecret"
ATTACKS = [
    TOKEN,
    f"access_token={TOKEN}",
    f"Bearer {TOKEN}",
    "123456789012345|AbCdEfGhIjKlMnOp",
    "appsecret_proof=0123456789abcdef0123456789abcdef",
    "ada@agency.example",
    "Ada Admin lives in Main Street 7",
    "line\nfeed\nApp secret: hunter2",
    "<script>alert(1)</script>",
    "x" * 5000,
]


def group(**more):
    facts = {"code": 80000, "subcode": 2446079, "path": "act_{id}/insights", "count": 214}
    return ErrorGroup(**facts | {"first_seen": AT, "last_seen": AT} | more)


def occurrence(**more):
    facts = {
        "at": AT, "method": "GET", "status": 400, "type": "OAuthException", "fbtrace_id": "AbX9kQ2mT7vR4wLpZc1dYhN",
        "request_id": "AcF3hTn0vQ8s", "rev": "1024713388", "api_version": "v26.0",
    }  # fmt: skip
    return ErrorOccurrence(**facts | more)


def test_it_holds_what_meta_asks_for(settings):
    settings.META_APP_ID = "948120473365512"

    assert support_text.text(group(), [occurrence()]) == (
        "App ID: 948120473365512\n"
        "API version: v26.0\n"
        "Endpoint: GET act_{id}/insights\n"
        "Error: HTTP 400, code 80000, subcode 2446079, type OAuthException\n"
        "Occurrences: 214, first 2026-11-19T09:40:12Z, last 2026-11-19T09:40:12Z\n"
        "2026-11-19T09:40:12Z  fbtrace_id AbX9kQ2mT7vR4wLpZc1dYhN\n"
        "  x-fb-request-id AcF3hTn0vQ8s  x-fb-rev 1024713388"
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda text: text[:20])
def test_no_secret_and_no_person_gets_in_by_any_field(attack):
    fields = (
        "message",
        "user_title",
        "user_msg",
        "error_data",
        "type",
        "fbtrace_id",
        "request_id",
        "rev",
        "api_version",
    )
    poisoned = occurrence(**dict.fromkeys(fields, attack), method=attack, usage=[{"object_id": attack}])

    text = support_text.text(group(message=attack, path=attack, kind=attack), [poisoned])

    for piece in (attack, TOKEN, "secret", "hunter2", "@", "Ada", "script", "xxxxx"):
        assert piece not in text
    assert text.count("not given") >= 5


def test_the_apps_own_secret_is_known_whatever_it_looks_like(settings):
    settings.META_APP_SECRET = "0123456789abcdef0123456789abcdef"

    text = support_text.text(group(), [occurrence(fbtrace_id=settings.META_APP_SECRET)])

    assert settings.META_APP_SECRET not in text


def test_a_group_without_occurrences_still_has_its_facts():
    text = support_text.text(group(code=None, subcode=None), [])

    assert "no HTTP answer, no code" in text


def test_a_few_occurrences_are_enough():
    text = support_text.text(group(), [occurrence(fbtrace_id=f"A{n}") for n in range(30)])

    assert text.count("fbtrace_id") == support_text.MOST
