# Sourced by test/tools/run.sh: what every tool goes through, and how it is told.
#
# A tool is a folder with its project, as one would keep it in an application, and tool.sh, which defines what to type:
#   version        prints the tool's version
#   created        migrates up to the migration that creates the view, waiting outside a transaction until it is filled
#   replaced       migrates on to the one that appends columns to it, and waits the same way
#   broken         migrates on to one that replaces it, creates another view and then fails
#   undo_replaced  undoes the second; undo_created undoes the first
#   noise          (optional) checks that the tool takes nothing of mvmanager for the application's own
# They run in a copy of the folder, as the role "app", with PGHOST, PGPORT, PGUSER and PGDATABASE set.

checks=0 passed=0 failed=0 skipped=0
# report 0|1 NAME: one line of TAP; the tool's own output comes with a failure.
report() {
    checks=$((checks + 1))
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1)) && echo "ok $checks - $tool: $2"
    else
        failed=$((failed + 1)) && echo "not ok $checks - $tool: $2"
        [ -z "${3:-}" ] || sed 's/^/# /' <<<"$3"
    fi
    return 0
}
skip() { checks=$((checks + 1)) skipped=$((skipped + 1)) && echo "ok $checks - $tool # SKIP $1"; }
is() { if [ "$2" = "$3" ]; then report 0 "$1"; else report 1 "$1" "got:  $2"$'\n'"want: $3"; fi; }
like() { if [[ $2 =~ $3 ]]; then report 0 "$1"; else report 1 "$1" "$(tail -n 15 <<<"$2")"$'\n'"to match:  $3"; fi; }
unlike() { if [[ $2 =~ $3 ]]; then report 1 "$1" "$(tail -n 15 <<<"$2")"$'\n'"not to match:  $3"; else report 0 "$1"; fi; }

value() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" 2>&1; }
admin() { PGUSER=postgres psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" 2>&1; }

# step NAME COMMAND: succeeds; fails NAME COMMAND: does not. What the command printed is in OUTPUT.
try() {
    RC=0
    OUTPUT=$(cd "$work" && "$@" 2>&1 </dev/null) || RC=$?
}
step() { try "${@:2}" && report "$RC" "$1" "$(tail -n 15 <<<"$OUTPUT")" && return "$RC"; }
fails() { try "${@:2}" && report "$((RC == 0))" "$1" "$(tail -n 15 <<<"$OUTPUT")" && [ "$RC" -ne 0 ]; }

# What the view must hold, in each of its forms: the same texts as in the migrations, which cannot share them.
first_definition="SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n
    FROM message_usages GROUP BY 1, 2"
second_definition="SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n, sum(tokens) AS tokens, count(*) % 10 AS last_digit
    FROM message_usages GROUP BY 1, 2"
differences() {
    value "WITH v AS (SELECT v::text COLLATE \"C\" AS t FROM daily_usage AS v), q AS (SELECT q::text COLLATE \"C\" AS t FROM ($1) AS q)
           SELECT (SELECT count(*) FROM (SELECT t FROM v EXCEPT ALL SELECT t FROM q) AS x) || ' too many, ' ||
                  (SELECT count(*) FROM (SELECT t FROM q EXCEPT ALL SELECT t FROM v) AS x) || ' missing'"
}
image() { value "SELECT md5(string_agg(v::text, ',' ORDER BY v::text COLLATE \"C\")) FROM daily_usage AS v"; }
columns() { value "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'daily_usage'::regclass AND attnum > 0"; }
# The journal as the tool wrote it: what its labels did. The builds that followed are the worker's.
journal() { admin -c "SELECT string_agg(format('%s %s>%s', label, coalesce(from_version::text, '-'), coalesce(to_version::text, '-')), ', ' ORDER BY change_id) FROM (SELECT id AS change_id, c.* FROM mvmanager.change AS c WHERE label IS NOT NULL) AS c"; }
state() { admin -f "$here/state.sql"; }
# The state is what it was when the file was written: same_state FILE NAME.
same_state() {
    local difference
    difference=$(diff "$1" <(state)) || true
    grep -q '^version ' "$1" || difference="the state could not be read: $(head -n 3 "$1")"
    report "$([ -z "$difference" ] && echo 0 || echo 1)" "$2" "$difference"
}

scenario() {
    local oid first_image
    step 'creates the view' created || return 0
    is 'the view has the rows of its query' "$(differences "$first_definition")" '0 too many, 0 missing'
    is 'and its columns' "$(columns)" 'user_id day first_at n'
    is 'and its index' "$(value "SELECT string_agg(indexrelid::regclass::text, ' ') FROM pg_index WHERE indrelid = 'daily_usage'::regclass AND indisunique AND indisvalid")" daily_usage_key
    is 'and its owner' "$(value "SELECT relowner::regrole FROM pg_class WHERE oid = 'daily_usage'::regclass")" app

    # What hangs on it by the time it is replaced, none of it known to the tool.
    value "GRANT SELECT ON daily_usage TO app_reader; COMMENT ON MATERIALIZED VIEW daily_usage IS 'kept';
           CREATE VIEW usage_by_day AS SELECT day, sum(n) AS n FROM daily_usage GROUP BY day"
    oid=$(value "SELECT 'daily_usage'::regclass::oid")
    first_image=$(image)
    value "INSERT INTO message_usages SELECT g, g % 7, g * 3, timestamptz '2026-02-01 00:00+00' + g * interval '37 minutes' FROM generate_series(501, 700) AS g"

    step 'replaces it' replaced || return 0
    is 'the appended columns are there' "$(columns)" 'user_id day first_at n tokens last_digit'
    is 'with the rows of the new query' "$(differences "$second_definition")" '0 too many, 0 missing'
    is 'the same relation' "$(value "SELECT 'daily_usage'::regclass::oid")" "$oid"
    is 'with grant, comment, index and dependent view' \
        "$(value "SELECT has_table_privilege('app_reader', 'daily_usage', 'SELECT'), obj_description('daily_usage'::regclass, 'pg_class'),
                         (SELECT count(*) FROM pg_index WHERE indrelid = 'daily_usage'::regclass AND indisvalid), (SELECT sum(n) FROM usage_by_day)")" 't|kept|1|700'
    is 'the journal tells both by the label' "$(journal)" 'create_daily_usage ->1, add_tokens 1>2'

    state >"$work/before"
    fails 'a migration that fails half-way' broken
    like 'fails for its own reason' "$OUTPUT" 'division by zero'
    same_state "$work/before" 'and leaves nothing'

    if declare -F noise >/dev/null; then noise; fi

    step 'undoes the replacement' undo_replaced
    is 'the columns are the first again' "$(columns)" 'user_id day first_at n'
    is 'and the rows, kept' "$(image)" "$first_image"
    is 'in the same relation, with what hangs on it' \
        "$(value "SELECT 'daily_usage'::regclass::oid, has_table_privilege('app_reader', 'daily_usage', 'SELECT'), obj_description('daily_usage'::regclass, 'pg_class')")" "$oid|t|kept"

    state >"$work/before"
    fails 'does not undo the creation while a view depends on it' undo_created
    like 'and is told why' "$OUTPUT" 'depend'
    same_state "$work/before" 'nor half of it'
    value 'DROP VIEW usage_by_day'
    step 'undoes the creation' undo_created
    is 'the view is gone' "$(value "SELECT to_regclass('daily_usage') IS NULL")" t
    is 'with all that belonged to it' "$(value "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'mvmanager_data'")" 0
    is 'its history can still be read' "$(admin -c "SELECT string_agg(number::text, ' ' ORDER BY number) FROM mvmanager.version")" '1 2'
    is 'and the catalog is sound' "$(value 'SELECT * FROM mv_verify() WHERE NOT ok')" ''
}
