#!/bin/bash
# The rules of an install script: it adopts nothing that exists, binds to no schema it does not name, explains every object.
. "$(dirname "$0")/lib/tap.sh"

shopt -s nullglob
fragments=(src/sql/*.sql)

# statements: one a line, comments gone, strings and bodies emptied.
statements() {
    perl -0777 -e '
        local $/; my $sql = join "", map { open my $f, "<", $_ or die "$_: $!"; <$f> } @ARGV;
        $sql =~ s/^\\.*$//mg;
        $sql =~ s{(--[^\n]*)|(/\*.*?\*/)|([Ee]?\x27(?:[^\x27]|\x27\x27)*\x27)|(\$(\w*)\$.*?\$\5\$)|("(?:[^"]|"")*")}
                 { defined $6 ? $6 : defined $3 || defined $4 ? "\x27\x27" : " " }gse;
        for (split /;/, $sql) { s/\s+/ /g; s/^ | $//g; print "$_\n" if length }' "${fragments[@]}"
}
# Everything but comments, with FILE:LINE.
code() { matches -nH '' "${fragments[@]}" | sed -E 's/^([^:]+:[0-9]+:)(.*)$/\1\2/; s/(^[^:]+:[0-9]+:[^'\'']*)--.*/\1/'; }

ls "${fragments[@]}" >/dev/null 2>&1 || { echo 'Bail out! no install script in src/sql' && exit 1; }

statements | matches -iE '^create or replace|^create [a-z ]*if not exists' | rule 'objects are created, never adopted or replaced'
code | matches -iE 'security +definer' | rule 'no function runs with its owner'\''s rights'
code | matches -F '@extschema' | rule 'no schema is pasted into the text'
statements | matches -iE '^(set|reset|begin|commit|rollback|start transaction|savepoint)\b' | rule 'no setting and no transaction is touched'
statements | matches -iE '^create (unlogged |global |temp )?(table|sequence|view|index|trigger|type|domain|function|procedure|schema|event trigger|aggregate|operator|cast)' |
    matches -iE '^create (table|view|sequence|domain|aggregate|operator) ' | matches -viE '^create [a-z]+ mvmanager\.' |
    rule 'tables, views and sequences are in the schema mvmanager by name'
statements | matches -iE '^create (function|procedure|type) ' | matches -viE '^create [a-z]+ (mv_[a-z_]+|mvmanager\.[a-z_]+)\b' |
    rule 'only mv_* calls and types go to the schema of CREATE EXTENSION'

head -n 5 "${fragments[0]}" | matches -E '^\\echo .*CREATE EXTENSION mvmanager.*\\quit' | wc -l | matches -vx 1 |
    rule 'the first statement refuses psql'

# Overloads count: as many comments as functions of a name.
objects() { sed -nE "s/^$1 (table|view|materialized view|type|domain|function|procedure|schema|sequence|event trigger) ([a-z_.0-9]+).*/\1 \2/Ip" | tr 'A-Z' 'a-z' | sort | uniq -c | awk '{n = $1; $1 = ""; print substr($0, 2) "\t" n}'; }
join -t $'\t' -a 1 -e 0 -o 0,1.2,2.2 <(statements | objects create) <(statements | objects 'comment on') |
    awk -F '\t' '$3 < $2 {print $1 ": created " $2 ", explained " $3}' |
    matches -v '^sequence ' | rule 'every object has its COMMENT ON'

finish
