# Sourced by the lint programs: they run from the root of the checkout and print TAP.

set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

# rule() reads the end of a pipe and counts, so it must run in this shell.
shopt -s lastpipe
tests=0

# rule DESCRIPTION: holds if standard input is empty; else each line of it is one offence.
rule() {
    local offences
    offences=$(cat)
    tests=$((tests + 1))
    if [ -z "$offences" ]; then
        echo "ok $tests - $1"
    else
        echo "not ok $tests - $1"
        printf '%s\n' "$offences" | head -n 50 | sed 's/^/#   /'
    fi
}
skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}
finish() { echo "1..$tests"; }

# matches ARGUMENT...: grep that finds nothing without failing.
matches() { grep "$@" || [ $? -eq 1 ]; }

# matches_in ARGUMENT...: the same in the files that standard input names.
matches_in() { xargs -d '\n' -r grep "$@" || [ $? -eq 123 ]; }

control_version() { sed -n "s/^default_version *= *'\(.*\)'/\1/p" mvmanager.control; }

# The project's own text files, as in a checkout or as in an exported tree.
own_files() {
    find . \( -path ./.git -o -path './build*' -o -path ./.cache -o -name results -o -name 'output_*' -o -name 'tmp_check*' \) -prune \
        -o -type f ! -name '*.o' ! -name '*.d' ! -name '*.so' ! -name '*.bc' ! -name '*.zip' ! -name 'mvmanager--*.sql' \
        ! -name 'regression.*' ! -name compile_commands.json -print | sed 's!^\./!!' | sort
}
