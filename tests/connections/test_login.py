"""The login at Meta from the first click to the stored connection, and every other way it can end."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from apps.connections import pending, tasks
from apps.connections.models import AccountGrant, AdAccount, Connection, ConnectionCheck, PendingConnection
from apps.team.models import AuditEntry
from apps.vault import unseal
from tests.environment import NOWHERE

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("nothing_of_allauth")]

START = "/connections/login/?scope=ads_read&scope=ads_management"


@pytest.fixture
def browser(admin, signed_in):
    return signed_in(admin)


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).replace("&#x27;", "'").split())


def heading(page):
    return re.search(r"<h1>(.*?)</h1>", page.content.decode())[1].replace("&#x27;", "'")


def back(browser, address):
    """From Meta to where it leads. The address with the code answers with nothing but a way on."""
    first = browser.get(address)
    assert first.status_code == 302
    assert not first.content
    assert first["Referrer-Policy"] == "no-referrer"
    assert "code=" not in first["Location"]
    assert "state=" not in first["Location"]
    return browser.get(first["Location"])


def actions():
    return list(AuditEntry.objects.order_by("number").values_list("action", "detail"))


# --- it goes well --------------------------------------------------------------------------------


def test_the_dialog_is_asked_for_what_was_chosen_and_for_nothing_else(browser, begin, settings):
    dialog = begin(browser)

    assert dialog.asked | {"state": ""} == {
        "client_id": settings.META_APP_ID,
        "redirect_uri": "http://localhost:8000/connections/login/callback/",
        "response_type": "code",
        "scope": "ads_read,ads_management",
        "state": "",
    }
    assert len(dialog.asked["state"]) >= 16
    assert dialog.asked["state"] != begin(browser).asked["state"]
    assert begin(browser, "/connections/login/?scope=email&scope=pages_show_list").scopes == ["ads_read"]


def test_a_configuration_takes_the_place_of_the_scopes(browser, begin, settings):
    settings.META_LOGIN_CONFIG_ID = "4711"

    asked = begin(browser).asked

    assert (asked["config_id"], asked["override_default_response_type"]) == ("4711", "true")
    assert "scope" not in asked
    page = back(browser, begin(browser).say_yes("kofi", ["ads_read", "ads_management"]))
    assert heading(page) == "Kofi Mensah reaches 3 ad accounts"


def test_a_login_is_exchanged_examined_shown_named_and_stored(
    browser, begin, admin, sandbox, says_nothing_of
):
    address = begin(browser).say_yes("kofi")
    page = back(browser, address)

    assert heading(page) == "Kofi Mensah reaches 3 ad accounts"
    assert 'value="Kofi Mensah"' in page.content.decode()
    assert admin.email in page.content.decode()
    assert not Connection.objects.exists()
    waiting = PendingConnection.objects.get()
    assert waiting.created_by == admin

    done = browser.post(
        page.request["PATH_INFO"], {"name": "agency", "owner_email": "kofi@shop.example"}, follow=True
    )

    connection = Connection.objects.get()
    assert done.redirect_chain == [(f"/connections/{connection.pk}/", 302)]
    assert "agency is connected as Kofi Mensah (person); 3 ad accounts found." in words(done)
    assert (connection.kind, connection.via, connection.owner_email) == ("user", "login", "kofi@shop.example")
    assert connection.wanted_scopes == ["ads_read", "ads_management"]
    assert connection.created_by == admin
    # Sixty days, not the hour and a half of the first token; ninety for the data.
    assert timedelta(days=59) < connection.expires_at - timezone.now() <= timedelta(days=60)
    assert timedelta(days=89) < connection.data_access_expires_at - timezone.now() <= timedelta(days=90)
    assert not PendingConnection.objects.exists()
    assert ConnectionCheck.objects.get().changes[0] == "Connected by a login at Meta."
    assert actions() == [
        ("connection.login_examined", "waits for the next step"),
        ("connection.connected", "Facebook login"),
    ]
    says_nothing_of(unseal(connection.sealed_token, connection.token_place), page.content.decode())
    says_nothing_of(parse_qs(urlsplit(address).query)["code"][0], page.content.decode())


def test_the_step_survives_a_reload_and_the_back_button(browser, begin):
    address = begin(browser).say_yes("kofi")
    page = back(browser, address)

    again = browser.get(page.request["PATH_INFO"])
    assert heading(again) == heading(page)
    # The same answer of Meta's a second time: the same page, and Meta is not asked.
    assert browser.get(address)["Location"] == f"{page.request['PATH_INFO']}#"
    assert PendingConnection.objects.count() == 1
    browser.post(page.request["PATH_INFO"], {"name": "agency"})
    over = browser.get(address, follow=True)
    assert (over.status_code, heading(over)) == (410, "This step is over")
    assert Connection.objects.count() == 1


def test_of_two_who_save_the_same_step_one_is_stored(browser, begin):
    page = back(browser, begin(browser).say_yes("kofi"))
    step = page.request["PATH_INFO"]

    browser.post(step, {"name": "agency"})
    second = browser.post(step, {"name": "agency"})

    assert second.status_code == 410
    assert Connection.objects.get().version == 1


def test_a_name_that_is_taken_is_told_at_the_name_and_the_token_waits_on(browser, begin, make_connection):
    make_connection("agency", "system")
    page = back(browser, begin(browser).say_yes("kofi"))

    refused = browser.post(page.request["PATH_INFO"], {"name": "agency"})

    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"name"}
    assert browser.post(page.request["PATH_INFO"], {"name": "Kofi"}).status_code == 302
    assert Connection.objects.count() == 2


def test_what_waits_can_be_thrown_away(browser, begin):
    page = back(browser, begin(browser).say_yes("kofi"))

    gone = browser.post(page.request["PATH_INFO"], {"do": "drop"}, follow=True)

    assert "The token that waited is deleted." in words(gone)
    assert not PendingConnection.objects.exists()
    assert not Connection.objects.exists()


def test_a_person_without_ad_accounts_is_told_so(browser, begin):
    page = back(browser, begin(browser).say_yes("nils"))

    assert heading(page) == "Nils Ohne-Konto reaches 0 ad accounts"
    assert "No ad account is assigned to it" in words(page)


def test_two_logins_in_two_tabs_do_not_mix(browser, begin):
    first, second = begin(browser), begin(browser)

    page2 = back(browser, second.say_yes("kofi"))
    page1 = back(browser, first.say_yes("nils"))

    assert heading(page1).startswith("Nils Ohne-Konto")
    assert heading(page2).startswith("Kofi Mensah")
    for page, name in ((page1, "one"), (page2, "two")):
        assert browser.post(page.request["PATH_INFO"], {"name": name}).status_code == 302
    assert Connection.objects.count() == 2


def test_a_known_person_who_logs_in_anew_keeps_their_connection(browser, begin, make_connection):
    known = make_connection("Zoë", "user")

    page = back(browser, begin(browser).say_yes("zoe"))

    assert "Connected as Zoë . This token takes the place of its old one" in words(page)
    browser.post(page.request["PATH_INFO"], {"name": "Zoë"})
    renewed = Connection.objects.get()
    assert (renewed.pk, renewed.version, renewed.via) == (known.pk, known.version + 1, "login")


# --- what was not ticked -------------------------------------------------------------------------


def test_an_unticked_scope_is_named_with_what_goes_missing_and_can_be_asked_for_again(browser, begin):
    page = back(browser, begin(browser).say_yes("kofi", ["ads_read"]))

    assert "Not granted. Campaigns can be read, not changed" in words(page)
    again = re.search(r'href="([^"]+)">Ask again', page.content.decode())[1].replace("&amp;", "&")
    dialog = begin(browser, again)
    assert dialog.asked["auth_type"] == "rerequest"
    assert dialog.scopes == ["ads_read", "ads_management"]

    whole = back(browser, dialog.say_yes("kofi"))

    assert "Not granted" not in words(whole)
    browser.post(whole.request["PATH_INFO"], {"name": "agency"})
    assert Connection.objects.get().missing_scopes == []


def test_it_can_be_connected_without_an_optional_scope(browser, begin):
    page = back(browser, begin(browser).say_yes("kofi", ["ads_read"]))

    assert "Connect without it" in words(page)
    browser.post(page.request["PATH_INFO"], {"name": "agency"})

    assert Connection.objects.get().missing_scopes == ["ads_management"]


def test_without_ads_read_nothing_is_connected_and_it_can_be_asked_for_again(browser, begin):
    page = back(browser, begin(browser).say_yes("kofi", ["ads_management"]))

    assert heading(page) == "Without ads_read nothing can be read"
    assert "what was granted is ads_management, public_profile" in words(page)
    assert not PendingConnection.objects.exists()
    again = re.search(r'href="([^"]+)">Ask again', page.content.decode())[1].replace("&amp;", "&")
    assert (
        heading(back(browser, begin(browser, again).say_yes("kofi"))) == "Kofi Mensah reaches 3 ad accounts"
    )
    assert actions()[0] == ("connection.login_failed", "scope missing")


# --- connecting again ----------------------------------------------------------------------------


@pytest.fixture
def kofi(browser, begin):
    """Kofi's connection, made by a login."""
    page = back(browser, begin(browser).say_yes("kofi"))
    browser.post(page.request["PATH_INFO"], {"name": "Kofi"})
    return Connection.objects.get()


