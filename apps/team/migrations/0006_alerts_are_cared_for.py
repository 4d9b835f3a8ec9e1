"""People who see alerts may take care of them."""

from importlib import import_module

from django.db import migrations

from apps.team import roles


def write_roles(apps, schema_editor):
    import_module("apps.team.migrations.0002_roles").write_roles(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("team", "0005_triage_of_errors")]
    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'default_permissions': (), 'permissions': list(roles.PERMISSIONS.items())},
        ),
        migrations.RunPython(write_roles, migrations.RunPython.noop),
    ]
