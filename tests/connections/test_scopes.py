"""The permissions of a connection on its page: wanted, granted, declined, lapsed, taken back, and the app's access."""

import re

import pytest
from django.utils.html import strip_tags

from apps.connections import checking, scopes, setup
from apps.connections.models import Connection

pytestmark = [pytest.mark.django_db, pytest.mark.services]

EVERYTHING = ["ads_read", "ads_management", "business_management"]


@pytest.fixture
def connection(make_connection):
    made = make_connection("Zoë", "user")
    Connection.objects.update(wanted_scopes=EVERYTHING)
    return made


def words(connection):
    connection.refresh_from_db()
    levels, _ = setup.access_levels()
    return {row.scope: (row.word, row.level) for row in scopes.rows(connection, levels)}


def read_levels():
    setup.check(next(step for step in setup.steps() if step.name == "permissions"))


def test_a_declined_scope_is_declined_and_not_missing(connection, sandbox):
    sandbox.set_reach(
        "user",
        scopes=["ads_read", "public_profile"],
        declined=["ads_management"],
        expired=["business_management"],
    )
    checking.look(connection)

    assert words(connection) == {
        "ads_read": ("Granted", ""),
        "ads_management": ("Declined", ""),
        "business_management": ("Expired", ""),
        "public_profile": ("Not used", ""),
    }


def test_what_was_there_and_is_gone_is_taken_back_and_what_never_was_is_missing(connection, sandbox):
    Connection.objects.update(wanted_scopes=[*EVERYTHING, "pages_show_list"])
    sandbox.set_reach("user", scopes=["ads_read", "public_profile"])
    checking.look(connection)

    told = words(connection)
    assert told["ads_management"] == ("Taken back", "")
    assert told["pages_show_list"] == ("Missing", "")


def test_the_apps_access_is_as_the_set_up_page_has_read_it(connection, sandbox):
    read_levels()

    told = words(connection)
    assert told["ads_read"] == ("Granted", "Advanced")
    assert told["ads_management"] == ("Granted", "Standard")

    sandbox.change_app(live_permissions=[], unapproved_permissions=EVERYTHING)
    read_levels()
    assert words(connection)["ads_read"] == ("Granted", "Standard")

    sandbox.fail("error", path="/permissions$", code=2, times=9)
    read_levels()
    assert words(connection)["ads_read"] == ("Granted", "Standard")


def test_list_and_page_say_declined(connection, sandbox, support, signed_in):
    sandbox.set_reach("user", scopes=["ads_read"], declined=["ads_management"])
    checking.look(connection)
    browser = signed_in(support)

    listed = strip_tags(browser.get("/connections/").content.decode())
    page = browser.get(f"/connections/{connection.pk}/").content.decode()

    assert "ads_management declined" in listed
    row = re.search(r"ads_management</span>.*?</tr>", page, re.DOTALL).group()
    assert "Declined" in row
    assert "asked for" in row
    assert "unknown" in row
    assert "which has not looked yet" in page
    read_levels()
    assert "Advanced" in browser.get(f"/connections/{connection.pk}/").content.decode()