def again(connection):
    return f"/connections/login/?for={connection.pk}"


def test_logging_in_again_keeps_the_connection_its_accounts_and_its_history(
    browser, begin, kofi, marketer, clock
):
    account = AdAccount.objects.first()
    AccountGrant.objects.create(user=marketer, account=account)
    kofi.refuse(Exception("gone"))
    before = set(kofi.checks.values_list("pk", flat=True))
    clock.advance(3600)

    page = back(browser, begin(browser, again(kofi)).say_yes("kofi"))

    assert page.request["PATH_INFO"] == f"/connections/{kofi.pk}/"
    assert not PendingConnection.objects.exists()
    renewed = Connection.objects.get()
    assert (renewed.pk, renewed.name, renewed.state) == (kofi.pk, "Kofi", "active")
    assert renewed.version == kofi.version + 1
    assert renewed.sealed_token != kofi.sealed_token
    assert renewed.expires_at > kofi.expires_at
    assert renewed.reach.filter(lost_at=None).count() == 3
    assert AccountGrant.objects.get().account == account
    kept = set(renewed.checks.values_list("pk", flat=True))
    assert before < kept
    assert renewed.checks.latest("pk").changes[0] == "Connected again by a login at Meta."
    assert actions()[-1] == ("connection.connected_again", "Facebook login")


