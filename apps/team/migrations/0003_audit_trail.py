"""The audit trail. What is written stays: the database itself refuses to change or empty it."""

from django.db import migrations, models


STAY = """
CREATE FUNCTION team_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail only grows: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION team_audit_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 OR NOT EXISTS (
        SELECT FROM team_auditentry
        WHERE number = NEW.number AND hash = NEW.hash AND previous = OLD.hash
    ) THEN
        RAISE EXCEPTION 'The head of the audit trail moves on by one entry, and to no other.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON team_auditentry
    FOR EACH ROW EXECUTE FUNCTION team_audit_stays();
CREATE TRIGGER entries_are_not_emptied BEFORE TRUNCATE ON team_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION team_audit_stays();
CREATE TRIGGER head_grows BEFORE UPDATE ON team_audithead
    FOR EACH ROW EXECUTE FUNCTION team_audit_grows();
CREATE TRIGGER head_stays BEFORE DELETE ON team_audithead
    FOR EACH ROW EXECUTE FUNCTION team_audit_stays();
CREATE TRIGGER head_is_not_emptied BEFORE TRUNCATE ON team_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION team_audit_stays();
"""

GIVE_WAY = """
DROP TRIGGER head_is_not_emptied ON team_audithead;
DROP TRIGGER head_stays ON team_audithead;
DROP TRIGGER head_grows ON team_audithead;
DROP TRIGGER entries_are_not_emptied ON team_auditentry;
DROP TRIGGER entries_stay ON team_auditentry;
DROP FUNCTION team_audit_grows();
DROP FUNCTION team_audit_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('team', '0002_roles'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField(default=0)),
                ('hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor', models.BigIntegerField(null=True)),
                ('actor_name', models.CharField(blank=True, max_length=150)),
                ('actor_email', models.CharField(blank=True, max_length=254)),
                ('action', models.CharField(max_length=60)),
                ('thing', models.CharField(blank=True, max_length=300)),
                ('detail', models.TextField(blank=True)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('previous', models.CharField(max_length=64, unique=True)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['-at'], name='trail_by_time'), models.Index(fields=['actor', '-number'], name='trail_of_a_person'), models.Index(fields=['action', '-number'], name='trail_of_an_action')],
            },
        ),
        migrations.RunSQL(STAY, GIVE_WAY),
    ]
