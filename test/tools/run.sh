#!/bin/bash
# test/tools/run.sh [TOOL...]: migration tools as they are, each with a project of its own, on the server that PGHOST and PGPORT name:
# alembic django rails sqitch knex typeorm node_pg_migrate drizzle. dev/tools makes the server and installs them.
#
# NODE_PATH is the node_modules folder of those from npm; where it could not be made, TOOLS_MISSING says why, and TOOLS_OFFLINE is
# set if for want of a network. Prints TAP and, last, "N passed, N failed". REQUIRES: a superuser "postgres", no databases named
# tools_*; the server's user.
set -uo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/lib.sh"

tools=(alembic django rails sqitch knex typeorm node_pg_migrate drizzle)
[ $# -eq 0 ] || tools=("$@")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mvmanager-tools.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
export PGUSER=app
PGDATABASE=postgres admin -c 'CREATE ROLE app LOGIN' -c 'CREATE ROLE app_reader' >/dev/null

for tool in "${tools[@]}"; do
    export PGDATABASE=tools_$tool
    work=$scratch/$tool
    cp -a "$here/$tool" "$work" || exit
    case $tool in
    knex | typeorm | node_pg_migrate | drizzle)
        if [ -n "${TOOLS_MISSING:-}" ]; then
            if [ -n "${TOOLS_OFFLINE:-}" ]; then skip 'no network'; else report 1 'is installed' "$TOOLS_MISSING"; fi
            continue
        fi
        ln -s "$NODE_PATH" "$work/node_modules"
        ;;
    esac
    # A subshell for the tool's functions; what it counted comes back in a file.
    (
        . "$work/tool.sh"
        step 'is installed' version
        if [ "$RC" -eq 0 ]; then
            echo "# $tool: $(head -n 1 <<<"$OUTPUT")"
            PGDATABASE=postgres admin -c "CREATE DATABASE $PGDATABASE OWNER app" && admin -f "$here/fixture.sql" && scenario || report 1 'has a database'
        fi
        echo "$checks $passed $failed $skipped" >"$scratch/counts"
    )
    read -r checks passed failed skipped <"$scratch/counts"
done
echo "1..$checks"
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
