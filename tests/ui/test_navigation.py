import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from apps.team import roles
from apps.ui import navigation
from apps.ui.navigation import Badge


def labels(user, path="/"):
    return [link.entry.label for section in navigation.sections(user, path) for link in section.links]


def current(user, path):
    return [
        link.entry.label
        for section in navigation.sections(user, path)
        for link in section.links
        if link.current
    ]


def few(user):
    return Badge("3", "warn")


def broken(user):
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (roles.MARKETER, ["Overview", "Performance", "Ad accounts"]),
        (roles.SUPPORT, ["Overview", "Performance", "Ad accounts", "Connections"]),
        (roles.ADMIN, ["Overview", "Performance", "Ad accounts", "Connections", "Users & audit", "Setup"]),
    ],
)
def test_each_role_sees_the_pages_that_exist_and_are_its_own(make_user, role, seen):
    assert labels(make_user(role)) == seen


def test_nobody_sees_nothing():
    assert labels(AnonymousUser()) == []


def test_every_permission_named_here_exists():
    named = {entry.permission.removeprefix("team.") for entry in navigation.ENTRIES if entry.permission}

    assert named <= set(roles.PERMISSIONS)


def test_shortcut_letters_are_unique():
    keys = [entry.key for entry in navigation.ENTRIES if entry.key]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/connections/", ["Connections"]),
        ("/connections/7/", ["Connections"]),
        ("/connections/setup/", ["Setup"]),
        ("/reporting/accounts/act_1/", ["Ad accounts"]),
        ("/elsewhere/", []),
    ],
)
def test_the_entry_that_holds_the_page_is_marked(make_user, path, label):
    assert current(make_user(roles.ADMIN), path) == label


def test_badges_come_from_a_setting_and_a_fault_hides_them(make_user, settings, caplog):
    settings.NAVIGATION_BADGES = {
        "connections:list": "tests.ui.test_navigation.few",
        "connections:setup": "tests.ui.test_navigation.broken",
    }

    links = {
        link.entry.label: link.badge
        for section in navigation.sections(make_user(roles.ADMIN), "/")
        for link in section.links
    }

    assert links["Connections"] == Badge("3", "warn")
    assert links["Setup"] is None
    assert "broken failed" in caplog.text


def test_the_sidebar_carries_the_shortcut_letters(browse, rf):
    html = browse(roles.ADMIN).get("/nowhere/").content.decode()

    assert 'data-key="p"' in html
    assert "<kbd>g</kbd> <kbd>p</kbd>" in html
    assert "<kbd>g</kbd> <kbd>w</kbd>" not in html


def test_signed_out_pages_have_no_sidebar(db):
    assert b'id="side"' not in Client().get("/nowhere/").content
