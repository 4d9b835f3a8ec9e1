"""Login links: somebody without an account here logs in at Meta for us, once, within 24 hours."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.connections import links
from apps.connections.models import Connection, LoginLink, PendingConnection
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("nothing_of_allauth")]

PAGE, LOGIN = "/connections/link/", "/connections/link/login/"


@pytest.fixture
def visitor():
    """A browser that nobody has signed in with."""
    return Client()


@pytest.fixture
def make_link(admin):
    """The path of a link, as it stands in a mail."""

    def make(connection=None, **more):
        _, address = links.make(connection, by=admin, **more)
        return address.removeprefix("http://localhost:8000")

    return make


@pytest.fixture
def open_link(visitor, make_link):
    def follow(connection=None, **more):
        page = visitor.get(make_link(connection, **more), follow=True)
        assert page.redirect_chain == [(PAGE, 302)]
        return page

    return follow


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).replace("&#x27;", "'").split())


def heading(page):
    return re.search(r"<h1>(.*?)</h1>", page.content.decode())[1].replace("&#x27;", "'")


def actions():
    return list(AuditEntry.objects.order_by("number").values_list("action", "actor", "detail"))


NEW = {"scopes": ["ads_read", "ads_management"], "name": "Nordic Shop", "email": "kofi@shop.example"}


def test_the_address_is_the_one_that_is_routed():
    assert links.PATH.format(key="x") == reverse("connections:link", args=["x"])


def test_a_stranger_sees_who_asks_for_what_and_nothing_more(open_link, make_connection, settings):
    settings.ORGANISATION = "Halden Group"
    make_connection("secret name", "system")

    page = open_link(**NEW)

    assert heading(page) == "Ada Admin asks for access to ad accounts"
    for told in ("Halden Group", "Read your ad accounts", "Change campaigns", "24 Nov"):
        assert told in words(page)
    for hidden in ("secret name", "act_", "admin@agency.example", "kofi@shop.example", "Nordic Shop"):
        assert hidden not in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "private, no-store"
    assert page["X-Robots-Tag"] == "noindex"


def test_a_login_by_a_link_is_stored_under_its_name_and_uses_it_up(visitor, open_link, begin, admin):
    open_link(**NEW)

    page = visitor.get(begin(visitor, LOGIN).say_yes("kofi"), follow=True)

    assert heading(page) == "Thank you, that was all"
    connection = Connection.objects.get()
    assert (connection.name, connection.subject_name) == ("Nordic Shop", "Kofi Mensah")
    assert (connection.owner_email, connection.via) == ("kofi@shop.example", "login")
    assert connection.created_by is None
    link = LoginLink.objects.get()
    assert link.used_at is not None
    assert link.connection == connection
    assert actions() == [("connection.connected", None, "Facebook login, by the link of Ada Admin")]
    # A reload says the same; the link itself is over.
    assert heading(visitor.get("/connections/link/thanks/")) == "Thank you, that was all"
    over = visitor.get(LOGIN)
    assert (over.status_code, heading(over)) == (410, "This link does not work any more")


def test_looking_does_not_use_it_up(make_link, visitor, begin):
    """A mail server that opens every link, a second look, a cancelled dialog: it still works."""
    link = make_link(**NEW)
    for _ in range(3):
        Client().get(link, follow=True)
        Client().head(link)
    visitor.get(link)
    denied = visitor.get(begin(visitor, LOGIN).say_no(), follow=True)
    assert heading(denied) == "You said no at Meta"
    assert f'href="{LOGIN}">Start again' in denied.content.decode()
    assert LoginLink.objects.get().is_open

    page = visitor.get(begin(visitor, LOGIN).say_yes("kofi"), follow=True)

    assert heading(page) == "Thank you, that was all"


def test_a_link_for_a_connection_keeps_it_and_its_history(visitor, open_link, begin, make_connection):
    zoe = make_connection("Zoë's", "user")
    before = zoe.checks.count()
    page = open_link(zoe)
    assert "Log in as Zoë Øvergård" in words(page)

    visitor.get(begin(visitor, LOGIN).say_yes("zoe"), follow=True)

    again = Connection.objects.get()
    assert (again.pk, again.name, again.version) == (zoe.pk, "Zoë's", 2)
    assert again.checks.count() == before + 1
    assert again.reach.filter(lost_at=None).count() == 12
    assert actions()[-1][0] == "connection.connected_again"


def test_somebody_elses_login_does_not_use_it_up_and_changes_nothing(
    visitor, open_link, begin, make_connection
):
    zoe = make_connection("Zoë's", "user")
    open_link(zoe)

    page = visitor.get(begin(visitor, LOGIN).say_yes("kofi"), follow=True)

    assert heading(page) == "That was somebody else"
    assert Connection.objects.get().version == 1
    assert not PendingConnection.objects.exists()
    assert LoginLink.objects.get().is_open
    assert actions()[-1] == ("connection.login_failed", None, "other person, by a link")
    assert "by a link came to nothing" in zoe.checks.latest("pk").reason


def test_less_than_was_asked_for_is_shown_before_it_is_stored(visitor, open_link, begin):
    open_link(**NEW)

    page = visitor.get(begin(visitor, LOGIN).say_yes("kofi", ["ads_read"]), follow=True)

    assert heading(page) == "Not everything was ticked"
    assert "ads_management" in words(page)
    assert not Connection.objects.exists()
    dialog = begin(visitor, f"{LOGIN}?again=1")
    assert dialog.asked["auth_type"] == "rerequest"
    # They go on without it, on the first page.
    done = visitor.post(page.request["PATH_INFO"], follow=True)
    assert heading(done) == "Thank you, that was all"
    assert Connection.objects.get().missing_scopes == ["ads_management"]
    assert LoginLink.objects.get().used_at is not None
    # The dialog that was left open comes too late.
    late = visitor.get(dialog.say_yes("kofi"), follow=True)
    assert heading(late) == "This link does not work any more"
    assert Connection.objects.get().version == 1


def test_without_ads_read_it_is_asked_for_again(visitor, open_link, begin):
    open_link(**NEW)

    page = visitor.get(begin(visitor, LOGIN).say_yes("kofi", ["ads_management"]), follow=True)

    assert heading(page) == "Without ads_read nothing can be read"
    assert f'href="{LOGIN}?again=1">Ask again' in page.content.decode()
    assert LoginLink.objects.get().is_open


def test_a_name_that_was_taken_meanwhile_is_made_another(visitor, open_link, begin, make_connection):
    open_link(**NEW)
    make_connection("Nordic Shop", "system")

    visitor.get(begin(visitor, LOGIN).say_yes("kofi"), follow=True)

    assert Connection.objects.filter(name="Nordic Shop (Kofi Mensah)").exists()


@pytest.mark.parametrize("seconds", [24 * 3600 + 1, 30 * 24 * 3600])
def test_after_a_day_it_is_over(make_link, visitor, clock, seconds):
    link = make_link(**NEW)
    clock.advance(seconds)

    page = visitor.get(link)

    assert (page.status_code, heading(page)) == (410, "This link does not work any more")
    assert "/connections/" not in page.content.decode().split("</head>")[1]


def test_it_can_end_while_the_person_is_at_meta(visitor, open_link, begin, clock, make_link):
    open_link(**NEW)
    clock.advance(24 * 3600 - 60)
    dialog = begin(visitor, LOGIN)
    clock.advance(120)

    page = visitor.get(dialog.say_yes("kofi"), follow=True)

    assert heading(page) == "This link does not work any more"
    assert not Connection.objects.exists()


def test_a_newer_link_ends_the_older_one(make_link, visitor, make_connection):
    zoe = make_connection("Zoë's", "user")
    older, newer = make_link(zoe), make_link(zoe)

    assert visitor.get(older).status_code == 410
    assert visitor.get(newer).status_code == 302


def test_a_key_that_was_changed_opens_nothing(make_link, visitor, everything_logged):
    link = make_link(**NEW)
    key = link.split("/")[-2]

    for wrong in (
        link[:-2] + "x/",
        link.swapcase().replace("/CONNECTIONS/LINK/", "/connections/link/"),
        link[:-6] + "/",
    ):
        page = visitor.get(wrong)
        assert (page.status_code, heading(page)) == (404, "There is no such link")
        assert "sessionid" not in visitor.cookies
    assert visitor.get(link).status_code == 302
    assert key[:12] not in everything_logged.text


def test_the_key_is_kept_nowhere(make_link, visitor, stored):
    link = make_link(**NEW)
    visitor.get(link, follow=True)

    key = link.split("/")[-2]
    assert not any(key in text for _, text in stored())
    assert key not in str(dict(visitor.session))


def test_another_browser_can_not_go_on_where_one_has_begun(visitor, open_link, begin):
    open_link(**NEW)
    address = begin(visitor, LOGIN).say_yes("kofi", ["ads_read"])
    other = Client()

    assert heading(other.get(LOGIN)) == "This link does not work any more"
    assert heading(other.get(address, follow=True)) == "This login was not begun here"
    page = visitor.get(address, follow=True)
    step = page.request["PATH_INFO"]
    assert other.get(step).status_code == 410
    assert other.post(step).status_code == 410
    assert not Connection.objects.exists()


def test_a_step_of_an_admin_is_not_opened_by_the_page_of_links(admin, signed_in, begin):
    browser = signed_in(admin)
    step = browser.get(begin(browser, "/connections/login/").say_yes("kofi"))["Location"]

    page = browser.post(step.replace("/new/", "/link/found/"))

    assert page.status_code == 410
    assert not Connection.objects.exists()


def test_of_two_who_finish_the_same_link_one_is_stored(make_link, begin):
    link = make_link(**NEW)
    first, second = Client(), Client()
    for browser in (first, second):
        browser.get(link)
    addresses = [begin(first, LOGIN).say_yes("kofi"), begin(second, LOGIN).say_yes("nils")]

    assert heading(first.get(addresses[0], follow=True)) == "Thank you, that was all"
    assert heading(second.get(addresses[1], follow=True)) == "This link does not work any more"
    assert Connection.objects.get().subject_name == "Kofi Mensah"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_stored(make_link, begin, at_once):
    link = make_link(**NEW)
    browsers = [Client(), Client()]
    addresses = []
    for browser, person in zip(browsers, ("kofi", "nils"), strict=True):
        browser.get(link)
        addresses.append(begin(browser, LOGIN).say_yes(person))

    ways = at_once(*[lambda b=b, a=a: b.get(a)["Location"] for b, a in zip(browsers, addresses, strict=True)])

    assert sorted(way == "/connections/link/thanks/#" for way in ways) == [False, True]
    assert Connection.objects.count() == 1


def test_trouble_is_told_without_the_names_of_settings(visitor, open_link, begin, settings):
    open_link(**NEW)
    address = begin(visitor, LOGIN).say_yes("kofi")
    settings.META_APP_SECRET = "fedcba9876543210fedcba9876543210"

    page = visitor.get(address, follow=True)

    assert heading(page) == "Meta does not accept this installation's app"
    for hidden in ("META_", "/setup/", "fbtrace"):
        assert hidden not in page.content.decode()


# --- an admin makes one --------------------------------------------------------------------------


def test_an_admin_sends_a_link_for_a_new_connection(admin, signed_in, visitor):
    page = signed_in(admin).post("/connections/new/login/", NEW | {"scope": ["ads_read"]}, follow=True)

    assert "A link was sent to kofi@shop.example" in words(page)
    (sent,) = mail.outbox
    assert sent.to == ["kofi@shop.example"]
    assert "Ada Admin asks you" in sent.subject
    address = re.search(r"http://localhost:8000(/connections/link/\S+)", sent.body)[1]
    assert heading(visitor.get(address, follow=True)) == "Ada Admin asks for access to ad accounts"
    assert LoginLink.objects.get().scopes == ["ads_read"]
    assert actions() == [("connection.owner_asked", admin.pk, "by mail")]


def test_without_an_address_the_link_is_shown_once(admin, signed_in, visitor):
    page = signed_in(admin).post("/connections/new/login/", {"name": "Nordic", "scope": ["ads_read"]})

    address = re.search(r"http://localhost:8000(/connections/link/[^/<]+/)", page.content.decode())[1]
    assert visitor.get(address).status_code == 302
    assert mail.outbox == []


def test_a_name_that_is_taken_makes_no_link(admin, signed_in, make_connection):
    make_connection("Nordic", "system")

    page = signed_in(admin).post("/connections/new/login/", {"name": "Nordic"})

    assert page.status_code == 422
    assert "is taken by a connection of another identity" in words(page)
    assert not LoginLink.objects.exists()


def test_a_mail_that_does_not_leave_shows_the_link(admin, signed_in, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    page = signed_in(admin).post("/connections/new/login/", NEW | {"scope": ["ads_read"]})

    assert heading(page) == "The mail was not sent"
    assert "http://localhost:8000/connections/link/" in page.content.decode()
