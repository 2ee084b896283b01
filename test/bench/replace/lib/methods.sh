# Sourced by run.sh: the data, a copy of the view for each method, and the methods. A copy is named usage_METHOD, the view that
# depends on it busy_METHOD.

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
value() { sql -At -c "$1"; }

make_data() {
    say "making the data: $1 messages"
    sql -v rows="$1" >/dev/null <<'SQL'
DROP TABLE IF EXISTS message;
CREATE TABLE message AS
SELECT g AS id, g % 5000 AS user_id, date '2026-01-01' + g % 90 AS day, g % 997 AS tokens, md5(g::text) AS note FROM generate_series(1, :rows) AS g;
VACUUM ANALYZE message;
SQL
    ROWS=$1
}

# The definition at first, and with the column that round N appends.
query_of() { echo "SELECT id, user_id, day, tokens, note, tokens * 3 AS cost${1:+, tokens * $1 AS score} FROM message"; }
indexes_of() { printf 'CREATE UNIQUE INDEX %s_id ON %s (id);\nCREATE INDEX %s_user ON %s (user_id, day);\nCREATE INDEX %s_day ON %s (day);\n' "$1" "$2" "$1" "$2" "$1" "$2"; }
dependent_of() { echo "CREATE VIEW busy_$1 AS SELECT id, user_id, tokens FROM usage_$1 WHERE tokens >= 0;"; }

make_view() {
    say "making the view: $1"
    {
        echo "CREATE MATERIALIZED VIEW usage_$1 AS $(query_of);"
        indexes_of "usage_$1" "usage_$1"
        dependent_of "$1"
        echo "VACUUM ANALYZE usage_$1;"
        [ "$1" != mvmanager ] || echo "SELECT FROM mv_adopt('usage_mvmanager');"
    } | sql >/dev/null
}
drop_view() {
    if [ "$1" = mvmanager ]; then
        sql -c "SELECT FROM mv_drop('usage_mvmanager', cascade => true)"
    else
        sql -c "DROP MATERIALIZED VIEW usage_$1 CASCADE"
    fi >/dev/null
}

# script_of METHOD ROUND: the change as a migration has it, and a look at the clock when the migration is over and all that is left
# is to wait until the new version is served.
script_of() {
    local name=usage_$1 called
    called=$(took called)
    case $1 in
    nothing) printf '%s\nSELECT pg_sleep(1);\n' "$called" ;;
    mvmanager)
        echo "SELECT FROM mv_replace('$name', '$(query_of "$2")', build => 'background', label => 'round $2');"
        printf "%s\nCALL mv_wait('%s', label => 'round %s');\n" "$called" "$name" "$2"
        ;;
    drop_create)
        printf 'BEGIN;\nDROP MATERIALIZED VIEW %s CASCADE;\nCREATE MATERIALIZED VIEW %s AS %s;\n' "$name" "$name" "$(query_of "$2")"
        indexes_of "$name" "$name"
        dependent_of "$1"
        printf 'COMMIT;\n%s\n' "$called"
        ;;
    rename_swap)
        # All in one transaction, as a migration runs it; the dependent view must be made anew, or it goes on reading the old one.
        printf 'BEGIN;\nCREATE MATERIALIZED VIEW %s_new AS %s;\n' "$name" "$(query_of "$2")"
        indexes_of "${name}_new" "${name}_new"
        printf 'DROP VIEW busy_%s;\nDROP MATERIALIZED VIEW %s;\nALTER MATERIALIZED VIEW %s_new RENAME TO %s;\n' "$1" "$name" "$name" "$name"
        printf 'ALTER INDEX %s_new_%s RENAME TO %s_%s;\n' "$name" id "$name" id "$name" user "$name" user "$name" day "$name" day
        dependent_of "$1"
        printf 'COMMIT;\n%s\n' "$called"
        ;;
    # No change of the definition at all: what a refresh with core's own command costs readers.
    refresh) printf 'REFRESH MATERIALIZED VIEW %s;\n%s\n' "$name" "$called" ;;
    esac
}

# back METHOD: to the first definition again, unmeasured.
back() {
    if [ "$1" = mvmanager ]; then
        sql -c "SELECT FROM mv_rollback('usage_mvmanager')" >/dev/null
    fi
}
