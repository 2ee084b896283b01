#!/bin/bash
# Replacing the definition of a view while it is read, beside the ways there are without mvmanager.
#
#   test/bench/replace/run.sh                     a tenth of the full size, some minutes
#   test/bench/replace/run.sh --scale 1           a view of 1 M rows and one of 5 M
#   test/bench/replace/run.sh --rounds 3          medians of 3 instead of 5
#   test/bench/replace/run.sh --only readers,call some cases: readers held rollback call queue
#   test/bench/replace/run.sh --hold 30           seconds for which an open transaction holds the view (case held)
#   test/bench/replace/run.sh --rate 400          reads a second
#   test/bench/replace/run.sh --out FILE          also writes every sample to FILE, as CSV
#
# The view has three indexes and a dependent view; a replacement appends a column. Readers look rows up by key in both, on four
# connections; a read's time counts from when it was due. Makes a private server that is gone afterwards. PG_CONFIG chooses the
# PostgreSQL. Within a round the methods come in random order. The last lines are the targets, met or missed.
. "$(dirname "$0")/../../../dev/lib/private.sh"
here=$ROOT/test/bench/replace
. "$here/lib/measure.sh"
. "$here/lib/methods.sh"

scale=0.1 rounds=5 only=readers,held,rollback,call,queue hold=30 rate=400 out=
usage() { sed -n '2,/^\. /{/^\. /d;s/^# \{0,1\}//p}' "$0"; }
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=${2:?} && shift 2 ;;
    --rounds) rounds=${2:?} && shift 2 ;;
    --only) only=${2:?} && shift 2 ;;
    --hold) hold=${2:?} && shift 2 ;;
    --rate) rate=${2:?} && shift 2 ;;
    --out) out=${2:?} && shift 2 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
    esac
done
[[ $scale =~ ^[0-9.]+$ ]] && awk "BEGIN { exit !($scale >= 0.001) }" || die 'the scale is a number from 0.001 on' 2
for number in "$rounds" "$hold" "$rate"; do [[ $number =~ ^[1-9][0-9]*$ ]] || die "not a number of at least 1: \"$number\"" 2; done
times() { awk "BEGIN { n = int($1 * $scale); print n < 100 ? 100 : n }"; }
chosen() { [[ ,$only, == *,$1,* ]]; }

private_server 'log_min_messages = warning' 'client_min_messages = warning' 'fsync = on' 'shared_buffers = 1GB' 'maintenance_work_mem = 256MB' \
    'max_wal_size = 16GB' 'checkpoint_timeout = 1h' 'autovacuum = off' 'jit = off' 'max_worker_processes = 16'
begun=$SECONDS
sql -f "$here/lib/samples.sql" -v scale="$scale" -v rounds="$rounds" -v rate="$rate" -v hold="$hold" -v load="$(cut -d ' ' -f 1 /proc/loadavg)" -v cores="$(nproc)"

# --- the cases -----------------------------------------------------------------------------------------------------------

rows=$(times 1000000)
if chosen readers || chosen held || chosen call || chosen queue; then make_data "$rows"; fi
if chosen readers; then
    for method in nothing mvmanager drop_create rename_swap refresh; do make_view "$method"; done
    for ((round = 1; round <= rounds; round++)); do
        for method in $(shuf -e nothing mvmanager drop_create rename_swap refresh); do measure readers "$method" "$round"; done
    done
    for method in nothing mvmanager drop_create rename_swap refresh; do drop_view "$method"; done
fi
if chosen held; then
    for method in mvmanager rename_swap; do make_view "$method"; done
    for ((round = 1; round <= (rounds > 2 ? 2 : rounds); round++)); do
        for method in $(shuf -e mvmanager rename_swap); do
            hold_view "$method"
            measure held "$method" "$round"
            end_hold
        done
    done
    for method in mvmanager rename_swap; do drop_view "$method"; done
fi
if chosen call; then
    make_view mvmanager
    for ((round = 1; round <= 10 * rounds; round++)); do measure_call "$round"; done
    drop_view mvmanager
fi
if chosen queue; then
    make_view mvmanager
    measure_queue
    drop_view mvmanager
fi
if chosen rollback; then
    for size in 1000000 5000000; do
        make_data "$(times "$size")"
        make_view mvmanager
        measure_rollback "$(times "$size")" "$((2 * rounds))"
        drop_view mvmanager
    done
fi

# --- the result ----------------------------------------------------------------------------------------------------------

[ -z "$out" ] || sql -c '\copy (SELECT * FROM sample ORDER BY id) TO STDOUT (FORMAT csv, HEADER)' >"$out"
sql -P footer=off -P border=1 -f "$here/lib/report.sql"
say "$((SECONDS - begun)) seconds"
