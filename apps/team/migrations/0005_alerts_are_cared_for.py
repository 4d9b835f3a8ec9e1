"""People who see alerts may take care of them."""

from importlib import import_module

from django.db import migrations


def write_roles(apps, schema_editor):
    import_module("apps.team.migrations.0002_roles").write_roles(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("team", "0004_invitations_and_tries"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'default_permissions': (), 'permissions': [('view_performance', 'See the performance of the ad accounts granted'), ('view_accounts', 'See the ad accounts granted'), ('sync_accounts', 'Ask Meta for fresh numbers'), ('view_conversions', 'See conversions'), ('view_health', 'See the health of the integration'), ('view_errors', 'Read the error log'), ('view_webhooks', 'See webhooks'), ('view_connections', 'See connections'), ('view_alerts', 'See alerts'), ('manage_alerts', 'Acknowledge, snooze and take alerts'), ('view_all_accounts', 'See every ad account, granted or not'), ('manage_connections', 'Connect, check and disconnect'), ('manage_team', 'Invite people and grant ad accounts'), ('manage_settings', 'Change settings')]},
        ),
        migrations.RunPython(write_roles, migrations.RunPython.noop),
    ]