def test_a_disconnected_one_comes_back_too(browser, begin, kofi):
    browser.post(f"/connections/{kofi.pk}/disconnect/", {"name": "Kofi"})
    assert Connection.objects.get().state == "disconnected"

    back(browser, begin(browser, again(kofi)).say_yes("kofi"))

    assert Connection.objects.get().state == "active"


def test_logging_in_again_with_less_asks_before_it_stores(browser, begin, kofi):
    page = back(browser, begin(browser, again(kofi)).say_yes("kofi", ["ads_read"]))

    assert "Not ticked at Meta" in words(page)
    assert Connection.objects.get().version == kofi.version
    browser.post(page.request["PATH_INFO"], {"name": "Kofi"})
    assert Connection.objects.get().missing_scopes == ["ads_management"]


def test_somebody_elses_login_changes_nothing(browser, begin, kofi):
    page = back(browser, begin(browser, again(kofi)).say_yes("zoe"))

    assert heading(page) == "That was somebody else"
    assert "belongs to Kofi Mensah. At Meta Zoë Øvergård was logged in" in words(page)
    assert f'href="{again(kofi)}"' in page.content.decode()
    unchanged = Connection.objects.get()
    assert (unchanged.version, unchanged.sealed_token) == (kofi.version, kofi.sealed_token)
    assert not PendingConnection.objects.exists()
    note = kofi.checks.latest("pk")
    assert (note.outcome, note.reason) == (
        "unchecked",
        "A login at Meta came to nothing: that was somebody else.",
    )


def test_a_pasted_token_of_somebody_else_changes_nothing_either(browser, kofi, sandbox, make_connection):
    page = browser.post(f"/connections/new/token/?for={kofi.pk}", {"token": sandbox.token("user")})

    assert page.status_code == 422
    assert "“Kofi” belongs to Kofi Mensah, and this token to Zoë Øvergård" in words(page)
    assert not PendingConnection.objects.exists()


def test_a_system_user_is_not_asked_to_log_in(browser, make_connection):
    system = make_connection("reporting", "system")

    assert browser.get(again(system)).status_code == 404
    assert browser.get(f"/connections/new/login/?for={system.pk}").status_code == 404
    assert browser.get("/connections/new/login/?for=nonsense").status_code == 404
    assert f"/connections/new/token/?for={system.pk}" not in browser.get("/connections/").content.decode()
    system.refuse(Exception("gone"))
    assert f"/connections/new/token/?for={system.pk}" in browser.get("/connections/").content.decode()


# --- it goes wrong -------------------------------------------------------------------------------


def test_who_says_no_reads_that_nothing_was_stored(browser, begin, stored):
    address = begin(browser).say_no()
    page = back(browser, address)

    assert (page.status_code, heading(page)) == (200, "You said no at Meta")
    assert "nothing was stored" in words(page)
    assert (
        'href="/connections/login/?scope=ads_read&amp;scope=ads_management">Start again'
        in page.content.decode()
    )
    assert actions() == [("connection.login_failed", "denied")]
    # A reload tells the same and is no second refusal.
    assert heading(browser.get(address, follow=True)) == "You said no at Meta"
    assert len(actions()) == 1


