from alembic import op

revision = "wait_for_tokens"
down_revision = "add_tokens"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CALL mv_wait('daily_usage', label => 'add_tokens')")


def downgrade():
    pass
