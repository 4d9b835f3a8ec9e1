"""Support and admins may say what becomes of an error."""

import importlib

from django.db import migrations

from apps.team import roles

write_roles = importlib.import_module("apps.team.migrations.0002_roles").write_roles


class Migration(migrations.Migration):
    dependencies = [("team", "0004_invitations_and_tries")]
    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={"default_permissions": (), "permissions": list(roles.PERMISSIONS.items())},
        ),
        migrations.RunPython(write_roles, migrations.RunPython.noop),
    ]