def test_a_code_that_was_used_is_told(browser, begin, sandbox):
    address = begin(browser).say_yes("kofi")
    code = parse_qs(urlsplit(address).query)["code"][0]
    back(browser, address)

    other = begin(browser)
    page = back(browser, f"/connections/login/callback/?code={code}&state={other.asked['state']}")

    assert heading(page) == "This login was used already"
    assert PendingConnection.objects.count() == 1
    assert ("connection.login_failed", "code used") in actions()


def test_a_code_that_is_too_old_is_told(browser, begin, sandbox):
    address = begin(browser).say_yes("kofi")
    sandbox.advance(601)

    page = back(browser, address)

    assert heading(page) == "This login came too late"
    assert not PendingConnection.objects.exists()


def test_a_code_for_another_address_is_told_with_what_to_enter(browser, begin, settings):
    address = begin(browser).say_yes("kofi")
    settings.SITE_URL = "http://localhost:9000"

    page = back(browser, address)

    assert heading(page) == "Meta was told another address"
    assert "http://localhost:9000/connections/login/callback/" in words(page)
    assert 'href="/setup/"' in page.content.decode()


@pytest.mark.parametrize("setting", ["META_APP_SECRET", "META_APP_ID"])
def test_an_app_that_meta_does_not_know_is_ours_to_mend(browser, begin, settings, setting, says_nothing_of):
    address = begin(browser).say_yes("kofi")
    setattr(settings, setting, "98765432109876")

    page = back(browser, address)

    assert heading(page) == "Meta does not accept this installation's app"
    assert "META_APP_SECRET" in words(page)
    if setting == "META_APP_SECRET":
        says_nothing_of("98765432109876", page.content.decode())


PLACES = {
    "the code": ("/oauth/access_token", 1),
    "the verdict": ("/debug_token", 9),
    "the name": ("/me$", 9),
    "the ad accounts": ("/me/adaccounts$", 9),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["html_502", "reset", "unavailable", "empty"])
def test_trouble_at_meta_in_the_middle_stores_nothing(browser, begin, sandbox, no_pauses, place, kind):
    address = begin(browser).say_yes("kofi")
    path, times = PLACES[place]
    sandbox.fail(kind, path=path, times=times)

    page = back(browser, address)

    assert heading(page) == "Meta did not answer"
    assert "Start again in a few minutes." in words(page)
    assert not PendingConnection.objects.exists()
    assert actions() == [("connection.login_failed", "unreachable")]


def test_a_meta_that_can_not_be_reached_is_told(browser, begin, settings):
    address = begin(browser).say_yes("kofi")
    settings.META_GRAPH_URL = NOWHERE

    assert heading(back(browser, address)) == "Meta did not answer"


def test_an_error_of_the_dialog_is_told_without_its_markup(browser, begin):
    state = begin(browser).asked["state"]

    page = back(browser, f"/connections/login/callback/?error=<script>x&error_message=no&state={state}")

    assert heading(page) == "The dialog at Meta came to no end"
    assert "scriptx" in words(page)


def test_an_answer_without_anything_is_told(browser, begin):
    state = begin(browser).asked["state"]

    assert heading(back(browser, f"/connections/login/callback/?state={state}")) == (
        "The dialog at Meta came to no end"
    )


# --- attacks, and what looks like them -----------------------------------------------------------


def test_a_state_of_another_session_is_not_looked_at(browser, begin, admin, signed_in, make_person, sandbox):
    address = begin(browser).say_yes("kofi")
    calls = sandbox.state()["calls"]

    for victim in (signed_in(admin), signed_in(make_person("admin", "eve@agency.example"))):
        page = back(victim, address)
        assert (page.status_code, heading(page)) == (400, "This login was not begun here")
        assert "Start again" in words(page)
    stranger = back(Client(), address)
    assert "Sign in and start again" in words(stranger)

    assert sandbox.state()["calls"] == calls
    assert not PendingConnection.objects.exists()
    # It was not used up: its owner's browser goes on with it.
    assert heading(back(browser, address)) == "Kofi Mensah reaches 3 ad accounts"


@pytest.mark.parametrize(
    "query",
    ["", "?code=AQBxyz", "?code=AQBxyz&state=", "?code=AQBxyz&state=guessed-it", "?error=access_denied"],
)
def test_the_callback_without_a_beginning_is_not_looked_at(browser, sandbox, query):
    calls = sandbox.state()["calls"]

    page = back(browser, f"/connections/login/callback/{query}")

    assert heading(page) == "This login was not begun here"
    assert sandbox.state()["calls"] == calls
    assert actions() == []


