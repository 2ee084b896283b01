#!/bin/bash
# Every refresh strategy against REFRESH and REFRESH CONCURRENTLY, on copies of the same views, one table of ratios.
#
#   test/bench/refresh/run.sh                     a tenth of the full size, a few minutes
#   test/bench/refresh/run.sh --scale 1           5 M messages in 1 M rows, 1 M wide rows, 10 M rows for the memory: an hour
#   test/bench/refresh/run.sh --rounds 3          medians of 3 instead of 5 (cases with readers, many indexes: 3 at most)
#   test/bench/refresh/run.sh --only wide,memory  some cases: usages wide flights distances sorted indexed partial readers memory
#   test/bench/refresh/run.sh --strategies diff   some of diff swap auto, with native and concurrently
#   test/bench/refresh/run.sh --parallel 2        lets queries have so many parallel workers (default: what the server gives)
#   test/bench/refresh/run.sh --out FILE          also writes every sample to FILE, as CSV
#
# Makes a private server that is gone afterwards. PG_CONFIG chooses the PostgreSQL. Within a round the strategies run in
# random order after the same change of the base tables, each after a CHECKPOINT and with readers on its view; ratios are
# taken within a round and the median of the rounds is printed. The last lines are the targets, met or missed.
. "$(dirname "$0")/../../../dev/lib/private.sh"
. "$(dirname "$0")/../../../dev/lib/flights.sh"
here=$ROOT/test/bench/refresh
. "$here/lib/views.sh"
. "$here/lib/measure.sh"

scale=0.1 rounds=5 only=usages,wide,flights,distances,sorted,indexed,partial,readers,memory strategies=diff,swap,auto parallel= out=
usage() { sed -n '2,/^\. /{/^\. /d;s/^# \{0,1\}//p}' "$0"; }
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=${2:?} && shift 2 ;;
    --rounds) rounds=${2:?} && shift 2 ;;
    --only) only=${2:?} && shift 2 ;;
    --strategies) strategies=${2:?} && shift 2 ;;
    --parallel) parallel=${2:?} && shift 2 ;;
    --out) out=${2:?} && shift 2 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
    esac
done
[[ $scale =~ ^[0-9.]+$ ]] && awk "BEGIN { exit !($scale >= 0.001) }" || die 'the scale is a number from 0.001 on' 2
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die 'measure one round or more' 2
# times N: N at this scale, at least 1.
times() { awk "BEGIN { n = int($1 * $scale); print n < 1 ? 1 : n }"; }
chosen() { [[ ,$only, == *,$1,* ]]; }

private_server 'log_min_messages = warning' 'client_min_messages = warning' 'fsync = on' 'shared_buffers = 2GB' 'work_mem = 64MB' \
    'maintenance_work_mem = 64MB' 'max_wal_size = 16GB' 'checkpoint_timeout = 1h' 'wal_level = replica' 'autovacuum = off' 'jit = off' \
    ${parallel:+"max_parallel_workers_per_gather = $parallel"}
POSTMASTER=$(head -n 1 "$RUN/server/data/postmaster.pid")
begun=$SECONDS load=$(cut -d ' ' -f 1 /proc/loadavg)
sql -f "$here/lib/samples.sql" -v scale="$scale" -v rounds="$rounds" -v load="$load" -v cores="$(nproc)"
available_strategies

# --- the cases -----------------------------------------------------------------------------------------------------------

users=$(times 11111) rows=$(times 1000000)
if chosen usages || chosen sorted || chosen partial || chosen readers; then
    load_data usages -v users="$users"
fi
if chosen usages; then
    make_views usages usages
    for rate in 0 0.1 1 10 100; do compare usages "$rate" "$rounds"; done
    finish_case usages
fi
if chosen sorted; then
    # What the planner takes by itself where hashing would need too much; said explicitly, so that it is this case at any scale.
    PGOPTIONS='-c work_mem=4MB -c enable_hashagg=off' make_views sorted usages
    for rate in 0 1 100; do PGOPTIONS='-c work_mem=4MB -c enable_hashagg=off' compare sorted "$rate" "$((rounds > 3 ? 3 : rounds))"; done
    finish_case sorted
fi
if chosen partial; then
    make_views partial usages
    sql -c 'CREATE INDEX message_usages_day ON message_usages (day)'
    compare_partial "$rounds"
    sql -c 'DROP INDEX message_usages_day'
    finish_case partial
fi
if chosen readers; then
    make_views readers usages
    for situation in none transaction dump; do compare_readers "$situation" "$((rounds > 2 ? 2 : rounds))"; done
    finish_case readers
fi
sql -c 'DROP TABLE IF EXISTS message_usages CASCADE'
if chosen wide; then
    load_data wide -v rows="$rows"
    make_views wide wide
    for rate in 0 1 10 100; do compare wide "$rate" "$rounds"; done
    finish_case wide
    sql -c 'DROP TABLE wide_base CASCADE'
fi
if (chosen flights || chosen distances) && fetch_flights; then
    load_data flights -v file="$RUN/flights.json"
    for case in flights distances; do
        chosen $case || continue
        make_views $case $case
        for rate in 0 1 10 100; do compare $case "$rate" "$rounds"; done
        finish_case $case
    done
    sql -c 'DROP TABLE flight CASCADE'
fi
if chosen indexed; then
    load_data indexed -v rows="$(times 300000)"
    make_views indexed indexed
    for rate in 1 100; do compare indexed "$rate" "$((rounds > 3 ? 3 : rounds))"; done
    finish_case indexed
    sql -c 'DROP TABLE message CASCADE'
fi
if chosen memory; then
    load_data large -v rows="$(times 10000000)"
    PGOPTIONS="$MEMORY_OPTIONS" make_views memory large
    PGOPTIONS="$MEMORY_OPTIONS" compare memory 1 1
    finish_case memory
fi

# --- the result ----------------------------------------------------------------------------------------------------------

[ -z "$out" ] || sql -c '\copy (SELECT * FROM sample ORDER BY id) TO STDOUT (FORMAT csv, HEADER)' >"$out"
sql -P footer=off -P border=1 -f "$here/lib/report.sql"
say "$((SECONDS - begun)) seconds"
