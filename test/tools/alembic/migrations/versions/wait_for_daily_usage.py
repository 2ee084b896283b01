from alembic import op

revision = "wait_for_daily_usage"
down_revision = "create_daily_usage"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CALL mv_wait('daily_usage', label => 'create_daily_usage')")


def downgrade():
    pass