def test_a_state_is_good_for_ten_minutes(browser, begin, clock):
    address = begin(browser).say_yes("kofi")
    clock.traveller.shift(601)

    assert heading(back(browser, address)) == "This login was not begun here"


def test_a_state_is_good_once_with_whatever_code(browser, begin):
    dialog = begin(browser)
    back(browser, dialog.say_no())

    page = browser.get(dialog.say_yes("kofi"), follow=True)

    assert heading(page) == "You said no at Meta"
    assert not PendingConnection.objects.exists()


def test_who_was_signed_out_at_meta_signs_in_and_starts_again(browser, begin):
    address = begin(browser).say_yes("kofi")
    browser.post("/sign-out/")

    page = back(browser, address)

    assert heading(page) == "This login was not begun here"
    assert "your sign-in ended while you were at Meta" in words(page)
    assert 'href="/sign-in/?next=/connections/new/login/"' in page.content.decode()
    assert not PendingConnection.objects.exists()


def test_who_may_not_connect_any_more_stores_nothing(browser, begin, admin, make_person):
    make_person("admin", "other@agency.example")
    address = begin(browser).say_yes("kofi")
    admin.groups.clear()

    page = back(browser, address)

    assert (page.status_code, heading(page)) == (403, "You may not connect ad accounts any more")
    assert not PendingConnection.objects.exists()


def test_nobody_signs_in_by_it(begin, browser, sandbox):
    for address in ("/connections/login/", "/accounts/facebook/login/", "/facebook/login/token/"):
        page = Client().get(address)
        assert page.status_code == 404 or page["Location"].startswith("/sign-in/")
    stranger = Client()
    stranger.get("/connections/login/callback/?code=AQBxyz&state=x&process=login", follow=True)
    assert "_auth_user_id" not in stranger.session


def test_what_waits_is_for_one_person_in_one_browser(browser, begin, admin, signed_in, make_person):
    page = back(browser, begin(browser).say_yes("kofi"))
    step = page.request["PATH_INFO"]

    for other in (signed_in(admin), signed_in(make_person("admin", "eve@agency.example"))):
        assert heading(other.get(step)) == "This step is over"
        assert other.post(step, {"name": "mine"}).status_code == 410
        assert other.post(step, {"do": "drop"}).status_code == 410
    assert not Connection.objects.exists()
    assert PendingConnection.objects.count() == 1


def test_what_waits_is_over_after_a_quarter_of_an_hour_and_deleted(browser, begin, clock):
    page = back(browser, begin(browser).say_yes("kofi"))
    tasks.forget_pending()
    assert PendingConnection.objects.count() == 1
    clock.advance(15 * 60 + 1)

    assert browser.post(page.request["PATH_INFO"], {"name": "late"}).status_code == 410
    assert pending.forget_old() == 1
    assert not Connection.objects.exists()
    assert not PendingConnection.objects.exists()


def test_a_person_who_takes_it_back_at_meta_is_not_kept_waiting(browser, begin):
    back(browser, begin(browser).say_yes("kofi"))

    pending.forget_person(PendingConnection.objects.get().found["subject_id"])

    assert not PendingConnection.objects.exists()


def test_a_token_that_dies_while_it_waits_is_told_and_not_stored(browser, begin, sandbox):
    page = back(browser, begin(browser).say_yes("kofi"))
    sandbox.fail(path="/me/adaccounts$", code=190, subcode=460, message="changed", times=5)

    refused = browser.post(page.request["PATH_INFO"], {"name": "agency"})

    assert refused.status_code == 422
    assert "its owner has changed the password" in words(refused)
    assert not Connection.objects.exists()


def test_more_ad_accounts_cost_no_more_questions_and_the_calls_are_few(
    browser, begin, sandbox, count_queries
):
    few, many = begin(browser).say_yes("kofi"), begin(browser).say_yes("zoe")
    calls = sandbox.state()["calls"]

    first = count_queries(lambda: browser.get(few))

    # The code, the exchange, the verdict, the name, the ad accounts, the permissions.
    assert sandbox.state()["calls"] - calls == 6
    assert count_queries(lambda: browser.get(many)) <= first


def test_no_log_tells_a_code_a_state_or_a_token(browser, begin, everything_logged):
    address = begin(browser).say_yes("kofi")
    told = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    everything_logged.clear()
    browser.get(address)
    browser.get(address.replace("state=", "state=x"), follow=True)
    Client().get(address, follow=True)

    for secret in told.values():
        assert secret not in everything_logged.text
    assert "EAA" not in everything_logged.text
