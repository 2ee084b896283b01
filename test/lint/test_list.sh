#!/bin/bash
# A test that lacks one half is not run, or cannot fail.
. "$(dirname "$0")/lib/tap.sh"

# pairs INPUT_FOLDER SUFFIX EXPECTED_FOLDER: names with one half only. Alternative results end in _1 to _9.
pairs() {
    comm -3 <(own_files | sed -n "s!^$1/\([^/]*\)\\$2\$!\1!p" | sort) \
        <(own_files | sed -n "s!^$3/\([^/]*\)\.out\$!\1!p" | sed -E 's/_[1-9]$//' | sort -u) |
        awk -F '\t' -v input="$1/" -v suffix="$2" -v expected="$3/" \
            '$1 != "" {print input $1 suffix " has no expected output"} $2 != "" {print expected $2 ".out has no test"}'
}
pairs sql .sql expected | rule 'every regression test has its expected output and the reverse'
pairs test/isolation/specs .spec test/isolation/expected | rule 'every isolation test has its expected output and the reverse'
pairs test/module/sql .sql test/module/expected | rule 'every test of the test module has its expected output and the reverse'

own_files | matches '\.out$' | while read -r file; do [ -s "$file" ] || echo "$file"; done | rule 'no expected output is empty'

own_files | matches '\.spec$' | while read -r spec; do
    head -n 1 "$spec" | grep -qE '^# *[A-Z]' || echo "$spec"
done | rule 'an isolation test begins with its claim'

own_files | matches '\.spec$' | matches -vE '_vs_' | rule 'an isolation test is named a_vs_b'

own_files | matches '^test/pgtap/.*\.sql$' | while read -r file; do
    grep -qE 'plan *\(|no_plan *\(' "$file" && grep -qiE '\bfinish *\(' "$file" || echo "$file"
done | rule 'a pgTAP test plans and finishes'

own_files | matches '^test/t/.*\.pl$' | while read -r file; do
    grep -qE 'done_testing|tests *=>' "$file" || echo "$file"
done | rule 'a TAP test ends with done_testing or plans'

# A file put into a wrong folder would never run.
own_files | matches -E '^(sql|test/(pgtap|t|unit|isolation|module|bench))/' |
    matches -vE '^sql/[a-z0-9_]+\.sql$|^test/pgtap/[a-z0-9_]+\.sql$|^test/t/([0-9]{3}_[a-z0-9_]+\.pl|[A-Za-z]+(/[A-Za-z]+)?\.pm)$|^test/unit/[a-z0-9_]+\.(cpp|hpp|cc|py)$' |
    matches -vE '^test/isolation/(specs/[a-z0-9_]+\.spec|expected/[a-z0-9_]+\.out)$|^test/bench/' |
    matches -vE '^test/module/([a-z0-9_]+\.(cpp|hpp|o|d)|mvmanager_test(\.control|--[0-9.]+\.sql)|sql/[a-z0-9_]+\.sql|expected/[a-z0-9_]+\.out)$' |
    rule 'every file is where something runs it'

finish
