"""Connecting a token, on the page and by command: what is taken, what is refused and why, and that nothing leaks."""

import json
import sys
from io import StringIO

import pytest
from django.core.management import call_command

from apps.connections import tokens
from apps.connections.models import AccountGrant, AdAccount, Connection, Reach
from apps.reporting import sync
from apps.reporting.models import Insight, SyncRun
from apps.vault import unseal
from tests.environment import NOWHERE
from tests.other_graph import TOKEN

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_good_token_is_checked_sealed_and_its_ad_accounts_are_found(attempt, sandbox, says_nothing_of):
    outcome = attempt("reporting", sandbox.token())

    assert outcome.taken
    assert "reporting is connected as reporting-prod (system user); 12 ad accounts found." in outcome.text
    connection = Connection.objects.get()
    assert (connection.kind, connection.state) == ("system_user", "active")
    assert "ads_read" in connection.scopes
    assert connection.never_expires
    assert unseal(connection.sealed_token, connection.token_place) == sandbox.token()
    assert AdAccount.objects.reachable().count() == 12
    says_nothing_of(sandbox.token(), outcome.text)


@pytest.mark.parametrize(
    "way", ["{}\n", "{}\r\n\r\n", '"{}"', "'{}'\n", "\ufeff{}\n", '\ufeff "{}" \n', "\t{}\u200b ", "\xa0{}"]
)
def test_what_a_copy_leaves_around_a_token_does_not_matter(attempt, sandbox, way):
    outcome = attempt("reporting", way.format(sandbox.token()))

    assert outcome.taken, outcome.text
    connection = Connection.objects.get()
    assert unseal(connection.sealed_token, connection.token_place) == sandbox.token()


NO_TOKENS = {
    "a space in the middle": ("EAA" + "x" * 90 + " " + "y" * 90, "space or a line break in the middle"),
    "a line break in the middle": ("EAA" + "x" * 90 + "\n" + "y" * 90, "space or a line break in the middle"),
    "two tokens": ("EAA" + "x" * 90 + "\n" + "EAA" + "y" * 90, "two were pasted"),
    "only blanks": (" \n", "No token was given|This field is required"),
    "only quotes": ("''", "No token was given"),
    "nothing": ("", "No token was given|This field is required"),
    "an app token": ("123456789012345|0123456789abcdef0123456789abcdef", "app's own token"),
    "letters of another script": ("EAAüñïçødé" * 9, "characters that no token has"),
    "a Cyrillic А": ("EА" + "A" * 100, "characters that no token has"),
    "a control character": ("EAA\x07" + "x" * 90, "characters that no token has"),
    "a zero byte": ("EAA\x00" + "x" * 90, "characters that no token has|Null characters"),
    "a whole page": ("EAA" + "x" * 3000, "has 3003 characters"),
    "a whole book": ("EAA" + "x" * 20_000, "20003"),
}


@pytest.mark.parametrize("case", NO_TOKENS)
def test_what_can_be_no_token_is_refused_before_meta_is_asked(
    attempt, sandbox, stored, says_nothing_of, case
):
    text, sentence = NO_TOKENS[case]
    before = stored()

    outcome = attempt("reporting", text)

    assert not outcome.taken
    assert any(part in outcome.text for part in sentence.split("|")), outcome.text
    assert stored() == before
    assert sandbox.state()["calls"] == 0
    if len(text) > 5:
        says_nothing_of(text, outcome.text)


def test_a_closed_input_holds_no_token(by_command, sandbox):
    outcome = by_command("reporting", None)

    assert not outcome.taken
    assert "No token was given" in outcome.text


def test_bytes_that_are_no_text_are_refused(by_command, sandbox):
    outcome = by_command("reporting", sandbox.token().encode("utf-16"))

    assert not outcome.taken
    assert "characters that no token has" in outcome.text


DEAD = {
    "expired": "it has expired. Generate a new token",
    "revoked": "removed the app. Generate a new token",
    "password_changed": "changed the password. Generate a new token",
    "foreign_app": "belongs to another app",
    "no_ads_read": "lacks ads_read (it grants business_management)",
    "EAAgarbage" + "z" * 120: "Invalid OAuth access token",
}


