"""The second factor: required of whom, paired how, used once, and locked against guessing."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client

from apps.team import second_factor
from apps.team.models import AuditEntry, User
from apps.vault import SealBroken, unseal
from apps.vault.rewrap import rewrap
from tests.conftest import PASSWORD
from tests.team import apps_on_phones as phones

pytestmark = [pytest.mark.django_db, pytest.mark.services]

CODE = "/sign-in/code/"


def sign_in(browser, person):
    return browser.post("/sign-in/", {"login": person.email, "password": PASSWORD})


def give(browser, code, **more):
    return browser.post(CODE, {"code": code, **more})


def is_in(browser):
    return "_auth_user_id" in browser.session


def actions():
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


# --- required ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["support", "admin"])
@pytest.mark.parametrize("address", ["/performance/", "/users/", "/pulse/", "/sessions/", "/password/"])
def test_who_must_have_one_is_led_to_pairing_before_any_other_page(
    required, make_person, client, role, address
):
    sign_in(client, make_person(role))

    page = client.get(address)

    assert (page.status_code, page["Location"]) == (302, "/second-factor/")
    assert "A second factor first" in client.get("/second-factor/").content.decode()


def test_a_form_sent_without_one_does_nothing(required, admin, client):
    sign_in(client, admin)

    page = client.post("/users/invite/", {"email": "eve@agency.example", "role": "admin"})

    assert page["Location"] == "/second-factor/"
    assert User.objects.count() == 1


def test_a_part_of_a_page_leads_the_whole_page_there(required, admin, client):
    sign_in(client, admin)

    assert client.get("/pulse/", headers={"HX-Request": "true"})["HX-Redirect"] == "/second-factor/"


def test_signing_out_is_always_possible(required, admin, client):
    sign_in(client, admin)

    client.post("/sign-out/")

    assert not is_in(client)


def test_a_marketer_needs_none(required, marketer, client):
    sign_in(client, marketer)

    assert client.get("/performance/").status_code == 200


def test_it_can_be_switched_off_for_a_try_out(settings, admin, client):
    settings.REQUIRE_TWO_FACTOR = False
    sign_in(client, admin)

    assert client.get("/performance/").status_code == 200


def test_a_role_that_needs_one_asks_at_once(required, marketer, client):
    sign_in(client, marketer)
    marketer.take_role("admin")

    assert client.get("/performance/")["Location"] == "/second-factor/"


# --- pairing -------------------------------------------------------------------------------------


def test_pairing_shows_ten_recovery_codes_once_and_opens_everything(required, admin, pair):
    browser, _, codes = pair(admin)

    assert len(set(codes)) == 10
    assert browser.get("/users/").status_code == 200
    again = browser.get("/second-factor/recovery-codes/")
    assert not any(code in again.content.decode() for code in codes)
    assert actions()[-2:] == ["second_factor.added", "second_factor.added"]


def test_no_factor_without_its_entry(admin, client):
    """As when the program dies between the two: neither is there."""
    sign_in(client, admin)
    secret = phones.secret_on(client.get("/second-factor/app/").content.decode())
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE team_auditentry ADD CONSTRAINT none CHECK (action <> 'second_factor.added') NOT VALID"
        )

    with pytest.raises(IntegrityError), transaction.atomic():
        client.post("/second-factor/app/", {"code": phones.code(secret)})

    assert not Authenticator.objects.exists()


def test_each_change_of_a_factor_is_one_entry(admin, pair, clock):
    browser, _, _ = pair(admin)
    before = len(actions())

    browser.post("/second-factor/recovery-codes/new/")
    browser.post("/second-factor/app/off/")

    entries = AuditEntry.objects.order_by("number").values_list("action", "thing")[before:]
    assert list(entries) == [
        ("second_factor.renewed", "recovery codes"),
        ("second_factor.removed", "authenticator app"),
        ("second_factor.removed", "recovery codes"),
    ]


def test_while_the_keys_are_away_nothing_is_paired_and_it_is_said(admin, client, settings):
    sign_in(client, admin)
    secret = phones.secret_on(client.get("/second-factor/app/").content.decode())
    settings.TOKEN_KEYS_FROM, settings.VAULT_ADDR, settings.VAULT_TOKEN = (
        ["vault:x"],
        "http://127.0.0.1:9",
        "t",
    )

    page = client.post("/second-factor/app/", {"code": phones.code(secret)}, follow=True)

    assert page.redirect_chain == [("/second-factor/", 302)]
    assert second_factor.NOT_SEALED in page.content.decode()
    assert not Authenticator.objects.exists()
    assert "second_factor.added" not in actions()


def test_the_picture_is_an_svg_of_ours(admin, client):
    sign_in(client, admin)

    page = client.get("/second-factor/app/").content.decode()

    assert "<svg" in page
    assert len(phones.secret_on(page)) == 32


def test_a_wrong_first_code_pairs_nothing(admin, client, clock):
    sign_in(client, admin)
    secret = phones.secret_on(client.get("/second-factor/app/").content.decode())

    page = client.post("/second-factor/app/", {"code": phones.code(secret, ahead=-3600)})

    assert page.status_code == 422
    assert phones.secret_on(page.content.decode()) == secret
    assert not Authenticator.objects.exists()


def test_an_old_session_is_asked_for_the_password_before_pairing(admin, client, clock):
    sign_in(client, admin)
    clock.advance(600)

    asked = client.get("/second-factor/app/")
    assert asked["Location"].startswith("/sign-in/again/?next=")
    page = client.post(asked["Location"], {"password": PASSWORD}, follow=True)

    assert page.redirect_chain[-1][0] == "/second-factor/app/"


def test_secrets_lie_sealed_and_only_for_their_person(admin, support, pair):
    _, secret, codes = pair(admin)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        stored = "".join(row[0] for row in cursor.fetchall())

    assert secret not in stored
    assert not any(code in stored for code in codes)
    sealed = Authenticator.objects.get(type="totp").data["secret"]
    assert unseal(sealed, f"mfa_authenticator|{admin.pk}|secret") == secret
    with pytest.raises(SealBroken):
        unseal(sealed, f"mfa_authenticator|{support.pk}|secret")


def test_a_sealed_secret_moved_to_another_person_does_not_sign_in(admin, support, pair):
    _, secret, _ = pair(admin)
    row = Authenticator.objects.get(type="totp")
    Authenticator.objects.filter(pk=row.pk).update(user=support)
    browser = Client()
    sign_in(browser, support)

    page = give(browser, phones.code(secret))

    assert not is_in(browser)
    assert second_factor.KEYS_AWAY in page.content.decode()


def test_secrets_move_to_the_newest_key_and_go_on_working(settings, admin, pair):
    _, secret, codes = pair(admin)
    settings.TOKEN_KEYS = {"k2": bytes(32)} | settings.TOKEN_KEYS

    assert rewrap().moved == 2
    settings.TOKEN_KEYS = {"k2": bytes(32)}

    for code in (phones.code(secret), codes[0]):
        browser = Client()
        sign_in(browser, admin)
        give(browser, code)
        assert is_in(browser)


# --- the code page -------------------------------------------------------------------------------


def test_password_and_code_sign_in(admin, pair):
    _, secret, _ = pair(admin)
    browser = Client()

    asked = sign_in(browser, admin)
    assert asked["Location"] == CODE
    assert not is_in(browser)
    assert admin.email in browser.get(CODE).content.decode()
    page = give(browser, phones.code(secret))

    assert page["Location"] == "/"
    assert is_in(browser)


def test_where_a_person_wanted_to_be_is_kept_past_the_code(admin, pair):
    _, secret, _ = pair(admin)
    browser = Client()
    browser.post("/sign-in/", {"login": admin.email, "password": PASSWORD, "next": "/accounts/?a=1"})

    assert give(browser, phones.code(secret))["Location"] == "/accounts/?a=1"


@pytest.mark.parametrize("off", [-30, 30])
def test_a_clock_may_be_one_step_off(admin, pair, off):
    _, secret, _ = pair(admin)
    browser = Client()
    sign_in(browser, admin)

    give(browser, phones.code(secret, ahead=off))

    assert is_in(browser)


@pytest.mark.parametrize(
    ("off", "says"), [(-90, "That code has expired"), (120, "a time to come"), (-7200, "not the right code")]
)
def test_a_code_of_another_time_is_told_apart_with_the_tries_left(admin, pair, off, says):
    _, secret, _ = pair(admin)
    browser = Client()
    sign_in(browser, admin)

    page = give(browser, phones.code(secret, ahead=off))

    assert page.status_code == 422
    assert says in page.content.decode()
    assert "4 tries left." in page.content.decode()
    assert not is_in(browser)


def test_a_code_is_not_taken_twice_even_when_the_cache_is_flushed(admin, pair, clock):
    _, secret, _ = pair(admin)
    code = phones.code(secret)
    first, second = Client(), Client()
    sign_in(first, admin)
    sign_in(second, admin)
    give(first, code)
    cache.clear()

    page = give(second, code)

    assert is_in(first)
    assert not is_in(second)
    assert "used already" in page.content.decode()


def test_the_code_that_paired_the_app_does_not_sign_in_as_well(admin, client, clock):
    sign_in(client, admin)
    secret = phones.secret_on(client.get("/second-factor/app/").content.decode())
    client.post("/second-factor/app/", {"code": phones.code(secret)})
    browser = Client()
    sign_in(browser, admin)

    give(browser, phones.code(secret))

    assert not is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_with_the_same_code_at_once_get_one_session(admin, pair, at_once):
    _, secret, _ = pair(admin)
    code = phones.code(secret)
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        sign_in(browser, admin)

    at_once(*[lambda b=browser: give(b, code) for browser in browsers])

    assert sum(is_in(browser) for browser in browsers) == 1


def test_a_recovery_code_works_once_and_is_recorded(admin, pair):
    _, _, codes = pair(admin)
    first, second = Client(), Client()
    sign_in(first, admin)
    sign_in(second, admin)

    give(first, f"{codes[3][:4]} {codes[3][4:]}")
    give(second, codes[3])

    assert is_in(first)
    assert not is_in(second)
    assert "second_factor.recovery_code_used" in actions()


def test_five_wrong_codes_close_the_door_and_say_until_when(admin, pair, clock):
    _, secret, codes = pair(admin)
    browser = Client()
    sign_in(browser, admin)
    for _ in range(5):
        give(browser, "000000")

    pages = [give(browser, phones.code(secret)), give(browser, codes[0])]

    assert not is_in(browser)
    for page in pages:
        assert (
            "Locked after 5 failed tries. It opens again in 15 minutes, at 10:16 UTC."
            in page.content.decode()
        )
    assert actions().count("sign_in.locked") == 1
    cache.clear()
    assert "Locked after" in give(browser, phones.code(secret)).content.decode()
    clock.advance(15 * 60)
    sign_in(browser, admin)
    give(browser, phones.code(secret))
    assert is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_all_count(admin, pair, at_once):
    pair(admin)
    browsers = [Client() for _ in range(8)]
    for browser in browsers:
        sign_in(browser, admin)

    pages = at_once(*[lambda b=browser: give(b, "000000").content.decode() for browser in browsers])

    assert sum("tries left" in page or "1 try left" in page or "last try" in page for page in pages) == 5
    assert sum("Locked after" in page for page in pages) == 3


def test_the_code_page_without_a_password_first_leads_back(client):
    assert client.get(CODE)["Location"] == "/sign-in/"
    assert client.post(CODE, {"code": "123456"})["Location"] == "/sign-in/"


# --- trust ---------------------------------------------------------------------------------------


def test_a_trusted_browser_is_spared_the_code_for_fourteen_days(admin, pair, clock):
    _, secret, _ = pair(admin)
    browser = Client()
    sign_in(browser, admin)
    give(browser, phones.code(secret), trust="1")
    browser.post("/sign-out/")

    clock.advance(13 * 86400)
    assert sign_in(browser, admin)["Location"] == "/"
    browser.post("/sign-out/")
    clock.advance(2 * 86400)

    assert sign_in(browser, admin)["Location"] == CODE


def test_trust_is_asked_for_and_ends_with_a_new_second_factor(admin, support, pair):
    _, secret, _ = pair(admin)
    plain, trusted = Client(), Client()
    for browser, more in ((plain, {}), (trusted, {"trust": "1"})):
        sign_in(browser, admin)
        give(browser, phones.code(secret, ahead=0 if more else -30), **more)
        browser.post("/sign-out/")

    assert sign_in(plain, admin)["Location"] == CODE
    second_factor.reset(admin)
    pair(admin)
    assert sign_in(trusted, admin)["Location"] == CODE


# --- taking it away ------------------------------------------------------------------------------


def test_who_must_have_one_keeps_the_last(required, admin, pair):
    browser, _, _ = pair(admin)

    browser.post("/second-factor/app/off/")

    assert Authenticator.objects.filter(type="totp").exists()
    assert "Your role needs a second factor" in browser.get("/second-factor/app/off/").content.decode()


def test_who_needs_none_may_take_it_away(required, marketer, pair):
    browser, _, _ = pair(marketer)

    browser.post("/second-factor/app/off/")

    assert not Authenticator.objects.exists()
    assert "second_factor.removed" in actions()


def test_new_recovery_codes_end_the_old_ones(admin, pair):
    browser, _, old = pair(admin)

    page = browser.post("/second-factor/recovery-codes/new/", follow=True)

    new = phones.recovery_codes_on(page.content.decode())
    assert len(new) == 10
    assert not set(old) & set(new)
    other = Client()
    sign_in(other, admin)
    give(other, old[0])
    assert not is_in(other)


def test_no_code_and_no_secret_stands_in_the_trail(admin, pair):
    _, secret, codes = pair(admin)
    browser = Client()
    sign_in(browser, admin)
    give(browser, codes[0])

    told = json.dumps(list(AuditEntry.objects.values()), default=str)

    for private in (secret, PASSWORD, *codes):
        assert private not in told
