from alembic import op

revision = "create_daily_usage"
down_revision = None


def upgrade():
    op.execute(
        """SELECT mv_apply('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n
    FROM message_usages GROUP BY 1, 2
$mv$, indexes => ARRAY['CREATE UNIQUE INDEX daily_usage_key ON daily_usage (user_id, day)'], label => 'create_daily_usage')"""
    )


def downgrade():
    op.execute(
        """SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage')"""
    )
