from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.RunSQL(
            """SELECT mv_apply('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n
    FROM message_usages GROUP BY 1, 2
$mv$, indexes => ARRAY['CREATE UNIQUE INDEX daily_usage_key ON daily_usage (user_id, day)'], label => 'create_daily_usage')""",
            "SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage')",
            state_operations=[
                migrations.CreateModel(
                    "DailyUsage",
                    [
                        ("user_id", models.IntegerField(primary_key=True, serialize=False)),
                        ("day", models.DateField()),
                        ("n", models.BigIntegerField()),
                    ],
                    options={"db_table": "daily_usage", "managed": False},
                ),
            ],
        ),
    ]
