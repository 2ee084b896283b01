alembic() { /usr/bin/python3 -B -m alembic "$@"; }
version() { alembic --version; }
created() { alembic upgrade wait_for_daily_usage; }
replaced() { alembic upgrade wait_for_tokens; }
broken() { alembic upgrade broken; }
undo_replaced() { alembic downgrade wait_for_daily_usage; }
undo_created() { alembic downgrade base; }

# A revision generated from what the database has must not do anything.
generated() {
    rm -rf generated && cp -a migrations generated && rm generated/versions/broken.py
    sed 's/= migrations/= generated/' alembic.ini >generated.ini
    alembic -c generated.ini revision --autogenerate --rev-id generated -m generated >&2 && cat generated/versions/generated_generated.py
}
# The whole history as one SQL script for somebody else to run, made without a connection.
offline() {
    PGHOST=/nonexistent alembic upgrade wait_for_tokens --sql >offline.sql && PGDATABASE=$PGDATABASE-offline psql -X -q -v ON_ERROR_STOP=1 -f offline.sql
}
# What is in its two functions.
body() { sed -e '1,/^def upgrade/d;/^ *#/d;/^ *$/d;/^def downgrade/d' -e 's/^ *//' <<<"$OUTPUT" | paste -sd ' '; }
generated_from_all_schemas() { ALL_SCHEMAS=1 generated; }
noise() {
    step 'generates a revision' generated
    is 'which is empty' "$(body)" 'pass pass'
    step 'generates a revision from all schemas' generated_from_all_schemas
    is 'which is empty where include_name leaves out two' "$(body)" 'pass pass'

    admin -c "CREATE DATABASE \"$PGDATABASE-offline\" OWNER app"
    PGDATABASE=$PGDATABASE-offline admin -f "$here/fixture.sql"
    step 'writes the history as SQL without a connection, and psql runs it' offline
    is 'to the same end' "$(PGDATABASE=$PGDATABASE-offline columns)" 'user_id day first_at n tokens last_digit'
    like 'mv_lint finds nothing in it' "$(value "SELECT count(*) || ' findings' FROM mv_lint(\$lint\$$(cat "$work/offline.sql")\$lint\$)")" '^0 findings$'
}
