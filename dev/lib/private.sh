# Sourced by dev/demo and the programs of test/bench: one call from a checkout to a running private server with mvmanager
# installed. Sources the other parts.
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"

# The major of PG_CONFIG, else the newest supported one that is installed here, else the newest this system has packages of.
private_major() {
    local major
    if [ -n "$PG_CONFIG_GIVEN" ]; then
        major=$("$PG_CONFIG_GIVEN" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
        if native_pg_config "$major" >/dev/null; then echo "$major" && return; fi
    fi
    for major in 18 17 16 15; do if native_pg_config "$major" >/dev/null; then echo "$major" && return; fi; done
    for major in 18 17 16 15; do if is_native "$major"; then echo "$major" && return; fi; done
    say 'PostgreSQL 15, 17 or 18 is needed and this system has no packages of it'
    exit 2
}

# private_server SETTING...: builds this checkout, installs it into a private copy of PostgreSQL and starts a server with
# mvmanager preloaded and the settings given ("name = value"). Everything lies in RUN and ends with this program.
# With QUICK_BUILD=1 it is compiled for somebody who waits rather than for measuring.
# Sets MAJOR and BINDIR, puts the programs first in PATH and exports PGHOST, PGPORT and PGUSER, so that a plain psql connects.
private_server() {
    make_run
    ! is_root || ! command -v apt-get >/dev/null || (flock 7 && apt_update) 7>"$CACHE/packages.lock"
    MAJOR=$(private_major)
    (
        flock 7
        ! is_root || [ -n "$PG_CONFIG_GIVEN" ] || newest_minor "$MAJOR"
        need_build "$MAJOR"
        install_missing
    ) 7>"$CACHE/packages.lock"
    local pg_config
    export_checkout "$RUN/src"
    pg_config=$(as_server_user bash -c '. "$1"/dev/lib/server.sh && server_copy "$2" "$3"' copy "$RUN/src" "$(native_pg_config "$MAJOR")" "$RUN/postgres")
    BINDIR=$("$pg_config" --bindir)
    say "building mvmanager for $("$pg_config" --version)"
    # A compiler's cache and a header compiled ahead do not go together; where there is a cache it is the faster of the two.
    local compiler=g++ quick=QUICK=1
    if command -v ccache >/dev/null; then compiler='ccache g++' quick="CXXFLAGS=-O1 -fno-strict-aliasing -fwrapv"; fi
    [ -n "${QUICK_BUILD:-}" ] || quick=
    mkdir -p "$CACHE/ccache/$MAJOR"
    ! is_root || chown -R "$SERVER_USER" "$CACHE/ccache/$MAJOR"
    as_server_user env CCACHE_DIR="$CACHE/ccache/$MAJOR" CCACHE_BASEDIR="$RUN" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=500M \
        make -s -j"$(nproc)" -C "$RUN/src" CXX="$compiler" PG_CONFIG="$pg_config" ${quick:+"$quick"} install >"$RUN/build.log" 2>&1 ||
        { tail -n 40 "$RUN/build.log" >&2 && die 'the build failed'; }
    PGPORT=$(as_server_user bash -c '. "$1"/dev/lib/server.sh && server_init "$2" "$3"' init "$RUN/src" "$BINDIR" "$RUN/server")
    printf '%s\n' "shared_preload_libraries = 'mvmanager'" "$@" >>"$RUN/server/data/postgresql.conf"
    as_server_user bash -c '. "$1"/dev/lib/server.sh && server_start "$2" "$3"' start "$RUN/src" "$BINDIR" "$RUN/server"
    export PATH="$BINDIR:$PATH" PGHOST="$RUN/server/socket" PGPORT PGUSER=postgres PGDATABASE=postgres
}
