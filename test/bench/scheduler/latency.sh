#!/bin/bash
# How late scheduled runs start: due time to the moment a worker begins with the run.
#
#   test/bench/scheduler/latency.sh [RUNS]      100 runs of a trivial view, one every second
#
# Makes a private server that is gone afterwards and prints a table. PG_CONFIG chooses the PostgreSQL.
. "$(dirname "$0")/../../../dev/lib/private.sh"

runs=${1:-100}
[[ $runs =~ ^[0-9]+$ ]] && [ "$runs" -ge 10 ] || die 'measure 10 runs or more' 2
private_server 'log_min_messages = warning' 'client_min_messages = warning'
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

sql -At -c 'CREATE EXTENSION mvmanager' -c "SELECT FROM mv_create('trivial', 'SELECT 1 AS one', build => 'now')" \
    -c "SELECT FROM mv_schedule('trivial', '1 second')" >/dev/null
load=$(cut -d ' ' -f 1 /proc/loadavg)
# The first run also starts the processes: it is not counted.
deadline=$((SECONDS + runs * 2 + 30))
until [ "$(sql -At -c "SELECT count(*) FROM mvmanager.run WHERE reason = 'schedule' AND state = 'succeeded'")" -gt "$runs" ]; do
    [ "$SECONDS" -lt "$deadline" ] || die "fewer than $runs runs in time"
    sleep 1 # the machine is left alone while it is measured
done
sql -P footer=off -v runs="$runs" -v load="$load" <<'SQL'
WITH late AS (SELECT extract(epoch FROM started_at - scheduled_for) * 1000 AS ms
                FROM mvmanager.run
               WHERE reason = 'schedule' AND state = 'succeeded'
               ORDER BY id OFFSET 1 LIMIT :runs)
SELECT count(*) AS runs,
       round(min(ms), 1) AS min_ms,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1) AS median_ms,
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1) AS p99_ms,
       round(max(ms), 1) AS max_ms,
       :'load' AS load_before
  FROM late;
SQL
