# Sourced after base.sh: what the build and the tests need from the system. Root on a Debian-like system gets it installed;
# anybody else is told the line to type.

# need PROBE PACKAGE...: remembers the packages unless PROBE succeeds.
missing=()
need() { bash -c "$1" >/dev/null 2>&1 || missing+=("${@:2}"); }

# need_build MAJOR, need_tests MAJOR KIND..., need_unit: the three sets, by what is there rather than by package names, so that
# a PostgreSQL built from source counts too.
need_build() {
    need 'command -v g++' g++
    need 'command -v make' make
    need 'echo "#include <fmt/format.h>" | g++ -x c++ -fsyntax-only -' libfmt-dev
    local pg_config
    pg_config=$(native_pg_config "$1") || pg_config=/nonexistent
    need "test -e \"\$($pg_config --includedir-server)/postgres.h\"" "postgresql-server-dev-$1"
    need "test -x \"\$($pg_config --bindir)/postgres\"" "postgresql-$1"
}
need_tests() {
    local pg_config
    pg_config=$(native_pg_config "$1") || pg_config=/nonexistent
    need 'perl -MTest::More -MTAP::Harness -e 1 && command -v prove' perl
    need 'perl -MIPC::Run -e 1' libipc-run-perl
    [[ " ${*:2} " == *' pgtap '* ]] || return 0
    need 'command -v pg_prove' libtap-parser-sourcehandler-pgtap-perl
    need "test -e \"\$($pg_config --sharedir)/extension/pgtap.control\"" "postgresql-$1-pgtap"
}
need_unit() {
    need 'command -v cmake' cmake
    need 'echo "#include <gtest/gtest.h>" | g++ -std=c++20 -x c++ -fsyntax-only -' libgtest-dev
}

# native_pg_config MAJOR: prints the pg_config of an installed server of that major, or fails.
native_pg_config() {
    local candidate
    for candidate in "$PG_CONFIG_GIVEN" "/usr/lib/postgresql/$1/bin/pg_config" "$(command -v pg_config || true)"; do
        [ -x "$candidate" ] || continue
        case $("$candidate" --version 2>/dev/null) in
        "PostgreSQL $1"[.a-z]*)
            [ -e "$("$candidate" --includedir-server)/postgres.h" ] && [ -x "$("$candidate" --bindir)/postgres" ] || continue
            echo "$candidate"
            return
            ;;
        esac
    done
    return 1
}

# is_native MAJOR: there is such a server here, or this system's own packages have it.
is_native() {
    native_pg_config "$1" >/dev/null ||
        { command -v apt-cache >/dev/null && [ -n "$(apt-cache search --names-only "^postgresql-server-dev-$1\$" 2>/dev/null)" ]; }
}

apt_install() {
    say "installing: $*"
    # No service is started and no cluster made; those who have chosen otherwise already are left alone.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Options::=--force-confold -q -y --no-install-recommends install "$@" </dev/null >&2
}

# apt_update: at most every twelve hours.
apt_update() {
    [ -z "$(find "$CACHE/apt-updated" -mmin -720 2>/dev/null)" ] || return 0
    if apt-get -o DPkg::Lock::Timeout=600 -q update </dev/null >"$RUN/apt.log" 2>&1; then
        touch "$CACHE/apt-updated"
    else
        say 'apt-get update failed; going on with the packages known so far'
    fi
}

# newest_minor MAJOR: extensions are built against the newest minor, but never at the price of restarting somebody's server.
newest_minor() {
    local installed candidate
    installed=$(apt-cache policy "postgresql-$1" 2>/dev/null | sed -n 's/^  Installed: //p')
    candidate=$(apt-cache policy "postgresql-$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
    [ -n "$installed" ] && [ "$installed" != '(none)' ] && [ "$installed" != "$candidate" ] || return 0
    if pgrep -x postgres >/dev/null 2>&1; then
        say "note: PostgreSQL $installed is installed and $candidate is available; not upgraded, since a server is running"
        return 0
    fi
    local packages
    mapfile -t packages < <(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "postgresql*-$1" "postgresql-$1-*" libpq5 libpq-dev 2>/dev/null |
        sed -n 's/ ii *$//p' | sort -u)
    apt_install --only-upgrade "${packages[@]}"
}

# install_missing: what need() collected; exits with 2 and the line to type where that is not allowed.
install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    local list
    list=$(printf '%s\n' "${missing[@]}" | sort -u | paste -sd ' ')
    if ! command -v apt-get >/dev/null; then
        die "these are needed (Debian's package names): $list" 2
    elif ! is_root; then
        say "these packages are needed; please type:"
        printf '    sudo apt-get install -y --no-install-recommends %s\n' "$list" >&2
        exit 2
    fi
    # shellcheck disable=SC2086
    apt_install $list
    missing=()
}
