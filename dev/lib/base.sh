# Sourced by the programs of dev/: strict mode, messages, folders, and a clean end however the program ends.
#
# Sets ROOT (the checkout), CACHE (kept between runs), RUN (this run's own folder, gone afterwards) and SERVER_USER, the
# unprivileged user that builds and runs servers. Nothing else is written to: no cluster, no system folder.

set -euo pipefail
export LC_ALL=C
unset CDPATH RUN
# PG_CONFIG chooses the server as it does in the Makefile. The rest of the caller's PG* must not reach the private server.
PG_CONFIG_GIVEN=$(command -v "${PG_CONFIG:-}" || true)
for name in $(compgen -v PG); do [ "$name" = PG_CONFIG_GIVEN ] || unset "$name"; done

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$(basename "$0"): $1"
    exit "${2:-1}"
}

# Strict mode ends a program without a word; this is the word.
set -E
trap 'say "$(basename "$0"): failed at ${BASH_SOURCE[0]##*/}:$LINENO: $(head -n 1 <<<"$BASH_COMMAND")"' ERR

is_root() { [ "$(id -u)" -eq 0 ]; }

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
if [ -n "${MVMANAGER_CACHE:-}" ]; then
    CACHE=$MVMANAGER_CACHE
elif is_root; then
    CACHE=/var/cache/mvmanager
else
    CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mvmanager
fi

# PostgreSQL refuses to run as root.
if ! is_root; then
    SERVER_USER=$(id -un)
elif id postgres >/dev/null 2>&1; then
    SERVER_USER=postgres
else
    SERVER_USER=nobody
fi

# start_job LOG COMMAND...: in the background, in a process group of its own which ends with this program at the latest;
# JOB is its process id.
start_job() {
    set -m
    "${@:2}" </dev/null >"$1" 2>&1 &
    JOB=$!
    set +m
    at_exit end_job "$JOB"
}
end_job() {
    # One that has ended is left alone: its number may be somebody else's by now.
    [[ $'\n'$(jobs -pr)$'\n' == *$'\n'"$1"$'\n'* ]] || return 0
    kill -TERM -- "-$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# as_server_user COMMAND...: in the run folder and an environment of our own: root's HOME and the like do not leak, and the
# user need not be able to enter the folder we were called from.
as_server_user() {
    local keep=(PATH="$PATH" LC_ALL=C HOME="$RUN" TMPDIR=/tmp ${CI:+CI="$CI"})
    if is_root; then
        runuser -u "$SERVER_USER" -- env -i -C "$RUN" "${keep[@]}" "$@"
    else
        env -i -C "$RUN" "${keep[@]}" "$@"
    fi
}

# at_exit COMMAND...: runs when the program ends, by itself, by an error or by a signal; the last one registered first.
exit_commands=()
at_exit() { exit_commands+=("$(printf '%q ' "$@")"); }
run_exit_commands() {
    local status=$? i
    trap '' INT TERM HUP
    set +e
    for ((i = ${#exit_commands[@]} - 1; i >= 0; i--)); do eval "${exit_commands[i]}"; done
    exit "$status"
}
trap run_exit_commands EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# stop_servers_below FOLDER: ends every server whose data directory lies there. A server that was asked to stop and is still
# there after ten seconds is killed.
stop_servers_below() {
    local file pid
    while IFS= read -r file; do
        read -r pid <"$file" || continue
        kill -INT "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.1
        done
        kill -QUIT "$pid" 2>/dev/null
    done < <(find "$1" -name postmaster.pid 2>/dev/null)
    return 0
}

remove_run() {
    stop_servers_below "$RUN"
    rm -rf "$RUN"
}

# Socket paths must stay below 108 bytes, so a long TMPDIR is not used. A program has one run folder however often it asks.
make_run() {
    [ -z "${RUN:-}" ] || return 0
    mkdir -p "$CACHE"
    local base=${TMPDIR:-/tmp}
    [ ${#base} -le 40 ] || base=/tmp
    RUN=$(mktemp -d "$base/mvmanager.XXXXXX")
    at_exit remove_run
    chmod 755 "$RUN"
    ! is_root || chown "$SERVER_USER" "$RUN"
}

# export_checkout FOLDER: the sources as they are now, new files included and build products not, readable for SERVER_USER.
# A clone below /root could not be read in place.
export_checkout() {
    mkdir -p "$1"
    if command -v git >/dev/null && git -c safe.directory='*' -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
        (
            cd "$ROOT"
            git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
                while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
                tar --null -T - -cf -
        ) | tar -xf - -C "$1"
    else
        tar -C "$ROOT" --exclude=./.git --exclude='./build*' --exclude='*.o' --exclude='*.so' -cf - . | tar -xf - -C "$1"
    fi
    ! is_root || chown -R "$SERVER_USER" "$1"
}
