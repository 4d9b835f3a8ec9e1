"""People are made by command: the first admin, and everybody else."""

import io
import sys

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from apps.team.models import User
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_an_admin_is_made_with_the_piped_password(run):
    said = run("create_admin", "ada@agency.example", "--name", "Ada Admin", stdin=f"{PASSWORD}\n")

    person = User.objects.get()
    assert said == "ada@agency.example is now admin."
    assert (person.role, person.name, person.is_active) == ("admin", "Ada Admin", True)
    assert not person.is_superuser
    assert authenticate(None, email="ada@agency.example", password=PASSWORD) == person


@pytest.mark.parametrize("line", [f"{PASSWORD}\r\n", f"{PASSWORD}", f"{PASSWORD}\nsecond line\n"])
def test_only_the_first_line_is_the_password(run, line):
    run("create_admin", "ada@agency.example", stdin=line)

    assert User.objects.get().check_password(PASSWORD)


def test_blanks_belong_to_the_password(run):
    run("create_admin", "ada@agency.example", stdin=f" {PASSWORD} \n")

    assert User.objects.get().check_password(f" {PASSWORD} ")


def test_without_a_password_one_is_made_and_shown_once(run):
    first, second = run("create_admin", "ada@agency.example"), run("create_admin", "bo@agency.example")

    made = first.partition("Password: ")[2]
    assert len(made) >= 16
    assert made != second.partition("Password: ")[2]
    assert User.objects.get(email="ada@agency.example").check_password(made)


def test_a_person_at_a_terminal_gets_a_password_made(db, make_person, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("never read\n"))
    out = io.StringIO()

    call_command("create_admin", "ada@agency.example", stdout=out)

    assert "Password: " in out.getvalue()


@pytest.mark.parametrize("role", ["marketer", "support", "admin"])
def test_each_role_can_be_given(run, role):
    run("create_user", "mara@agency.example", "--role", role, stdin=PASSWORD)

    assert User.objects.get().role == role


def test_a_person_is_a_marketer_unless_said_otherwise(run):
    run("create_user", "mara@agency.example", stdin=PASSWORD)

    assert User.objects.get().role == "marketer"


def test_an_unknown_role_is_refused(run):
    assert "invalid choice" in str(run("create_user", "mara@agency.example", "--role", "emperor"))
    assert not User.objects.exists()


def test_an_address_is_kept_in_small_letters(run):
    assert run("create_admin", "  Ada@Agency.EXAMPLE ", stdin=PASSWORD) == "ada@agency.example is now admin."


@pytest.mark.parametrize("taken", ["ada@agency.example", "ADA@agency.example", " ada@AGENCY.example "])
def test_an_address_is_not_taken_twice(run, taken):
    run("create_admin", "ada@agency.example", stdin=PASSWORD)

    said = run("create_user", taken, "--role", "marketer", stdin="another-good-password")

    assert isinstance(said, CommandError)
    assert str(said) == "ada@agency.example is already a member. Nothing was changed."
    assert User.objects.get().role == "admin"
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@agency.example", "ada agency@example.com", "a" * 64 + "@" + "b" * 200 + ".example"],
)
def test_what_is_no_address_is_refused(run, address):
    said = run("create_admin", address, stdin=PASSWORD)

    assert isinstance(said, CommandError)
    assert "is no e-mail address" in str(said)
    assert not User.objects.exists()


def test_a_name_that_is_too_long_is_refused(run):
    said = run("create_admin", "ada@agency.example", "--name", "x" * 151, stdin=PASSWORD)

    assert isinstance(said, CommandError)
    assert "150" in str(said)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("brief", "at least 12 characters"),
        ("password1234", "too common"),
        ("ada@agency.example", "too similar"),
    ],
)
def test_a_weak_password_is_refused_and_nobody_is_made(run, password, sentence):
    said = run("create_admin", "ada@agency.example", stdin=password)

    assert isinstance(said, CommandError)
    assert sentence in str(said)
    assert password not in str(said)
    assert not User.objects.exists()


def test_a_password_that_is_no_text_is_refused(run):
    said = run("create_admin", "ada@agency.example", stdin="pässwört-of-mine".encode("latin-1"))

    assert isinstance(said, CommandError)
    assert "UTF-8" in str(said)
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_the_same_person_at_once_one_is_told(make_person, at_once):
    from apps.team import people

    made = at_once(*[lambda: people.create("ada@agency.example", PASSWORD, role="admin")] * 2)

    assert User.objects.count() == 1
    assert sorted(isinstance(one, CommandError) for one in made) == [False, True]
