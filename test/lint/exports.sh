#!/bin/bash
# What the built library shows to the rest of the process. MVMANAGER_LIBRARY names it.
. "$(dirname "$0")/lib/tap.sh"

library=${MVMANAGER_LIBRARY:-mvmanager.so}
[ -e "$library" ] || { echo "Bail out! $library is not built" && exit 1; }

patterns=$(sed -n '/global:/,/local:/{s/^ *\([A-Za-z_*]*\);.*/\1/p}' src/exports.map)
defined() { nm -D --defined-only "$library" | awk '{print $NF}' | sed 's/@.*//'; }

defined | while read -r symbol; do
    for pattern in $patterns; do
        # shellcheck disable=SC2053
        [[ $symbol != $pattern ]] || continue 2
    done
    echo "$symbol"
done | rule 'the library shows what exports.map lists and nothing else'

for symbol in Pg_magic_func _PG_init; do defined | grep -qx "$symbol" || echo "$symbol"; done |
    rule 'it shows what PostgreSQL looks for'

# Unique symbols bind across libraries whatever their visibility, and keep the library from ever being unloaded.
readelf -Ws --dyn-syms "$library" | matches UNIQUE | rule 'no symbol is unique in the process'

# A reference into the server that lost its extern "C" is found only when somebody loads the library.
for built in "$library" "${library%.so}_test.so"; do [ ! -e "$built" ] || nm -D --undefined-only "$built"; done | awk '{print $NF}' | matches '^_Z' | matches -v '@' | c++filt |
    rule 'every C++ reference is to the standard library'

readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | matches -vE '^(libstdc\+\+|libgcc_s|libc|libm|ld-linux.*)\.so' |
    rule 'the C++ runtime is the only library it needs'

matches -hoE "'MODULE_PATHNAME', *'[a-z_0-9]+'" src/sql/*.sql | sed -E "s/.*'([a-z_0-9]+)'/\1/" | sort -u |
    while read -r name; do
        for symbol in "$name" "pg_finfo_$name"; do defined | grep -qx "$symbol" || echo "$symbol"; done
    done | rule 'every C function of the install script exists'

matches -hoE "'MODULE_PATHNAME', *'[a-z_0-9]+'" src/sql/*.sql | sed -E "s/.*'([a-z_0-9]+)'/\1/" | sort -u >"${TMPDIR:-/tmp}/bound.$$"
defined | sed -n 's/^pg_finfo_//p' | sort -u | comm -23 - "${TMPDIR:-/tmp}/bound.$$" | rule 'every C function is bound by the install script'
rm "${TMPDIR:-/tmp}/bound.$$"

finish