@pytest.mark.parametrize("name", DEAD, ids=lambda name: name[:16])
def test_a_token_that_will_not_do_is_refused_with_what_to_do(attempt, sandbox, stored, says_nothing_of, name):
    token, before = sandbox.tokens.get(name, name), stored()

    outcome = attempt("reporting", token)

    assert not outcome.taken
    assert DEAD[name] in outcome.text
    assert stored() == before
    says_nothing_of(token, outcome.text)


def test_a_token_that_expires_while_it_is_pasted_is_refused(attempt, sandbox, clock, stored):
    before = stored()
    clock.traveller.shift(4 * 24 * 3600)  # here only: the sandbox believes that it is still good

    outcome = attempt("reporting", sandbox.token("expiring"))

    assert "This token is not valid: it has expired." in outcome.text
    assert stored() == before


def test_a_token_that_dies_between_two_questions_is_refused(attempt, sandbox, stored):
    before = stored()
    sandbox.fail(
        path="/me/adaccounts$",
        code=190,
        subcode=460,
        message="Error validating access token: changed",
        times=5,
    )

    outcome = attempt("reporting", sandbox.token())

    assert "Meta refuses this token: its owner has changed the password." in outcome.text
    assert stored() == before


def test_a_token_that_may_not_list_ad_accounts_is_refused(attempt, sandbox, stored):
    before = stored()
    sandbox.fail(path="/me/adaccounts$", code=200, status=403, message="(#200) Requires ads_read", times=5)

    outcome = attempt("reporting", sandbox.token())

    assert "may not list its ad accounts. Generate it with ads_read." in outcome.text
    assert stored() == before


UNCHECKED = {
    "html_502": "could not be checked, so nothing was stored",
    "empty": "could not be checked, so nothing was stored",
    "text": "could not be checked, so nothing was stored",
    "unavailable": "could not be checked, so nothing was stored",
    "cut_off": "could not be checked, so nothing was stored",
    "reset": "Meta could not be reached",
}


@pytest.mark.parametrize("kind", UNCHECKED)
@pytest.mark.parametrize("path", ["/debug_token$", "/me$", "/me/adaccounts$"])
def test_trouble_at_meta_stores_nothing_and_says_that_the_token_was_not_judged(
    by_command, sandbox, stored, no_pauses, says_nothing_of, kind, path
):
    before = stored()
    sandbox.fail(kind, path=path, times=9)

    outcome = by_command("reporting", sandbox.token())

    sentence = UNCHECKED[kind] if "debug" in path else "could not be asked about this token's ad accounts"
    assert not outcome.taken
    assert sentence in outcome.text
    assert stored() == before
    says_nothing_of(sandbox.token(), outcome.text)


def test_one_hiccup_is_waited_out(attempt, sandbox, no_pauses):
    sandbox.fail("html_502", path="/debug_token$")

    assert attempt("reporting", sandbox.token()).taken
    assert len(no_pauses) == 1


def test_a_meta_that_can_not_be_reached_is_named(
    attempt, sandbox, settings, stored, no_pauses, says_nothing_of
):
    before = stored()
    settings.META_GRAPH_URL = NOWHERE

    outcome = attempt("reporting", sandbox.token())

    assert f"Meta could not be reached at {NOWHERE}" in outcome.text
    assert "Check META_GRAPH_URL" in outcome.text
    assert stored() == before
    says_nothing_of(sandbox.token(), outcome.text)


