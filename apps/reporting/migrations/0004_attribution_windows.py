from django.db import migrations, models

TABLES = """
    DO $$
    DECLARE incoming text;
    BEGIN
      FOR incoming IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename LIKE 'reporting\\_incoming\\_%'
      LOOP
        EXECUTE format('DROP TABLE %I', incoming);
      END LOOP;
    END $$
"""


def order_open_reports_again(apps, schema_editor):
    """Reports under way were ordered without windows, and what they brought has no place for them."""
    schema_editor.execute(TABLES, params=None)
    ReportRun = apps.get_model("reporting", "ReportRun")
    ReportRun.objects.filter(
        sync_run__state__in=["queued", "running", "waiting"], state__in=["ordered", "ready", "read"]
    ).update(state="new", report_run_id="", percent=0, rows=0)


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0003_round_trips"),
    ]

    operations = [
        migrations.AddField(
            model_name="coverage",
            name="windows",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="insight",
            name="action_value_windows",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="insight",
            name="action_windows",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="insight",
            name="attribution_setting",
            field=models.CharField(default="", max_length=100),
        ),
        migrations.RunPython(order_open_reports_again, order_open_reports_again),
    ]
