# Sourced by run.sh after views.sh: one measurement, and the rounds of them.

# start_readers CASE METHOD CLIENTS RATE: looks rows of the copy up by its unique key; RATE queries a second, or as many as
# they can. stop_readers prints the slowest query in milliseconds and how many there were.
start_readers() {
    local folder=$RUN/readers
    rm -rf "$folder" && mkdir "$folder"
    sed "s/VIEW/$1_$2/" "$here/data/${data_of[$1]}.read" >"$folder/read.sql"
    PGAPPNAME=bench_reader PGOPTIONS= start_job "$folder/log" bash -c 'cd "$1" && shift && exec pgbench -n -M prepared -l -f read.sql "$@"' readers \
        "$folder" -c "$3" -j "$(($3 > 2 ? 2 : $3))" -T 3600 ${4:+-R "$4"} ${data_options[@]+"${data_options[@]/#-v/-D}"}
    READERS=$JOB
    local deadline=$((SECONDS + 20))
    until [ "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bench_reader' AND query LIKE 'SELECT *%'")" = "$3" ]; do
        [ $SECONDS -lt $deadline ] || { cat "$folder/log" >&2 && die 'the readers did not begin'; }
        sleep 0.02
    done
}
stop_readers() {
    # A client that lost its connection ends, and pgbench writes its log when all have ended; a signal would lose the last lines.
    sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bench_reader'" >/dev/null
    wait "$READERS" || true
    if grep 'ERROR' "$RUN/readers/log" | grep -v 'terminating connection' >&2; then die 'a reader failed'; fi
    cat "$RUN"/readers/pgbench_log.* | awk '{ took = ($3 - $7) / 1000; if (took > slowest) slowest = took } END { printf "%.2f %d", slowest, NR }'
}

# measure CASE RATE ROUND METHOD SITUATION CLIENTS READ-RATE STATEMENT: STATEMENT is one SELECT with the columns strategy,
# reason, changed, or a command without rows. Written to the table sample.
measure() {
    local what=$1 rate=$2 round=$3 method=$4 situation=$5 statement=$8 read_on=$4 watcher slowest count anon
    [ "$method" != partial ] || read_on=diff
    [[ " $METHODS " == *" $read_on "* ]] || read_on=native
    sql -c CHECKPOINT
    start_readers "$what" "$read_on" "$6" "$7"
    rm -f "$RUN/pid"
    perl "$here/lib/memory.pl" "$POSTMASTER" "$RUN/pid" </dev/null >"$RUN/anon" &
    watcher=$!
    # A statement that fails is a result too.
    psql -X -q -At -v what="$what" -v rate="$rate" -v round="$round" -v method="$method" -v situation="$situation" -v pid_file="$RUN/pid" \
        >/dev/null 2>"$RUN/measure.log" <<SQL || die "$(head -n 3 "$RUN/measure.log")"
\\set strategy ''
\\set reason ''
\\set changed ''
\\set measured ''
\\o $RUN/pid.new
SELECT pg_backend_pid();
\\o
\\! mv $RUN/pid.new $RUN/pid
SELECT clock_timestamp() AS begun, pg_current_wal_insert_lsn() AS wal_before \\gset
$statement
\\set failed :ERROR
\\set message :LAST_ERROR_MESSAGE
SELECT clock_timestamp() AS ended, pg_current_wal_insert_lsn() AS wal_after \\gset
\\if :failed
  \\set strategy ''
\\else
  \\set message ''
\\endif
\\set ON_ERROR_STOP on
INSERT INTO sample (what_case, rate, round, method, situation, ms, wal_bytes, strategy, reason, changed, error)
SELECT :'what', :rate, :round, :'method', :'situation',
       CASE WHEN :'message' = '' THEN coalesce(nullif(:'measured', '')::numeric, extract(epoch FROM :'ended'::timestamptz - :'begun'::timestamptz) * 1000) END,
       :'wal_after'::pg_lsn - :'wal_before'::pg_lsn, nullif(:'strategy', ''), nullif(:'reason', ''),
       nullif(:'changed', '')::bigint, nullif(:'message', '');
SQL
    # An hour's measurements are not thrown away for one that lacks its memory.
    wait "$watcher" || say "  the memory was not watched to the end: status $?"
    anon=$(cat "$RUN/anon")
    [[ $anon =~ ^[0-9]+$ ]] || anon=NULL
    read -r slowest count <<<"$(stop_readers)"
    sql -c "UPDATE sample SET reader_ms = $slowest, reader_n = $count, anon_kb = $anon WHERE id = (SELECT max(id) FROM sample)"
    say "$(value "SELECT format('  %-10s %5s %%  round %s  %-13s %10s ms   reader %8s ms%s', what_case, rate, round, method || CASE situation WHEN 'none' THEN '' ELSE '/' || situation END,
        round(ms), round(reader_ms, 1), '   ' || error) FROM sample ORDER BY id DESC LIMIT 1")"
}

