typeorm() { node "$NODE_PATH/typeorm/cli.js" "$@" -d "$work/source.js"; }
version() { grep -m 1 '"version"' "$NODE_PATH/typeorm/package.json"; }
created() { UP_TO=WaitForDailyUsage1767225600002 typeorm migration:run; }
replaced() { UP_TO=WaitForTokens1767225600004 typeorm migration:run; }
broken() { typeorm migration:run; }
undo_replaced() { typeorm migration:revert && typeorm migration:revert; }
# The migration that waited is undone by the first try already.
undo_created() { typeorm migration:revert && typeorm migration:revert; }
noise() {
    step 'compares its entities with the database' typeorm schema:log
    like 'and finds nothing to change' "$OUTPUT" 'up to date'
}
