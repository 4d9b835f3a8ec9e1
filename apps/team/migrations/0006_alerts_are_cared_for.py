"""Support and admins may take care of alerts."""

import importlib

from django.db import migrations

from apps.team import roles

write_roles = importlib.import_module("apps.team.migrations.0002_roles").write_roles


class Migration(migrations.Migration):
    dependencies = [("team", "0005_triage_of_errors")]
    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={"default_permissions": (), "permissions": list(roles.PERMISSIONS.items())},
        ),
        migrations.RunPython(write_roles, migrations.RunPython.noop),
    ]
