# Sourced: a private copy of PostgreSQL and private servers run from it, as an unprivileged user.

# server_copy PG_CONFIG FOLDER: copies the server's trees below FOLDER and prints the copy's pg_config. PostgreSQL finds its
# files relative to its programs, so an extension installed with that pg_config, and a server started from there, leave the
# original untouched.
server_copy() {
    local pg_config=$1 copy=$2 folder
    mkdir -p "$copy"
    for folder in --bindir --pkglibdir --sharedir --pkgincludedir --includedir-server; do
        folder=$(realpath "$("$pg_config" "$folder")")
        [ -d "$copy$folder" ] || (cd / && cp -a --parents "./${folder#/}" "$copy")
    done
    folder=$(realpath "$(dirname "$("$pg_config" --pgxs)")/../..")
    [ -d "$copy$folder" ] || (cd / && cp -a --parents "./${folder#/}" "$copy")
    echo "$copy$(realpath "$("$pg_config" --bindir)")/pg_config"
}

free_port() {
    local port
    while :; do
        port=$((49152 + RANDOM % 16000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
}

# server_init BINDIR FOLDER: a new cluster in FOLDER/data with its socket folder FOLDER/socket; prints the port chosen.
server_init() {
    local bindir=$1 folder=$2 port
    port=$(free_port)
    mkdir -p "$folder/socket"
    "$bindir/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --data-checksums --no-sync >"$folder/initdb.log" 2>&1 ||
        { cat "$folder/initdb.log" >&2 && return 1; }
    cat >>"$folder/data/postgresql.conf" <<CONF
port = $port
listen_addresses = ''
unix_socket_directories = '$folder/socket'
fsync = off
CONF
    echo "$port"
}

# server_start BINDIR FOLDER, server_stop BINDIR FOLDER
server_start() {
    "$1/pg_ctl" -D "$2/data" -l "$2/server.log" -w -t 60 start >"$2/pg_ctl.log" 2>&1 ||
        { cat "$2/pg_ctl.log" && tail -n 30 "$2/server.log" && return 1; } >&2
}
server_stop() {
    [ ! -e "$2/data/postmaster.pid" ] || "$1/pg_ctl" -D "$2/data" -m fast -w stop >>"$2/pg_ctl.log" 2>&1 ||
        "$1/pg_ctl" -D "$2/data" -m immediate -w stop >>"$2/pg_ctl.log" 2>&1
}
