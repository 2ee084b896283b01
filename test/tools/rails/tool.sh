rails() { /usr/bin/ruby migrate.rb "$@"; }
version() { rails version; }
created() { rails migrate 20260101000002; }
replaced() { rails migrate 20260101000004; }
broken() { rails migrate 20260101000005; }
undo_replaced() { rails migrate 20260101000002; }
undo_created() { rails migrate 0; }

noise() {
    step 'dumps schema.rb' rails schema.rb
    is 'with the tables of the application' "$(grep -oE 'create_table "[a-z_.]+"' <<<"$OUTPUT" | paste -sd ' ')" 'create_table "message_usages"'
    is 'and the extension' "$(grep -oE 'enable_extension "mvmanager"' <<<"$OUTPUT")" 'enable_extension "mvmanager"'
    step 'dumps structure.sql' rails structure.sql
    unlike 'without the rows kept of earlier versions' "$OUTPUT" 'mvmanager_data'
    like 'and with the view' "$OUTPUT" 'CREATE MATERIALIZED VIEW public.daily_usage'
}
