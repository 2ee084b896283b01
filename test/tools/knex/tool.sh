knex() { node "$NODE_PATH/knex/bin/cli.js" "$@"; }
version() { knex --version; }
created() { knex migrate:up && knex migrate:up; }
replaced() { knex migrate:up && knex migrate:up; }
broken() { knex migrate:up; }
undo_replaced() { knex migrate:down && knex migrate:down; }
undo_created() { knex migrate:down && knex migrate:down; }
question_mark() { node question_mark.js; }
noise() {
    step 'has made a parameter of a question mark' question_mark
    like 'which is refused' "$OUTPUT" '(42P02|42601) .*\$1'
}
