"""Inviting people, their roles, switching them off, and what an admin may not do."""

import re
import socket

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from apps.connections.models import AccountGrant, Connection
from apps.team import members
from apps.team.models import AuditEntry, Invitation, User
from tests.conftest import PASSWORD
from tests.team import apps_on_phones as phones

pytestmark = [pytest.mark.django_db, pytest.mark.services]

NEW = "kenji@agency.example"


def last():
    entry = AuditEntry.objects.order_by("-number").first()
    return (entry.action, entry.thing, entry.detail)


def invite(browser, email=NEW, role="marketer"):
    return browser.post("/users/invite/", {"email": email, "role": role}, follow=True)


def link():
    return re.search(r"http://localhost:8000(/invitation/\S+/)", mail.outbox[-1].body).group(1)


def join(address, name="Kenji Watanabe", password="a-good-long-password"):
    browser = Client()
    browser.get(address)
    return browser, browser.post("/join/", {"name": name, "password": password, "again": password})


def said(page):
    return [str(message) for message in page.context["messages"]]


# --- the page ------------------------------------------------------------------------------------


def test_the_page_shows_everybody_with_role_accounts_factor_and_last_seen(
    admin, support, marketer, make_account, signed_in, settings
):
    settings.REQUIRE_TWO_FACTOR = False
    AccountGrant.objects.create(user=marketer, account=make_account("Fjäll"))
    invite(signed_in(admin))

    page = signed_in(admin).get("/users/").content.decode()

    for piece in (
        "Ada Admin",
        "Sam Support",
        "Mara Marketer",
        NEW,
        "Invited",
        "Fjäll",
        "1 invitation is open",
    ):
        assert piece in page
    assert "3 people, 1 of them admin." in page
    assert "invite a second one" in page


def test_more_people_cost_no_more_queries(admin, make_person, signed_in, count_queries):
    browser = signed_in(admin)
    make_person("marketer", "m0@agency.example")
    few = count_queries(lambda: browser.get("/users/"))

    for n in range(1, 12):
        make_person("marketer", f"m{n}@agency.example")

    assert count_queries(lambda: browser.get("/users/")) == few


def test_the_matrix_says_what_the_roles_may(admin, signed_in):
    page = signed_in(admin).get("/users/").content.decode()

    row = re.search(r"Invite people and grant ad accounts</th>(.*?)</tr>", page, re.S).group(1)
    assert re.findall(r'<span class="vh">(yes|no)</span>', row) == ["no", "no", "yes"]


# --- invitations ---------------------------------------------------------------------------------


def test_an_invitation_goes_out_by_mail_and_is_recorded_without_its_link(admin, signed_in):
    page = invite(signed_in(admin))

    person = User.objects.get(email=NEW)
    assert (person.role, person.is_active, person.has_usable_password()) == ("marketer", False, False)
    assert mail.outbox[0].to == [NEW]
    assert last() == ("person.invited", NEW, "as marketer")
    assert "on its way" in said(page)[0]
    token = link().split("/")[2]
    assert token not in page.content.decode()
    assert token not in str(list(Invitation.objects.values())) + str(list(AuditEntry.objects.values()))


def test_when_the_mail_does_not_go_out_the_link_is_shown(admin, signed_in, settings, caplog):
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()

        page = invite(signed_in(admin)).content.decode()

    assert "The mail was not sent" in page
    address = re.search(r"http://localhost:8000(/invitation/\S+?/)<", page).group(1)
    assert address.split("/")[2] not in caplog.text
    assert join(address)[1].status_code == 302


@pytest.mark.parametrize(
    ("email", "says"), [("no address", "valid email"), ("ADMIN@agency.example", "a member already")]
)
def test_who_can_not_be_invited_is_told_at_the_field(admin, signed_in, email, says):
    page = invite(signed_in(admin), email)

    assert page.status_code == 422
    assert says in page.content.decode()
    assert not mail.outbox


def test_an_unknown_role_is_refused(admin, signed_in):
    assert invite(signed_in(admin), role="emperor").status_code == 422
    assert not Invitation.objects.exists()


def test_who_was_invited_chooses_a_name_and_a_password_and_is_in(admin, signed_in):
    invite(signed_in(admin))

    browser, page = join(link())

    person = User.objects.get(email=NEW)
    assert (page.status_code, page["Location"]) == (302, "/")
    assert (person.name, person.is_active) == ("Kenji Watanabe", True)
    assert browser.session["_auth_user_id"] == str(person.pk)
    assert UserSession.objects.get().user == person
    assert AuditEntry.objects.filter(action="person.joined", actor=person.pk).exists()


