import os

import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
sa.Table(
    "message_usages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)


# Of use only together with include_schemas: without it Alembic looks at no other schema than the search_path's first.
def include_name(name, type_, parent_names):
    return type_ != "schema" or name not in ("mvmanager", "mvmanager_data")


options = {"target_metadata": metadata}
if os.environ.get("ALL_SCHEMAS"):
    options.update(include_schemas=True, include_name=include_name)

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    with sa.create_engine("postgresql+psycopg2://").connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
