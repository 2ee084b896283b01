# Sourced by run.sh: data and copies of a view. The files of a set of data are in ../data: NAME.sql makes the tables,
# NAME.query is the view, NAME.indexes its indexes, NAME.read what a reader does, NAME.change what happens before a round.

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
value() { sql -At -c "$1"; }

# load_data NAME PSQL-OPTION...
declare -a data_options=()
load_data() {
    data_options=("${@:2}")
    say "making the data: $1"
    sql "${data_options[@]}" -f "$here/data/$1.sql" >/dev/null
}

# available_strategies: which of those asked for this build has. Sets METHODS, what is compared, and MEMORY_OPTIONS.
available_strategies() {
    local strategy
    METHODS='native concurrently'
    sql -c 'CREATE MATERIALIZED VIEW probe AS SELECT 1 AS one; CREATE UNIQUE INDEX ON probe (one); SELECT FROM mv_adopt($$probe$$)' >/dev/null
    for strategy in ${strategies//,/ }; do
        if value "SELECT strategy FROM mv_refresh('probe', '$strategy')" >/dev/null 2>"$RUN/probe.log"; then
            METHODS+=" $strategy"
        else
            say "strategy $strategy is left out: $(head -n 1 "$RUN/probe.log")"
        fi
    done
    MEMORY_OPTIONS=
    [ -z "$(value "SELECT name FROM pg_settings WHERE name = 'mvmanager.diff_memory'")" ] || MEMORY_OPTIONS='-c mvmanager.diff_memory=64MB'
    sql -c 'SELECT FROM mv_drop($$probe$$)' >/dev/null
}

query_of() { cat "$here/data/$1.query"; }

# make_views CASE DATA: a copy of the view for each method, CASE_METHOD, filled and indexed in the same way.
declare -A data_of=()
make_views() {
    local method index query
    data_of[$1]=$2
    query=$(query_of "$2")
    say "making the views: $1"
    for method in $METHODS; do
        {
            printf 'CREATE MATERIALIZED VIEW %s_%s AS %s;\n' "$1" "$method" "$query"
            while IFS= read -r index; do printf '%s;\n' "${index/VIEW/$1_$method}"; done <"$here/data/$2.indexes"
            printf 'VACUUM ANALYZE %s_%s;\n' "$1" "$method"
            printf "SELECT FROM mv_adopt('%s_%s');\n" "$1" "$method"
        } | sql >/dev/null
    done
    sql -v name="$1" -v query="$query" <<'SQL'
INSERT INTO plan
SELECT :'name', format('work_mem %s, hashagg %s', current_setting('work_mem'), current_setting('enable_hashagg')), plan_of(:'query'), c.reltuples,
       pg_table_size(c.oid) / 1048576.0, pg_indexes_size(c.oid) / 1048576.0,
       (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid)
  FROM pg_class c WHERE c.oid = (:'name' || '_native')::regclass;
SQL
}

# change_base CASE RATE ROUND: the change all methods of a round have to catch up with.
change_base() {
    [ "$2" != 0 ] || return 0
    local change=$here/data/${data_of[$1]}.change
    [ -e "$change" ] || change=$here/data/flights.change
    sql "${data_options[@]}" -v step="$(awk "BEGIN { print int(100 / $2 + 0.5) }")" -v round="$3" -f "$change"
    sql -c 'VACUUM'
}

# finish_case CASE: every copy whose last refresh succeeded must hold what the query says, by the image of each row; then they
# are dropped.
finish_case() {
    local method truth image='count(*) || $$ rows $$ || coalesce(sum(hashtextextended(r::text COLLATE "C", 0)), 0)'
    [ "$1" = partial ] || {
        truth=$(value "SET extra_float_digits = 3; SELECT $image FROM ($(query_of "${data_of[$1]}")) r")
        for method in $METHODS; do
            [ "$(value "SELECT error FROM sample WHERE (what_case, method) = ('$1', '$method') ORDER BY id DESC LIMIT 1")" = '' ] || continue
            [ "$(value "SET extra_float_digits = 3; SELECT $image FROM $1_$method r")" = "$truth" ] || die "$1_$method does not hold what its query says"
        done
    }
    for method in $METHODS; do sql -c "SELECT FROM mv_drop('$1_$method')" >/dev/null; done
}