def test_an_invited_admin_pairs_before_anything_else(admin, signed_in, required, pair):
    invite(pair(admin)[0], role="admin")

    browser, _ = join(link())

    assert browser.get("/users/")["Location"] == "/second-factor/"
    secret = phones.secret_on(browser.get("/second-factor/app/").content.decode())
    browser.post("/second-factor/app/", {"code": phones.code(secret)})
    assert browser.get("/users/").status_code == 200


def test_a_link_works_once(admin, signed_in):
    invite(signed_in(admin))
    join(link())

    _, page = join(link(), name="Eve", password="another-good-password")

    assert page.status_code == 410
    assert "no longer works" in page.content.decode()
    assert User.objects.get(email=NEW).name == "Kenji Watanabe"


def test_a_link_is_not_used_up_by_looking_at_it(admin, signed_in):
    invite(signed_in(admin))
    for _ in range(3):
        assert Client().get(link(), follow=True).status_code == 200

    assert join(link())[1].status_code == 302


def test_a_link_works_for_seven_days(admin, signed_in, clock):
    invite(signed_in(admin))

    clock.advance(7 * 86400 + 1)

    assert join(link())[1].status_code == 410


@pytest.mark.django_db(transaction=True)
def test_two_with_the_same_link_at_once_are_one(admin, signed_in, at_once):
    invite(signed_in(admin))
    address = link()

    pages = [page for _, page in at_once(*[lambda n=n: join(address, name=f"Number {n}") for n in range(4)])]

    assert sorted(page.status_code for page in pages) == [302, 410, 410, 410]


def test_the_token_does_not_stay_in_the_address(admin, signed_in):
    invite(signed_in(admin))

    page = Client().get(link(), follow=True)

    assert page.redirect_chain == [("/join/", 302)]
    assert link().split("/")[2] not in page.content.decode()


@pytest.mark.parametrize(
    ("name", "password", "again", "says"),
    [
        ("Kenji", "short", "short", "too short"),
        ("Kenji", "passwordpassword", "passwordpassword2", "not the same"),
        ("Kenji", "kenji@agency.example", "kenji@agency.example", "too similar"),
        ("", PASSWORD, PASSWORD, "required"),
        ("x" * 151, PASSWORD, PASSWORD, "at most 150"),
    ],
)
def test_what_will_not_do_is_told_and_the_link_still_works(admin, signed_in, name, password, again, says):
    invite(signed_in(admin))
    browser = Client()
    browser.get(link())

    page = browser.post("/join/", {"name": name, "password": password, "again": again})

    assert page.status_code == 422
    assert says in page.content.decode()
    assert join(link())[1].status_code == 302


def test_a_new_link_ends_the_old_one(admin, signed_in):
    browser = signed_in(admin)
    invite(browser)
    old = link()

    browser.post(f"/users/{User.objects.get(email=NEW).pk}/invitation/")

    assert last() == ("person.invited", NEW, "once more")
    assert join(old)[1].status_code == 410
    assert join(link())[1].status_code == 302


def test_an_invitation_is_taken_back(admin, signed_in):
    browser = signed_in(admin)
    invite(browser)

    page = browser.post(f"/users/{User.objects.get(email=NEW).pk}/invitation/take-back/", follow=True)

    assert page.redirect_chain[-1][0] == "/users/"
    assert join(link())[1].status_code == 410
    assert not User.objects.filter(email=NEW).exists()
    assert last()[0] == "person.uninvited"


def test_who_has_joined_is_not_taken_back(admin, marketer, signed_in):
    page = signed_in(admin).post(f"/users/{marketer.pk}/invitation/take-back/", follow=True)

    assert "has joined already" in said(page)[0]
    assert User.objects.filter(pk=marketer.pk).exists()


# --- roles ---------------------------------------------------------------------------------------


def test_a_role_is_changed_and_recorded(admin, marketer, signed_in):
    signed_in(admin).post(f"/users/{marketer.pk}/role/", {"role": "support"})

    assert User.objects.get(pk=marketer.pk).role == "support"
    assert last() == ("person.role", marketer.email, "marketer to support")


def test_nobody_changes_their_own_role(admin, make_person, signed_in):
    make_person("admin", "second@agency.example")

    page = signed_in(admin).post(f"/users/{admin.pk}/role/", {"role": "marketer"}, follow=True)

    assert "Nobody changes their own role" in said(page)[0]
    assert User.objects.get(pk=admin.pk).role == "admin"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["role", "off"])
