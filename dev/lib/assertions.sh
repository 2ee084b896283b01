# Sourced after base.sh and packages.sh: a PostgreSQL with assertions, built from the source package of this system. It ends a
# backend that misuses locks, snapshots, relation descriptors or memory contexts where a release server goes on by luck.

# What the server is built with beyond a compiler. Without readline: nobody types into it.
need_assertions() {
    need 'command -v g++' g++
    need 'command -v make' make
    need 'command -v perl && perl -MIPC::Run -e 1' perl libipc-run-perl
    need 'echo "#include <openssl/ssl.h>" | g++ -x c++ -fsyntax-only -' libssl-dev
    need 'command -v pkg-config && pkg-config icu-i18n' pkg-config libicu-dev
    need 'pkg-config liblz4' liblz4-dev
    need 'pkg-config libzstd' libzstd-dev
    need 'echo "#include <zlib.h>" | g++ -x c++ -fsyntax-only -' zlib1g-dev
}

# The contrib modules the tests use.
ASSERTION_CONTRIB=(amcheck pageinspect pg_visibility test_decoding citext hstore pg_trgm btree_gist btree_gin bloom)

# fetch_source PACKAGE FOLDER: downloads the newest version of the source package that the mirrors still have into FOLDER. The
# lists of what there is are private to it; the system's own stay as they are.
fetch_source() {
    local package=$1 folder=$2 apt=$2/apt version
    mkdir -p "$apt/lists/partial" "$apt/parts" "$apt/cache/archives/partial"
    apt-get indextargets --format 'deb-src $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u >"$apt/sources.list"
    [ -s "$apt/sources.list" ] || die "apt knows no mirror of this machine's own release"
    local options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/parts" -o Dir::State::Lists="$apt/lists"
        -o Dir::Cache="$apt/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none)
    # A mirror may lack the sources of one of the suites; what the others have is enough.
    apt-get "${options[@]}" -q update >&2 || true
    while read -r version; do
        if (cd "$folder" && apt-get "${options[@]}" -q source --download-only "$package=$version" >&2); then return; fi
        rm -f "$folder"/*.dsc "$folder"/*.tar.*
    done < <(apt-cache "${options[@]}" showsrc "$package" | sed -n 's/^Version: //p' | sort -urV)
    die "no mirror has the source of $package"
}

# build_assertions SOURCE PREFIX: an hour of nobody's time, so at the lowest priority.
build_assertions() {
    cd "$1"
    nice -n 19 ./configure --prefix="$2" --enable-cassert --enable-debug --enable-tap-tests --without-readline --with-openssl \
        --with-icu --with-lz4 --with-zstd CFLAGS='-O1 -g -fno-omit-frame-pointer'
    nice -n 19 make -s -j"$(nproc)"
    make -s install
    local module
    for module in "${ASSERTION_CONTRIB[@]}"; do nice -n 19 make -s -C "contrib/$module" install; done
}

# assertion_server MAJOR FOLDER: builds it there unless it is there, and prints its pg_config. REQUIRES: RUN; need_assertions
# installed. One process at a time, the others wait and find it done.
assertion_server() {
    local major=$1 folder=$2
    (
        flock 6
        [ ! -e "$folder/complete" ] || exit 0
        say "building PostgreSQL $major with assertions; this takes some minutes and is kept in $folder"
        rm -rf "$folder"
        mkdir -p "$folder" "$RUN/assertions"
        fetch_source "postgresql-$major" "$RUN/assertions" >"$RUN/assertions.log" 2>&1 ||
            { tail -n 20 "$RUN/assertions.log" >&2 && die "the source of PostgreSQL $major could not be had"; }
        ! is_root || chown -R "$SERVER_USER" "$RUN/assertions" "$folder"
        as_server_user bash -ec "$(declare -p ASSERTION_CONTRIB); $(declare -f build_assertions)"'
            # As PostgreSQL published it: the distribution'\''s changes name system folders whatever the prefix.
            mkdir "$1/source" && tar -xf "$1"/*.orig.tar.* --strip-components=1 -C "$1/source"
            build_assertions "$1/source" "$2"' build "$RUN/assertions" "$folder" >>"$RUN/assertions.log" 2>&1 ||
            { tail -n 40 "$RUN/assertions.log" >&2 && die "PostgreSQL $major with assertions could not be built"; }
        touch "$folder/complete"
    ) 6>"$folder.lock" || return
    echo "$folder/bin/pg_config"
}

# use_assertions MAJOR: makes it the server that PG_CONFIG_GIVEN names, kept in the cache.
use_assertions() {
    make_run
    mkdir -p "$CACHE/assertions"
    ! is_root || ! command -v apt-get >/dev/null || (flock 7 && apt_update) 7>"$CACHE/packages.lock"
    (
        flock 7
        need_assertions
        install_missing
    ) 7>"$CACHE/packages.lock"
    PG_CONFIG_GIVEN=$(assertion_server "$1" "$CACHE/assertions/$1")
}
