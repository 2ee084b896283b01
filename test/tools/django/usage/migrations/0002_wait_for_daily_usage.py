from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_create_daily_usage")]
    # mv_wait commits while it waits.
    atomic = False
    operations = [
        migrations.RunSQL(
            """CALL mv_wait('daily_usage', label => 'create_daily_usage')""",
            migrations.RunSQL.noop,
        ),
    ]
