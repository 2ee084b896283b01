#!/bin/bash
# Names, messages and the look of the C++ sources.
. "$(dirname "$0")/lib/tap.sh"

mapfile -t sources < <(own_files | matches -E '^(src|test/unit|test/module)/.*\.[ch]pp$')

printf '%s\n' "${sources[@]}" | matches -E '(^|/)(utils?|common|helpers?|manager|misc)(\.|/)' | rule 'no file without a subject'
printf '%s\n' "${sources[@]}" | matches -vE '^[a-z_/]+\.(cpp|hpp)$' | rule 'files are named in snake_case'

# literals PATTERN: FILE:LINE and the text of the string literal, or the row of them, that follows PATTERN.
literals() {
    perl -0777 -ne '
        BEGIN { $pattern = shift } s{//[^\n]*}{}g;
        while (/$pattern\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
            my ($at, $text) = ($-[1], $1); my $line = 1 + (substr($_, 0, $at) =~ tr/\n//);
            $text =~ s/"\s*"//g; $text =~ s/^\s*"|"\s*$//g; print "$ARGV:$line: $text\n";
        }' "$1" "${sources[@]}"
}

# Strict about what a reader sees: lower case and no full stop in messages, sentences in details and hints.
literals '(?:\berrmsg(?:_internal)?\(|\bError\(\s*[a-z:_]*sqlstate::\w+\s*,)' | matches -E '^[^ ]+ [A-Z][a-z]|[^.]\.$' |
    rule 'messages begin in lower case and have no full stop'
literals '(?:\berr(?:detail|hint)\(|\.(?:detail|hint)\()' | matches -vE '^[^ ]+ (([^a-z]|mv_).*([.?)]|: \{\})|%s|\{\})$' | rule 'details and hints are sentences'
perl -ne '
    s{//.*}{};
    if (/\bereport\((ERROR|FATAL)/) { $from = $.; $text = "" }
    if (defined $from) { $text .= $_; if (/;/) { print "$ARGV:$from\n" if $text !~ /errcode\(|errcode_for/; undef $from } }
    close ARGV if eof' "${sources[@]}" | rule 'every error has an SQLSTATE'

{
    printf '%s\n' "${sources[@]}" | matches '\.hpp$' | matches_in -nHE '^ *using namespace '
    matches -nHE '\busing namespace std\b|#include <(iostream|thread|mutex|future|coroutine)>|std::(thread|mutex|cout|cerr)\b' "${sources[@]}"
} | rule 'no threads, streams or namespaces poured out'

if command -v clang-format >/dev/null; then
    printf '%s\0' "${sources[@]}" | xargs -0 -r clang-format --dry-run 2>&1 | sed -nE 's/^([^: ]+):[0-9]+:[0-9]+: (warning|error):.*/\1/p' | sort | uniq -c |
        awk '{print $2 ": " $1 " places, make format"}' | rule 'clang-format has nothing to change'
else
    skip 'clang-format has nothing to change' 'clang-format is not installed'
fi

finish
