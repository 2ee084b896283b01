# Sourced after base.sh: a Debian of another release under CACHE, for the PostgreSQL majors this machine has no packages of.
# Needs root. Mounts are made in a mount namespace of the process that uses them and end with it, as do its processes.

# Which release carries which PostgreSQL.
suite_of_major() {
    case $1 in
    13) echo bullseye ;;
    15) echo bookworm ;;
    17) echo trixie ;;
    18) echo forky ;;
    *) die "no Debian release with PostgreSQL $1 is known" ;;
    esac
}

chroot_packages() {
    local major=$1
    # The server's -dev package would pull clang and llvm in, 800 MB for bitcode that we do not build; it is unpacked alone.
    printf '%s\n' "postgresql-$major" "postgresql-$major-pgtap" libtap-parser-sourcehandler-pgtap-perl libipc-run-perl perl \
        g++ make ccache cmake libgtest-dev libfmt-dev libpq-dev libkrb5-dev libxml2-dev libssl-dev zlib1g-dev
}

# apt_sites RELEASE: the mirror this machine's apt uses for it.
apt_sites() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: ${1}" 2>/dev/null | sort -u | head -1; }
own_release() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# in_namespace FOLDER COMMAND...: runs COMMAND with FOLDER's proc, dev/shm and tmp mounted, all of it gone at its end.
in_namespace() {
    unshare --mount --pid --fork --kill-child -- bash -c '
        set -e
        folder=$1; shift
        mount -t proc proc "$folder/proc"
        mkdir -p "$folder/dev/shm"
        mount -t tmpfs -o mode=1777 tmpfs "$folder/dev/shm"
        mount -t tmpfs -o mode=1777 tmpfs "$folder/tmp"
        if [ -n "${WORK_FOLDER:-}" ]; then mount --bind "$WORK_FOLDER" "$folder/mnt"; fi
        if [ -n "${CCACHE_FOLDER:-}" ]; then mount --bind "$CCACHE_FOLDER" "$folder/srv"; fi
        exec "$@"' in_namespace "$@"
}

in_chroot() {
    local folder=$1
    shift
    in_namespace "$folder" chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root TERM=dumb \
        DEBIAN_FRONTEND=noninteractive ${CI:+CI="$CI"} "$@"
}

# chroot_refresh FOLDER MAJOR: installs what is missing and the newest minor of the rest.
chroot_refresh() {
    cp -L /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    # shellcheck disable=SC2046
    in_chroot "$1" bash -ec '
        major=$1; shift
        apt-get -q update
        apt-get -q -y --no-install-recommends upgrade
        apt-get -q -y --no-install-recommends install "$@"
        cd /var/cache/apt
        want=$(apt-cache show --no-all-versions "postgresql-server-dev-$major" | sed -n "s/^Version: //p")
        if [ "$(cat /var/lib/mvmanager-server-dev 2>/dev/null)" != "$want" ]; then
            apt-get -q download "postgresql-server-dev-$major"
            dpkg -x postgresql-server-dev-"$major"_*.deb /
            rm postgresql-server-dev-"$major"_*.deb
            echo "$want" >/var/lib/mvmanager-server-dev
        fi
        apt-get clean
        printf "%s\n" "$@" >/var/lib/mvmanager-refreshed' chroot_refresh "$2" $(chroot_packages "$2")
}

# chroot_create FOLDER MAJOR: built under another name, so that what has the right name is whole. REQUIRES: a subshell in
# strict mode, which ends at the first failure and takes the half-made folder with it.
chroot_create() {
    local folder=$1 major=$2 suite new mirror security script=
    suite=$(suite_of_major "$major")
    command -v debootstrap >/dev/null || apt_install debootstrap
    mirror=$(apt_sites "$(own_release)")
    [ -n "$mirror" ] || die "apt knows no mirror of this machine's own release"
    security=$(apt_sites "$(own_release)-security")
    # A release newer than debootstrap is made with the script of the development release.
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/sid
    rm -rf "$folder".new.*
    new=$(mktemp -d "$folder.new.XXXXXX")
    trap "rm -rf '$new'" EXIT
    chmod 755 "$new"
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    unshare --mount -- env ${http_proxy:+http_proxy="$http_proxy"} \
        debootstrap --variant=minbase "$suite" "$new" "$mirror" ${script:+"$script"}
    printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
    chmod 755 "$new/usr/sbin/policy-rc.d"
    mkdir -p "$new/etc/postgresql-common"
    echo 'create_main_cluster = false' >"$new/etc/postgresql-common/createcluster.conf"
    printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n' >"$new/etc/apt/apt.conf.d/99valid"
    [ -z "${http_proxy:-}" ] || echo "Acquire::http::Proxy \"$http_proxy\";" >"$new/etc/apt/apt.conf.d/99proxy"
    if [ -n "$security" ]; then
        echo "deb $security $suite-security main" >"$new/etc/apt/sources.list.d/security.list"
        # A release in the making may have no security archive yet.
        in_chroot "$new" apt-get -q update -o APT::Update::Error-Mode=any || rm "$new/etc/apt/sources.list.d/security.list"
    fi
    chroot_refresh "$new" "$major"
    mv "$new" "$folder"
}

# chroot_fresh FOLDER MAJOR: refreshed within twelve hours, with the packages wanted.
chroot_fresh() {
    [ -n "$(find "$1/var/lib/mvmanager-refreshed" -mmin -720 2>/dev/null)" ] && chroot_complete "$1" "$2"
}
chroot_complete() { [ "$(cat "$1/var/lib/mvmanager-refreshed" 2>/dev/null)" = "$(chroot_packages "$2")" ]; }

# chroot_ready MAJOR: makes or refreshes the chroot; one process at a time, the others wait and find it done. Users of a chroot
# hold its lock shared: one that is complete and in use is taken as it is.
chroot_folder() { echo "$CACHE/chroot/$(suite_of_major "$1")"; }
chroot_ready() {
    local folder
    folder=$(chroot_folder "$1")
    mkdir -p "$CACHE/chroot"
    (
        if chroot_fresh "$folder" "$1"; then exit 0; fi
        if chroot_complete "$folder" "$1"; then flock -n -x 8 || exit 0; else flock -x 8; fi
        if chroot_fresh "$folder" "$1"; then exit 0; fi
        if [ -d "$folder" ]; then
            chroot_refresh "$folder" "$1"
        else
            chroot_create "$folder" "$1"
        fi
    ) 8>"$folder.lock"
}

# chroot_run MAJOR FOLDER COMMAND...: runs COMMAND inside, FOLDER being seen as /mnt and the compiler's cache as /srv.
chroot_run() {
    local folder
    folder=$(chroot_folder "$1")
    (
        flock -s 8
        export WORK_FOLDER=$2 CCACHE_FOLDER=$CACHE/ccache/$1
        mkdir -p "$CCACHE_FOLDER"
        in_chroot "$folder" "${@:3}" 8>&-
    ) 8>"$folder.lock"
}
