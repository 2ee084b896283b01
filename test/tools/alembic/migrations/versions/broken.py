from alembic import op

revision = "broken"
down_revision = "wait_for_tokens"


def upgrade():
    op.execute(
        """SELECT mv_replace('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n,
           sum(tokens) AS tokens, count(*) % 10 AS last_digit
    FROM message_usages GROUP BY 1, 2 HAVING count(*) > 1
$mv$, label => 'broken')"""
    )
    op.execute(
        """SELECT mv_create('monthly_usage', $mv$SELECT user_id, count(*) AS n FROM message_usages GROUP BY 1$mv$, label => 'broken')"""
    )
    op.execute(
        """SELECT 1 / 0"""
    )


def downgrade():
    pass