@pytest.mark.parametrize("graph", ["sandbox", "other_graph"])
def test_a_wrong_app_secret_is_ours_to_mend_and_says_nothing_about_the_token(
    attempt, graph, request, settings, stored, says_nothing_of
):
    url = request.getfixturevalue(graph).url
    token = request.getfixturevalue(graph).token() if graph == "sandbox" else TOKEN
    settings.META_GRAPH_URL, settings.META_APP_SECRET = url, "fedcba9876543210fedcba9876543210"
    before = stored()

    outcome = attempt("reporting", token)

    assert not outcome.taken
    assert "META_APP_SECRET" in outcome.text
    assert stored() == before
    says_nothing_of(token, outcome.text)
    says_nothing_of(settings.META_APP_SECRET, outcome.text)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"type": "PAGE"}, "a token of the kind PAGE, which reads no ad accounts"),
        ({"type": ""}, "a token of the kind unknown"),
        ({"user_id": ""}, "does not say whose token this is"),
        ({"user_id": "6"}, "names two different owners"),
        ({"scopes": []}, "it grants nothing"),
        ({"app_id": "555"}, "belongs to another app (Other), not to app 987654321098765"),
        ({"expires_at": 1}, "it has expired"),
        ({"is_valid": False, "error": {"code": 190, "message": "Because."}}, "not valid: Because. Generate"),
        ({"is_valid": False}, "Meta does not say why"),
    ],
)
def test_what_meta_says_of_a_token_decides(attempt, other_graph, stored, says, sentence):
    other_graph.token = other_graph.token | says
    before = stored()

    outcome = attempt("reporting", TOKEN)

    assert not outcome.taken
    assert sentence in outcome.text
    assert stored() == before


def test_a_token_without_ad_accounts_is_kept_and_says_what_to_do(attempt, other_graph):
    other_graph.accounts = []

    outcome = attempt("reporting", TOKEN)

    assert outcome.taken
    assert "no ad account is assigned to it. Assign some in Meta's business settings" in outcome.text
    assert not AdAccount.objects.exists()


def test_what_meta_leaves_out_does_not_matter(attempt, other_graph):
    for name in ("app_id", "application", "issued_at", "data_access_expires_at"):
        del other_graph.token[name]

    assert attempt("reporting", TOKEN).taken
    assert attempt("reporting", TOKEN).taken
    connection = Connection.objects.get()
    assert connection.app_id == "987654321098765"
    assert connection.issued_at is None


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "has no name|This field is required"),
        ("  ", "has no name|This field is required"),
        ("x" * 81, "81 characters; 80 is the most|at most 80 characters"),
        ("a\x1bb", "can not be shown"),
        ("a\x00b", "can not be shown|Null characters"),
    ],
)
def test_a_name_that_nobody_could_read_is_refused(attempt, sandbox, name, sentence):
    outcome = attempt(name, sandbox.token())

    assert not outcome.taken
    assert any(part in outcome.text for part in sentence.split("|")), outcome.text
    assert not Connection.objects.exists()


def test_blanks_in_a_name_do_not_make_another_name(attempt, sandbox):
    attempt("agency EU", sandbox.token())

    outcome = attempt("  agency   EU ", sandbox.token("sixty_day"))

    assert "agency EU has a new token" in outcome.text
    assert Connection.objects.get().name == "agency EU"


def test_the_same_name_and_identity_renew_and_keep_everything(attempt, sandbox, marketer, no_pauses):
    attempt("reporting", sandbox.token("system"))
    connection, account = Connection.objects.get(), AdAccount.objects.get(name__contains="Fjäll")
    AccountGrant.objects.create(user=marketer, account=account)
    sync.perform(sync.request([account], SyncRun.Reason.COMMAND)[0].pk)
    insights, sealed = Insight.objects.count(), connection.sealed_token
    connection.refuse(tokens.TokenRefused("gone"))

    outcome = attempt("reporting", sandbox.token("sixty_day"))

    assert (
        "reporting has a new token and reporting-prod (system user); 12 ad accounts found."
        not in outcome.text
    )
    assert "reporting has a new token" in outcome.text
    renewed = Connection.objects.get()
    assert renewed.pk == connection.pk
    assert renewed.sealed_token != sealed
    assert renewed.fingerprint != connection.fingerprint
    assert (renewed.state, renewed.state_reason) == ("active", "")
    assert unseal(renewed.sealed_token, renewed.token_place) == sandbox.token("sixty_day")
    assert renewed.expires_at is not None
    assert not renewed.never_expires
    assert Reach.objects.filter(lost_at=None).count() == 12
    assert AccountGrant.objects.count() == 1
    assert Insight.objects.count() == insights > 0