def test_two_admins_who_remove_each_other_at_once_leave_one(make_person, signed_in, at_once, deed):
    one, two = make_person("admin", "one@agency.example"), make_person("admin", "two@agency.example")
    first, second = signed_in(one), signed_in(two)
    data = {"role": "marketer"}

    at_once(
        lambda: first.post(f"/users/{two.pk}/{deed}/", data),
        lambda: second.post(f"/users/{one.pk}/{deed}/", data),
    )

    assert User.objects.admins().count() == 1


def test_the_last_admin_stays_one(admin, make_person, rf):
    other = make_person("admin", "other@agency.example")
    other.is_active = False
    other.save()

    with pytest.raises(members.Refused, match="last admin"):
        members._leave_an_admin(admin)


# --- switching off -------------------------------------------------------------------------------


def test_who_is_switched_off_is_out_at_once_and_stays_out(admin, marketer, signed_in):
    theirs = Client()
    theirs.post("/sign-in/", {"login": marketer.email, "password": PASSWORD})

    signed_in(admin).post(f"/users/{marketer.pk}/off/")

    assert theirs.get("/performance/").status_code == 302
    assert not UserSession.objects.exists()
    assert last() == ("person.switched_off", marketer.email, "")
    again = Client().post("/sign-in/", {"login": marketer.email, "password": PASSWORD}, follow=True)
    assert "switched off" in again.content.decode()


def test_what_they_own_is_named_and_handed_over(admin, support, make_connection, signed_in):
    Connection.objects.filter(pk=make_connection("agency EU").pk).update(owner_email=support.email)
    browser = signed_in(admin)

    page = browser.post(f"/users/{support.pk}/off/", follow=True)
    assert said(page) == ["Say who takes over connection agency EU."]
    assert User.objects.get(pk=support.pk).is_active
    browser.post(f"/users/{support.pk}/off/", {"to": admin.pk})

    assert not User.objects.get(pk=support.pk).is_active
    assert Connection.objects.get().owner_email == admin.email
    assert last() == ("person.switched_off", support.email, "connection agency EU handed over to Ada Admin")


def test_what_they_own_goes_to_an_admin_only(admin, support, marketer, make_connection, signed_in):
    Connection.objects.filter(pk=make_connection().pk).update(owner_email=support.email)

    page = signed_in(admin).post(f"/users/{support.pk}/off/", {"to": marketer.pk})

    assert page.status_code == 422
    assert User.objects.get(pk=support.pk).is_active


def test_nobody_switches_off_themselves(admin, make_person, signed_in):
    make_person("admin", "second@agency.example")

    page = signed_in(admin).post(f"/users/{admin.pk}/off/", follow=True)

    assert "their own account" in said(page)[0]


def test_who_was_switched_off_is_switched_on_again(admin, marketer, signed_in):
    browser = signed_in(admin)
    browser.post(f"/users/{marketer.pk}/off/")

    browser.post(f"/users/{marketer.pk}/on/")

    assert Client().post("/sign-in/", {"login": marketer.email, "password": PASSWORD})["Location"] == "/"


def test_an_invitation_is_not_joined_by_switching_on(admin, signed_in):
    browser = signed_in(admin)
    invite(browser)
    person = User.objects.get(email=NEW)

    browser.post(f"/users/{person.pk}/on/")

    assert not User.objects.get(pk=person.pk).is_active


# --- second factor, lock-out, sessions -----------------------------------------------------------


def test_a_lost_phone_is_forgotten_and_the_next_sign_in_pairs_a_new_one(required, support, make_person, pair):
    theirs, _, _ = pair(support)
    browser, _, _ = pair(make_person("admin", name="Ada Admin"))

    browser.post(f"/users/{support.pk}/second-factor/reset/")

    assert last() == ("second_factor.reset", support.email, "1 removed")
    assert theirs.get("/performance/").status_code == 302
    fresh = Client()
    fresh.post("/sign-in/", {"login": support.email, "password": PASSWORD})
    assert fresh.get("/performance/")["Location"] == "/second-factor/"


def test_a_lock_out_is_lifted(admin, marketer, signed_in):
    for _ in range(5):
        Client().post("/sign-in/", {"login": marketer.email, "password": "wrong"})

    signed_in(admin).post(f"/users/{marketer.pk}/unlock/")

    assert Client().post("/sign-in/", {"login": marketer.email, "password": PASSWORD}).status_code == 302
    assert AuditEntry.objects.filter(action="sign_in.unlocked").exists()


