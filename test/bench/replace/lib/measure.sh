# Sourced by run.sh: the readers, and one measurement of each kind.

start_readers() {
    local folder=$RUN/readers
    rm -rf "$folder" && mkdir "$folder"
    printf '\\set id random(1, %s)\nSELECT user_id, tokens, cost FROM usage_%s WHERE id = :id;\n' "$ROWS" "$1" >"$folder/view.sql"
    printf '\\set id random(1, %s)\nSELECT user_id, tokens FROM busy_%s WHERE id = :id;\n' "$ROWS" "$1" >"$folder/dependent.sql"
    PGAPPNAME=bench_reader start_job "$folder/log" bash -c 'cd "$1" && exec pgbench -n -M prepared -l -c 4 -j 2 -T 3600 -R "$2" -f view.sql@4 -f dependent.sql@1' readers "$folder" "$rate"
    READERS=$JOB
    local deadline=$((SECONDS + 20))
    until [ "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bench_reader' AND query LIKE 'SELECT user_id%'")" = 4 ]; do
        [ $SECONDS -lt $deadline ] || { cat "$folder/log" >&2 && die 'the readers did not begin'; }
        sleep 0.02
    done
}
# stop_readers: prints worst, 99th percentile, how many took more than 100 ms, how many there were, how many failed.
stop_readers() {
    # A client that lost its connection ends, and pgbench writes its log when all have ended; a signal would lose the last lines.
    sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bench_reader'" >/dev/null
    wait "$READERS" || true
    local errors
    errors=$(grep 'ERROR' "$RUN/readers/log" | grep -vc 'terminating connection' || true)
    [ "$errors" = 0 ] || grep 'ERROR' "$RUN/readers/log" | head -n 3 >&2
    cat "$RUN"/readers/pgbench_log.* | awk '{ print $3 / 1000 }' | sort -n |
        awk -v errors="$errors" '{ took[NR] = $1; if ($1 > 100) slow++ } END { i = int(NR * 0.99); printf "%.2f %.2f %d %d %d", took[NR], took[i < 1 ? 1 : i], slow, NR, errors }'
}

# measure CASE METHOD ROUND: the change while it is read, by the server's clock.
measure() {
    local worst p99 slow reads errors
    sql -c CHECKPOINT
    start_readers "$2"
    # Until the readers have found their pace.
    sleep 1
    {
        echo 'SELECT clock_timestamp() AS begun \gset'
        script_of "$2" "$3"
        took served
    } >"$RUN/change.sql"
    sql -At -f "$RUN/change.sql" >/dev/null 2>"$RUN/change.log" || die "$(head -n 3 "$RUN/change.log")"
    sleep 0.5
    read -r worst p99 slow reads errors <<<"$(stop_readers)"
    record "$1" "$2" "$3" "$(cat "$RUN/called")" "$(cat "$RUN/served")" "$worst" "$p99" "$slow" "$reads" "$errors"
    back "$2"
}
# took NAME: as psql reads it, writes the milliseconds since it began to the file of that name.
took() { printf "\\\\o %s\nSELECT extract(epoch FROM clock_timestamp() - :'begun'::timestamptz) * 1000;\n\\\\o\n" "$RUN/$1"; }
milliseconds() { awk "BEGIN { printf \"%.2f\", ($2 - $1) / 1000000 }"; }