def test_an_identity_is_not_connected_twice_under_two_names(attempt, sandbox):
    attempt("reporting", sandbox.token("system"))
    sealed = Connection.objects.get().sealed_token

    outcome = attempt("second", sandbox.token("sixty_day"))

    assert not outcome.taken
    assert "belongs to reporting-prod, who is already connected as “reporting”" in outcome.text
    assert Connection.objects.get().sealed_token == sealed


def test_a_name_is_not_taken_over_by_another_identity(attempt, sandbox):
    attempt("reporting", sandbox.token("system"))
    sealed = Connection.objects.get().sealed_token

    outcome = attempt("reporting", sandbox.token("reporting"))

    assert not outcome.taken
    assert "The name “reporting” is taken by a connection of another identity" in outcome.text
    assert Connection.objects.get().sealed_token == sealed


def test_several_identities_stand_side_by_side(attempt, sandbox):
    attempt("everything", sandbox.token("system"))
    attempt("a few", sandbox.token("reporting"))

    attempt("Zoë", sandbox.token("user"))

    assert [c.reach.count() for c in Connection.objects.order_by("created_at")] == [12, 4, 12]
    assert AdAccount.objects.count() == 12
    assert Connection.objects.get(name="Zoë").kind == "user"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["reporting", "another"])
def test_of_two_who_connect_the_same_at_once_one_connection_is_left(sandbox, at_once, second):
    results = at_once(
        lambda: tokens.connect("reporting", sandbox.token("system")),
        lambda: tokens.connect(second, sandbox.token("sixty_day")),
    )

    assert Connection.objects.count() == 1
    assert AdAccount.objects.count() == 12
    for result in results:
        assert isinstance(result, tokens.Connected | tokens.NameRefused), repr(result)
    assert sum(isinstance(result, tokens.Connected) for result in results) == (
        2 if second == "reporting" else 1
    )
    connection = Connection.objects.get()
    assert unseal(connection.sealed_token, connection.token_place).startswith("EAA")


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_ends_at_the_same_connection(admin, signed_in, sandbox, at_once):
    sandbox.fail("delay", path="/me/adaccounts$", seconds=0.3, times=2)
    browser = signed_in(admin)
    step = browser.post("/connections/new/token/", {"token": sandbox.token("system")})["Location"]

    pages = at_once(*[lambda: browser.post(step, {"name": "reporting"})] * 2)

    connection = Connection.objects.get()
    assert [page["Location"] for page in pages] == [f"/connections/{connection.pk}/"] * 2
    assert connection.state == "active"
    assert connection.checks.count() == 1


def test_the_same_token_once_more_is_no_new_token(attempt, sandbox):
    attempt("reporting", sandbox.token("system"))

    outcome = attempt("reporting", sandbox.token("system"))

    assert outcome.taken
    assert "reporting is connected as reporting-prod (system user); 12 ad accounts found." in outcome.text
    assert Connection.objects.get().checks.count() == 1


# --- the command ---------------------------------------------------------------------------------


def test_the_command_tells_scripts_in_json(sandbox, monkeypatch):
    monkeypatch.setattr(sys, "stdin", _Piped(sandbox.token()))
    out = StringIO()

    call_command("connect", "reporting", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["connection"] == str(Connection.objects.get().pk)
    assert (told["name"], told["kind"], told["subject_name"]) == (
        "reporting",
        "system_user",
        "reporting-prod",
    )
    assert (told["ad_accounts"], told["renewed"]) == (12, False)
    assert "ads_read" in told["scopes"]
    assert sandbox.token() not in out.getvalue()


class _Piped:
    """Standard input of a script."""

    def __init__(self, text):
        import io

        self.buffer = io.BytesIO(text.encode())

    def isatty(self):
        return False