# The statement of a method on a copy.
statement_of() {
    local query
    query=$(query_of "${data_of[$1]}")
    case $2 in
    native) echo "REFRESH MATERIALIZED VIEW $1_native;" ;;
    concurrently) echo "REFRESH MATERIALIZED VIEW CONCURRENTLY $1_concurrently;" ;;
    query) printf 'SELECT bare($bare$%s$bare$) AS measured \\gset\n' "$query" ;;
    ctas) echo "CREATE TEMP TABLE bare AS $query;" ;;
    partial) printf "SELECT strategy, reason, concat(rows_inserted + rows_updated + rows_deleted) AS changed FROM mv_refresh('%s_diff', 'partial', 'day IN (88, 89)') \\\\gset\n" "$1" ;;
    *) printf "SELECT strategy, reason, concat(rows_inserted + rows_updated + rows_deleted) AS changed FROM mv_refresh('%s_%s', '%s') \\\\gset\n" "$1" "$2" "$2" ;;
    esac
}

# compare CASE RATE ROUNDS: all methods and the bare query in random order, with a reader that looks 500 times a second.
compare() {
    local round method
    for ((round = 1; round <= $3; round++)); do
        change_base "$1" "$2" "$round"
        for method in $(shuf -e $METHODS query ctas); do
            measure "$1" "$2" "$round" "$method" none 1 500 "$(statement_of "$1" "$method")"
        done
        # What autovacuum would do by then: rows replaced in one round make room for those of the next.
        [ "$2" = 0 ] || sql -c VACUUM
    done
}

# compare_partial ROUNDS: new messages in the last two days; by predicate, as a whole, and by core.
compare_partial() {
    local round method next
    [[ " $METHODS " == *" diff "* ]] || return 0
    for ((round = 1; round <= $1; round++)); do
        next=$(value 'SELECT max(id) + 1 FROM message_usages')
        sql "${data_options[@]}" -v next="$next" <<'SQL'
INSERT INTO message_usages SELECT :next + i, 88 + i % 2, (i * 7919) % :users, i % 4000, (i % 4000) * 0.0003 FROM generate_series(0, 1999) AS i;
VACUUM ANALYZE message_usages;
SQL
        # partial and diff work on one copy: whichever comes second has less to do, so partial is always first.
        for method in partial $(shuf -e concurrently native); do
            measure partial 0.2 "$round" "$method" none 1 500 "$(statement_of partial "$method")"
        done
    done
    local differing
    differing=$(value 'SELECT count(*) FROM (TABLE partial_diff EXCEPT ALL TABLE partial_native) d')
    [ "$differing" = 0 ] || die "partial left $differing rows behind"
}

# compare_readers SITUATION ROUNDS: four readers that never pause, while nobody else, an open transaction or pg_dump has
# the view for three seconds from before the refresh begins. The bare query shows what this machine does to them anyhow.
compare_readers() {
    local round method rate
    for ((round = 1; round <= $2; round++)); do
        for rate in 1 100; do
            [ "$rate" = 1 ] || [ "$1" = none ] || continue
            change_base readers "$rate" "$round"
            for method in $(shuf -e $METHODS query); do
                hold_view "$1" "readers_$method"
                measure readers "$rate" "$round" "$method" "hammering, $1" 4 '' "$(statement_of readers "$method")"
                end_hold
            done
        done
    done
}

# hold_view none|transaction|dump VIEW: somebody has AccessShareLock on it now and goes three seconds later.
HOLDER=
hold_view() {
    HOLDER=
    [[ " $METHODS " == *" ${2#*_} "* ]] || return 0
    case $1 in
    none) return 0 ;;
    transaction)
        start_job "$RUN/holder.log" psql -X -q -c "BEGIN; SELECT count(*) FROM (SELECT FROM $2 LIMIT 1) s; SELECT pg_sleep(3)" -c COMMIT
        ;;
    dump)
        # It writes into a pipe that nobody reads for three seconds, and then to the end.
        start_job "$RUN/holder.log" bash -c 'pg_dump -w | (sleep 3; cat >/dev/null)'
        ;;
    esac
    HOLDER=$JOB
    local deadline=$((SECONDS + 3))
    until [ "$(value "SELECT count(*) FROM pg_locks WHERE relation = '$2'::regclass AND mode = 'AccessShareLock' AND granted")" != 0 ]; do
        [ $SECONDS -lt $deadline ] || { say "  here $1 takes no lock on $2" && return; }
        sleep 0.02
    done
}
end_hold() { [ -z "$HOLDER" ] || wait "$HOLDER" || die "$(cat "$RUN/holder.log")"; }
