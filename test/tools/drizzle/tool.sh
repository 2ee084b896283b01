# The migrator has no way out of its transaction: whoever deploys waits with psql. It has no way back either: an undo is a migration.
migrate() { node migrate.js "$@"; }
wait_for() { psql -X -q -v ON_ERROR_STOP=1 -c "CALL mv_wait('daily_usage', label => '$1')"; }
version() { grep -hm 1 '"version"' "$NODE_PATH"/drizzle-{orm,kit}/package.json | paste -sd ' '; }
created() { migrate 0000_create_daily_usage && wait_for create_daily_usage; }
replaced() { migrate 0001_add_tokens && wait_for add_tokens; }
broken() { migrate 0002_broken; }
undo_replaced() { migrate 0003_undo_add_tokens; }
undo_created() { migrate 0004_undo_create_daily_usage; }

# A push makes the database what the schema file says, which knows of no view, statement by statement. A plain view that it does not
# know is dropped, and that is nobody's business; so that one is taken out of its way.
push() { node "$NODE_PATH/drizzle-kit/bin.cjs" push --force --verbose; }
noise() {
    local view
    view=$(value "SELECT pg_get_viewdef('usage_by_day')")
    value 'DROP VIEW usage_by_day'
    state >"$work/before"
    try push
    like 'a push of a schema without the view would drop it' "$OUTPUT" 'DROP MATERIALIZED VIEW'
    like 'and is refused' "$OUTPUT" 'cannot drop managed materialized view'
    same_state "$work/before" 'with nothing changed'
    value "CREATE VIEW usage_by_day AS $view"
}
