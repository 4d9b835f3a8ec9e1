"""Meta's two callbacks about a person: what they end, what they delete, and what is refused."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from django.test import Client

from apps.connections.models import Connection, ExpiryAlert, Reach, UserCallback
from apps.graphapi import BadSignedRequest, read_signed_request

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DEAUTHORIZE, DELETION = "/hooks/meta/deauthorize/", "/hooks/meta/data-deletion/"
VECTOR = (
    "SdEkS3cm7vnw6vrIKn8yWV0Y5jTfQvEyjG3iFz7jHvg.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImlzc3VlZF9hdCI6MTc5NTAwMDAwMCwi"
    "dXNlcl9pZCI6IjEwMjAwMDAwMDAwMDAwMDAxIn0"
)


def signed(secret, **claims):
    claims = {"algorithm": "HMAC-SHA256", "issued_at": int(time.time()), **claims}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    mac = hmac.new(secret.encode(), payload, hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}.{payload.decode()}"


@pytest.fixture
def tell():
    browser = Client(enforce_csrf_checks=True)
    return lambda address, text: browser.post(address, {"signed_request": text})


def test_the_vector_of_the_manual_is_read():
    told = read_signed_request(VECTOR, ["x", "app_secret_for_tests_0123456789ab"])

    assert (told.user_id, told.issued_at) == ("10200000000000001", 1795000000)
    with pytest.raises(BadSignedRequest):
        read_signed_request(VECTOR, ["another secret"])


def test_who_removes_the_app_has_no_token_here_any_more(make_connection, sandbox, tell):
    mine, other = make_connection("Zoë", "user"), make_connection("reporting", "system")

    answer = tell(DEAUTHORIZE, signed(sandbox.app_secret, user_id=mine.subject_id))

    assert answer.status_code == 200
    mine.refresh_from_db()
    assert (mine.state, mine.sealed_token, mine.fingerprint) == ("disconnected", "", "")
    assert "removed the app" in mine.state_reason
    assert not Reach.objects.filter(connection=mine, lost_at=None).exists()
    other.refresh_from_db()
    assert other.state == "active"


@pytest.mark.parametrize("address", [DEAUTHORIZE, DELETION])
def test_what_ends_by_metas_word_ends_like_what_a_person_ends(make_connection, sandbox, tell, address):
    mine = make_connection("Zoë", "user")
    alert = ExpiryAlert.objects.create(connection=mine, clock="token", days=15, ends_at=mine.expires_at)

    tell(address, signed(sandbox.app_secret, user_id=mine.subject_id))

    alert.refresh_from_db()
    assert alert.cleared_at is not None
    assert all(mine.reach.values_list("lost_reason", flat=True))
    assert mine.checks.order_by("-at").first().outcome == "changed"


def test_who_wants_deletion_is_deleted_and_gets_a_page(make_connection, sandbox, tell, stored):
    connection = make_connection("Zoë", "user")
    person = connection.subject_id

    answer = tell(DELETION, signed(sandbox.app_secret, user_id=person)).json()

    assert answer["url"].endswith(f"{DELETION}{answer['confirmation_code']}/")
    connection.refresh_from_db()
    assert (connection.state, connection.sealed_token, connection.subject_name) == ("disconnected", "", "")
    assert not any(person in text or "Zoë" in text or "Øvergård" in text for _, text in stored())
    page = Client().get(f"{DELETION}{answer['confirmation_code']}/")
    assert answer["confirmation_code"] in page.content.decode()
    assert Client().get(f"{DELETION}unknown/").status_code == 404


def test_the_secret_before_counts_while_it_rotates(make_connection, sandbox, settings, tell):
    connection = make_connection("Zoë", "user")
    settings.META_APP_SECRET_PREVIOUS = "the-secret-before"

    answer = tell(DEAUTHORIZE, signed("the-secret-before", user_id=connection.subject_id))

    assert answer.status_code == 200
    assert Connection.objects.get().state == "disconnected"


@pytest.mark.parametrize("address", [DEAUTHORIZE, DELETION])
@pytest.mark.parametrize(
    "text",
    [
        "", "x", "a.b", "ü.ü", "." * 50, "x" * 5000, "A" * 20_000,
        signed("a wrong secret", user_id="102"),
        signed("0123456789abcdef0123456789abcdef", user_id="102", algorithm="none"),
        signed("0123456789abcdef0123456789abcdef", user_id="102", issued_at=1),
        signed("0123456789abcdef0123456789abcdef", user_id="not digits"),
        signed("0123456789abcdef0123456789abcdef"),
    ],
)  # fmt: skip
def test_what_meta_did_not_sign_changes_nothing(make_connection, sandbox, tell, stored, address, text):
    make_connection("Zoë", "user")
    before = stored()

    answer = tell(address, text)

    assert answer.status_code == 400
    assert stored() == before


@pytest.mark.parametrize("address", [DEAUTHORIZE, DELETION])
def test_a_look_with_a_browser_is_told_the_method(db, address):
    assert Client().get(address).status_code == 405


def test_an_old_notice_does_not_end_a_newer_login(make_connection, sandbox, tell, clock):
    connection = make_connection("Zoë", "user")
    issued = int(connection.issued_at.timestamp())
    clock.set(connection.issued_at.replace(microsecond=0))

    tell(DEAUTHORIZE, signed(sandbox.app_secret, user_id=connection.subject_id, issued_at=issued - 60))

    assert Connection.objects.get().state == "active"
    assert UserCallback.objects.get().connections == 0
