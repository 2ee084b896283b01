#!/bin/bash
# Nothing is left for later in the sources, and no test waits by sleeping.
. "$(dirname "$0")/lib/tap.sh"

own_files | matches_in -nIHwE 'TO[D]O|FIX[M]E|X[X]X|HA[C]K' | rule 'no marker of unfinished work'

own_files | matches_in -nIHiE '\bfor n[o]w\b|place[h]older|not yet imple[m]ented' | rule 'no sentence that puts things off'

own_files | matches_in -nIHE '^(<<<<<<<|>>>>>>>|=======$)' | rule 'no trace of a merge'

own_files | matches -vE '^expected/|/expected/|\.out$' | matches_in -nIHE '[[:blank:]]+$' | rule 'no blanks at the end of a line'

# A test that must sleep says why in a comment on the same line or the three above.
own_files | matches -E '^(sql|test)/' | matches -vE '^test/(lint|bench|matrix)/|/expected/' | while read -r file; do
    awk -v file="$file" '
        function comment(line) { return line ~ /(--|#|\/\/) *[^ ]/ }
        comment($0) { explained = FNR }
        /pg_sleep|\<usleep|\<nanosleep|sleep_for *\(|(^|[^a-z_.])sleep *[(0-9]/ { if (!explained || FNR - explained > 3) print file ":" FNR ": " $0 }' "$file"
done | rule 'no test sleeps without saying why'

finish
