# It reads a URL; the socket's folder is its host, escaped.
migrate() { DATABASE_URL="postgres://$PGUSER@${PGHOST//\//%2F}:$PGPORT/$PGDATABASE" node "$NODE_PATH/node-pg-migrate/bin/node-pg-migrate.js" "$@"; }
version() { grep -m 1 '"version"' "$NODE_PATH/node-pg-migrate/package.json"; }
created() { migrate up 2; }
replaced() { migrate up 2; }
broken() { migrate up 1; }
undo_replaced() { migrate down 2; }
undo_created() { migrate down 2; }
