from django.db import migrations, models
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce

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


def windows_of_purchases(column):
    kinds = ["omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase"]
    found = Coalesce(*[KeyTransform(kind, column) for kind in kinds], models.Value({}, models.JSONField()))
    asked = models.When(**{f"{column}__isnull": False}, then=found)
    return models.GeneratedField(
        expression=models.Case(asked, output_field=models.JSONField()),
        output_field=models.JSONField(null=True),
        db_persist=True,
    )


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
        migrations.AddField(
            model_name="insight",
            name="purchase_value_windows",
            field=windows_of_purchases("action_value_windows"),
        ),
        migrations.AddField(
            model_name="insight",
            name="purchase_windows",
            field=windows_of_purchases("action_windows"),
        ),
        migrations.RunPython(order_open_reports_again, order_open_reports_again),
    ]
