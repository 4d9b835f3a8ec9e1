"""The page of one connection: who may open it and act there, what it never shows, what it costs."""

import smtplib

import pytest
from django.core import mail

from apps.connections import expiry, renewal
from apps.connections.models import Connection, ExpiryAlert
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]

ACTS = ("renew", "ask", "disconnect", "check")
NOBODY = "3f0c7a52-6d0e-4a53-9c39-3d2f1f1b8a11"


def test_support_reads_and_does_nothing(make_connection, support, signed_in):
    connection = make_connection("Zoë", "user")
    browser = signed_in(support)

    text = browser.get(f"/connections/{connection.pk}/").content.decode()

    assert connection.fingerprint in text
    assert connection.sealed_token not in text
    for act in ACTS:
        assert f"/{act}/" not in text
        assert browser.post(f"/connections/{connection.pk}/{act}/").status_code == 403
    assert browser.post("/connections/check/").status_code == 403


def test_a_marketer_is_told_whom_to_ask(make_connection, marketer, admin, signed_in):
    page = signed_in(marketer).get(f"/connections/{make_connection().pk}/")

    assert page.status_code == 403
    assert "Ada Admin" in page.content.decode()


@pytest.mark.parametrize("act", ["", *(f"{act}/" for act in ACTS)])
def test_who_is_signed_out_goes_to_sign_in_and_what_does_not_exist_is_not_found(
    client, admin, signed_in, act
):
    address = f"/connections/{NOBODY}/{act}"
    method = "post" if act else "get"

    assert getattr(client, method)(address)["Location"].startswith("/sign-in/")
    assert getattr(signed_in(admin), method)(address).status_code == 404


def test_what_an_admin_does_is_in_the_audit_trail(make_connection, admin, signed_in, sandbox):
    connection = make_connection("agency", "expiring")
    browser = signed_in(admin)

    browser.post(f"/connections/{connection.pk}/renew/")

    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.thing, entry.detail, entry.actor) == (
        "connection.renewed", "agency", "renewed", admin.pk,
    )  # fmt: skip


def test_an_owner_with_an_address_is_asked_by_mail_and_the_link_is_not_shown(
    make_connection, admin, signed_in
):
    connection = make_connection("Zoë", "user")
    Connection.objects.update(owner_email="zoe@example.com")

    page = signed_in(admin).post(f"/connections/{connection.pk}/ask/", follow=True)

    assert "A link was sent to zoe@example.com." in page.content.decode()
    assert "/connections/link/" not in page.content.decode()
    assert mail.outbox[0].to == ["zoe@example.com"]


def test_more_ad_accounts_and_looks_cost_no_more_queries(add_accounts, admin, signed_in, count_queries):
    add_accounts(2)
    connection = Connection.objects.get()
    browser, address = signed_in(admin), f"/connections/{connection.pk}/"
    browser.get(address)
    before = count_queries(lambda: browser.get(address))

    add_accounts(40)

    assert count_queries(lambda: browser.get(address)) == before


class _NoMail:
    """A mail server that is away."""

    def __init__(self, *args, **options):
        raise smtplib.SMTPConnectError(421, "away")


def test_a_mail_that_does_not_leave_is_tried_again_and_the_page_says_so(
    make_connection, admin, signed_in, settings, clock
):
    connection = make_connection("Zoë", "user")
    renewal.renew(connection, only_if_due=False)
    clock.advance(36 * 86400)
    usual, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}._NoMail"
    renewal.raise_alerts([Connection.objects.get()])
    assert ExpiryAlert.objects.get().told_at is None
    text = signed_in(admin).get(f"/connections/{connection.pk}/").content.decode()
    assert "the mail has not left yet; it is tried again every day" in text

    settings.EMAIL_BACKEND = usual
    assert expiry.tell() == 1
    assert ExpiryAlert.objects.get().told_at
    assert expiry.tell() == 0
