from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("usage", "0003_add_tokens")]
    # mv_wait commits while it waits.
    atomic = False
    operations = [
        migrations.RunSQL(
            """CALL mv_wait('daily_usage', label => 'add_tokens')""",
            migrations.RunSQL.noop,
        ),
    ]