# record CASE METHOD ROUND CALL-MS MS WORST P99 SLOW READS ERRORS [BUILDS SKIPPED]
record() {
    local list
    printf -v list ', %s' "${@:4}"
    sql -c "INSERT INTO sample (what_case, method, round, rows, call_ms, ms, worst_ms, p99_ms, slow, reads, errors, builds, skipped)
            VALUES ('$1', '$2', $3, $ROWS$list$([ $# -gt 10 ] || echo ', NULL, NULL'))"
    say "$(value "SELECT format('  %-9s %-12s round %s  call %9s ms  served after %9s ms  worst read %9s ms', what_case, method, round, round(call_ms, 1), round(ms, 1), round(worst_ms, 1)) FROM sample ORDER BY id DESC LIMIT 1")"
}

# hold_view METHOD: somebody has read it in a transaction and stays there for as long as was asked.
hold_view() {
    start_job "$RUN/holder.log" psql -X -q -c "BEGIN; SELECT count(*) FROM (SELECT FROM usage_$1 LIMIT 1) s; SELECT pg_sleep($hold)" -c COMMIT
    HOLDER=$JOB
    local deadline=$((SECONDS + 10))
    until [ "$(value "SELECT count(*) FROM pg_locks WHERE relation = 'usage_$1'::regclass AND mode = 'AccessShareLock' AND granted")" != 0 ]; do
        [ $SECONDS -lt $deadline ] || die 'nobody holds the view'
        sleep 0.02
    done
}
end_hold() { wait "$HOLDER" || die "$(cat "$RUN/holder.log")"; }

# timed STATEMENT: milliseconds of a statement, its commit included, in a session that has done the same before.
timed() {
    sql -At <<SQL
$2
SELECT clock_timestamp() AS begun \\gset
$1
SELECT extract(epoch FROM clock_timestamp() - :'begun'::timestamptz) * 1000;
SQL
}

# measure_call ROUND: calls that a migration makes, in a transaction that is taken back so that each finds the same.
measure_call() {
    local name=usage_mvmanager call ms
    while IFS='|' read -r call statement; do
        ms=$(timed "BEGIN; $statement" 'SELECT FROM mv_history($$usage_mvmanager$$) LIMIT 0;' | tail -n 1)
        record call "$call" "$1" "$ms" NULL NULL NULL NULL NULL NULL
    done <<LIST
mv_replace|SELECT FROM mv_replace('$name', '$(query_of 7)', build => 'background', label => 'x');
mv_apply|SELECT FROM mv_apply('$name', '$(query_of 7)', build => 'background', label => 'x');
unchanged|SELECT FROM mv_apply('$name', '$(query_of)', label => 'x');
LIST
}

# measure_queue: forty replacements in one transaction, and forty in one each.
measure_queue() {
    local i before number started called ended what
    for what in together separately; do
        before=$(value 'SELECT coalesce(max(id), 0) FROM mvmanager.run')
        number=$(value 'SELECT coalesce(max(number), 0) FROM mvmanager.version')
        {
            [ $what = separately ] || echo 'BEGIN;'
            for ((i = 1; i <= 40; i++)); do echo "SELECT FROM mv_replace('usage_mvmanager', '$(query_of "$i")', build => 'background', label => '$what $i');"; done
            [ $what = separately ] || echo 'COMMIT;'
        } >"$RUN/queue.sql"
        started=$(date +%s%N)
        sql -f "$RUN/queue.sql" >/dev/null
        called=$(date +%s%N)
        sql -c "CALL mv_wait('usage_mvmanager', label => '$what 40')"
        ended=$(date +%s%N)
        record queue "$what" 1 "$(milliseconds "$started" "$called")" "$(milliseconds "$started" "$ended")" NULL NULL NULL NULL NULL \
            "$(value "SELECT count(*) FROM mvmanager.run WHERE id > $before AND kind = 'build' AND state <> 'skipped' AND started_at IS NOT NULL")" \
            "$(value "SELECT count(*) FROM mvmanager.version_state WHERE state = 'skipped' AND number > $number")"
        sql -c "SELECT FROM mv_rollback('usage_mvmanager', to_version => 1, data => 'rebuild')" >/dev/null
        sql -c "CALL mv_wait('usage_mvmanager')"
    done
}

# measure_rollback ROWS ROUNDS: there and back between two versions whose rows are both there.
measure_rollback() {
    local round ms
    sql -c "SELECT FROM mv_replace('usage_mvmanager', '$(query_of 2)', build => 'now')" >/dev/null
    for ((round = 1; round <= $2; round++)); do
        sql -c CHECKPOINT
        ms=$(timed "SELECT FROM mv_rollback('usage_mvmanager', to_version => $((1 + (round + 1) % 2)));" 'SELECT FROM mv_history($$usage_mvmanager$$) LIMIT 0;' | tail -n 1)
        record rollback mvmanager "$round" "$ms" "$ms" NULL NULL NULL NULL NULL
    done
}
