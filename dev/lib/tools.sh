# Sourced after base.sh and packages.sh: the migration tools that test/tools runs. Debian's packages have some; those from the npm
# registry are in the cache, in the versions and with the checksums of test/tools/package-lock.json.

need_tools() {
    need '/usr/bin/python3 -c "import alembic, psycopg2"' alembic python3-psycopg2
    need '/usr/bin/python3 -c "import django"' python3-django
    need "/usr/bin/ruby -e 'require \"active_record\"; require \"pg\"'" ruby-activerecord ruby-pg
    need 'test -x /usr/bin/sqitch && perl -MDBD::Pg -e 1' sqitch libdbd-pg-perl
    need 'command -v node && command -v npm' nodejs npm
}

# tools_modules: installs them unless they are there, and sets NODE_PATH; or TOOLS_MISSING, to the reason, and TOOLS_OFFLINE where
# that is the network.
tools_modules() {
    local lock=$ROOT/test/tools/package-lock.json folder new
    folder=$CACHE/tools/$(sha256sum <"$lock" | cut -c 1-16)
    TOOLS_MISSING='' TOOLS_OFFLINE=''
    mkdir -p "$CACHE/tools"
    exec 5>"$CACHE/tools.lock"
    flock 5
    if [ ! -d "$folder" ]; then
        say 'installing the migration tools from the npm registry'
        new=$(mktemp -d "$CACHE/tools/new.XXXXXX")
        chmod 755 "$new"
        cp "$ROOT"/test/tools/package{,-lock}.json "$new"
        # Without the scripts of packages: none of these needs one, and they would run with the rights of this program.
        if (cd "$new" && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --silent 5>&-) >"$RUN/npm.log" 2>&1; then
            mv "$new" "$folder"
        else
            rm -rf "$new"
            TOOLS_MISSING="npm ci failed: $(tail -n 5 "$RUN/npm.log")"
            timeout 20 npm ping 5>&- >/dev/null 2>&1 || TOOLS_OFFLINE=1
        fi
    fi
    exec 5>&-
    NODE_PATH=$folder/node_modules
    export NODE_PATH TOOLS_MISSING TOOLS_OFFLINE
}
