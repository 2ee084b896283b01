from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_wait_for_daily_usage")]
    operations = [
        migrations.RunSQL(
            """SELECT mv_replace('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n,
           sum(tokens) AS tokens, count(*) % 10 AS last_digit
    FROM message_usages GROUP BY 1, 2
$mv$, label => 'add_tokens')""",
            "SELECT mv_rollback('daily_usage', undo_label => 'add_tokens')",
        ),
    ]
