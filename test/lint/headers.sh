#!/bin/bash
# Each header compiles alone, so that an include never depends on the one before it. MVMANAGER_CPPFLAGS holds the flags of
# the build, quoted for the shell.
. "$(dirname "$0")/lib/tap.sh"

eval "flags=(${MVMANAGER_CPPFLAGS:-})"
if [ ${#flags[@]} -eq 0 ]; then flags=(-DFMT_HEADER_ONLY -isystem "$(pg_config --includedir-server)"); fi
export COMPILE="${CXX:-g++} -std=c++20 -Wall -Wextra -Wno-missing-field-initializers -Wno-pragma-once-outside-header -fsyntax-only -x c++ -Isrc"

compile() { printf '#include "%s"\n' "${1#src/}" | $COMPILE "${@:2}" - 2>&1 | grep -m 2 -E 'error|warning' || true; }
export -f compile

find src -name '*.hpp' | sort | xargs -r -P "$(nproc)" -I {} bash -c 'compile "$@"' compile {} "${flags[@]}" |
    rule 'every header compiles alone'

# The model once more without any path to the server's headers.
own_files | matches -E '^src/(model/.*|scheduler/tick)\.hpp$' |
    xargs -r -P "$(nproc)" -I {} bash -c 'compile "$@"' compile {} -DFMT_HEADER_ONLY | rule 'the model compiles without PostgreSQL'

find src -name '*.hpp' | while read -r header; do
    [ "$(grep -c '^#pragma once$' "$header")" -eq 1 ] || echo "$header"
done | rule 'every header is guarded'

finish