@pytest.fixture
def two_browsers(marketer, clock):
    browsers = [Client(HTTP_USER_AGENT=f"Browser {n}", REMOTE_ADDR=f"192.0.2.{n}") for n in (1, 2)]
    for browser in browsers:
        browser.post("/sign-in/", {"login": marketer.email, "password": PASSWORD})
    return browsers


def test_an_admin_sees_and_ends_one_session_of_a_person(admin, marketer, two_browsers, signed_in):
    browser = signed_in(admin)
    page = browser.get(f"/users/{marketer.pk}/").content.decode()
    assert "Browser 1" in page
    assert "192.0.2.2" in page

    session = UserSession.objects.get(ip="192.0.2.1")
    browser.post(f"/users/{marketer.pk}/sessions/{session.pk}/end/")

    assert [b.get("/performance/").status_code for b in two_browsers] == [302, 200]
    assert last() == ("session.ended", marketer.email, "the one from 192.0.2.1")


def test_an_admin_ends_all_sessions_of_a_person_untracked_ones_too(admin, marketer, two_browsers, signed_in):
    untracked = signed_in(marketer)

    signed_in(admin).post(f"/users/{marketer.pk}/sessions/end/")

    assert [b.get("/performance/").status_code for b in [*two_browsers, untracked]] == [302, 302, 302]


def test_a_session_of_somebody_else_is_not_ended_through_another_person(
    admin, support, marketer, two_browsers, signed_in
):
    session = UserSession.objects.first()

    page = signed_in(admin).post(f"/users/{support.pk}/sessions/{session.pk}/end/")

    assert page.status_code == 404
    assert UserSession.objects.count() == 2


def test_a_person_sees_their_own_sessions_and_ends_the_others(marketer, two_browsers):
    here, there = two_browsers
    page = here.get("/sessions/").content.decode()
    assert page.count("This one") == 1
    assert "Browser 2" in page

    here.post("/sessions/end/")

    assert here.get("/performance/").status_code == 200
    assert there.get("/performance/").status_code == 302
    assert last() == ("session.ended", marketer.email, "all others")


def test_a_person_ends_one_of_their_own_and_nobody_elses(marketer, support, two_browsers, signed_in):
    here, there = two_browsers
    session = UserSession.objects.get(ip="192.0.2.2")

    assert signed_in(support).post(f"/sessions/{session.pk}/end/").status_code == 404
    here.post(f"/sessions/{session.pk}/end/")

    assert there.get("/performance/").status_code == 302


def test_last_seen_moves_on_by_the_minute(marketer, two_browsers, clock):
    here, _ = two_browsers
    before = UserSession.objects.get(ip="192.0.2.1").last_seen_at

    clock.advance(300)
    here.get("/performance/")

    assert (UserSession.objects.get(ip="192.0.2.1").last_seen_at - before).total_seconds() >= 299


# --- ad accounts ---------------------------------------------------------------------------------


def test_a_person_is_limited_to_ad_accounts(admin, marketer, make_account, signed_in):
    mine, others = make_account("Fjäll"), make_account("Brauhaus")
    browser = signed_in(admin)
    address = f"/users/{marketer.pk}/accounts/"

    browser.post(address, {"accounts": [mine.pk, others.pk]})
    assert last() == ("account.granted", marketer.email, ", ".join(sorted([str(mine), str(others)])))
    page = browser.post(address, {"accounts": [mine.pk]}, follow=True)

    assert [grant.account for grant in marketer.account_grants.all()] == [mine]
    assert last() == ("account.withdrawn", marketer.email, str(others))
    assert "sees 1 ad account: 0 more, 1 fewer than before." in said(page)[-1]


def test_an_account_that_nobody_knows_is_refused(admin, marketer, make_account, signed_in):
    make_account()

    page = signed_in(admin).post(f"/users/{marketer.pk}/accounts/", {"accounts": [424242]})

    assert page.status_code == 422
    assert not marketer.account_grants.exists()


def test_somebody_invited_may_be_limited_before_they_come(admin, make_account, signed_in):
    account = make_account("Fjäll")
    browser = signed_in(admin)
    invite(browser)

    browser.post(f"/users/{User.objects.get(email=NEW).pk}/accounts/", {"accounts": [account.pk]})
    theirs, _ = join(link())

    assert account.act_id in theirs.get("/accounts/").content.decode()
