"""Three roles, and what each may do."""

import importlib

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from apps.team import roles
from apps.team.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_the_migration_has_written_every_permission_of_every_role(make_person):
    held = {
        group.name: {
            permission.codename for permission in group.permissions.filter(content_type__app_label="team")
        }
        for group in Group.objects.all()
    }

    assert held == {role: set(codenames) for role, codenames in roles.MAY.items()}


def test_every_permission_has_a_name_that_a_person_reads(make_person):
    names = dict(Permission.objects.filter(content_type__app_label="team").values_list("codename", "name"))

    assert names == roles.PERMISSIONS
    assert roles.MAY["admin"] == list(roles.PERMISSIONS)


def test_each_role_may_what_the_lower_one_may():
    assert set(roles.MAY["marketer"]) < set(roles.MAY["support"]) < set(roles.MAY["admin"])


def test_the_migration_can_be_undone_and_done_again(make_person):
    migration = importlib.import_module("apps.team.migrations.0002_roles")

    migration.remove_roles(apps, None)
    assert not Group.objects.exists()
    migration.write_roles(apps, None)
    migration.write_roles(apps, None)

    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_person_may_what_the_role_may(make_person, role):
    person = make_person(role)

    may = {codename for codename in roles.PERMISSIONS if person.has_perm(f"team.{codename}")}

    assert may == set(roles.MAY[role])


def test_a_new_role_takes_the_place_of_the_old_one(make_person):
    person = make_person("admin")
    assert person.has_perm("team.manage_team")

    person.take_role("marketer")

    assert person.role == "marketer"
    assert not person.has_perm("team.manage_team")


def test_who_is_switched_off_may_nothing(make_person):
    person = make_person("admin")
    person.is_active = False
    person.save()

    assert not person.has_perm("team.view_performance")
    assert not User.objects.admins().exists()


@pytest.mark.parametrize(
    ("email", "name", "initials", "shown"),
    [
        ("mara@agency.example", "Mara Lund", "ML", "Mara Lund"),
        ("mara@agency.example", "Mara de la Cruz Lund", "ML", "Mara de la Cruz Lund"),
        ("mara.lund@agency.example", "", "ML", "mara.lund@agency.example"),
        ("mara@agency.example", "", "M", "mara@agency.example"),
        ("mara@agency.example", "Émile", "É", "Émile"),
        (".@agency.example", "", "", ".@agency.example"),
    ],
)
def test_a_person_has_initials(email, name, initials, shown):
    person = User(email=email, name=name)

    assert (person.initials, str(person)) == (initials, shown)
