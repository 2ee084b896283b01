#!/bin/bash
# The direction of every #include: api | scheduler | hooks -> versioning | refresh -> catalog -> pg, and model for all.
. "$(dirname "$0")/lib/tap.sh"

declare -A may=(
    [model]='model'
    [pg]='pg model'
    [catalog]='catalog pg model'
    [refresh]='refresh catalog pg model'
    [versioning]='versioning refresh catalog pg model'
    [hooks]='hooks scheduler versioning refresh catalog pg model'
    [scheduler]='scheduler versioning refresh catalog pg model'
    [api]='api hooks scheduler versioning refresh catalog pg model'
)

mapfile -t sources < <(find src -name '*.cpp' -o -name '*.hpp' | sort)

# FILE:LINE INCLUDED for each include in quotes; PostgreSQL's headers end in .h, ours in .hpp.
own_includes() { matches -nHoE '^ *# *include *"[^"]+\.hpp"' "${sources[@]}" | sed -E 's/^([^:]+:[0-9]+):.*"(.*)"/\1 \2/'; }

{
    for source in "${sources[@]}"; do
        layer=${source#src/}
        [[ $layer == */* ]] || continue
        [ -n "${may[${layer%%/*}]:-}" ] || echo "$source: unknown layer ${layer%%/*}"
    done
} | rule 'every folder of src is a layer'

own_includes | while read -r where included; do
    layer=${where#src/}
    target=${included%%/*}
    # The module's root (mvmanager.cpp, settings) may use every layer.
    [[ $layer == */* && $included == */* ]] || continue
    [[ " ${may[${layer%%/*}]:-} " == *" $target "* ]] || echo "$where includes $included"
done | rule 'includes go down only'

own_includes | while read -r where included; do
    [[ $included == */* || $included == settings.hpp || $included == format.hpp ]] || echo "$where includes $included"
done | rule 'what is not in a layer and may be included is settings.hpp and format.hpp'

own_includes | while read -r where included; do
    [ -e "src/$included" ] || echo "$where includes $included, which does not exist"
done | rule 'own headers are included by their path below src'

own_files | matches -E '^src/(model/.*|scheduler/tick)\.[ch]pp$' | matches_in -nHE '^ *# *include' |
    matches -vE '"model/[a-z_]+\.hpp"|<[a-z_]+>|<fmt/[a-z]+\.h>' |
    matches -vE '^src/scheduler/tick\.cpp:[0-9]+: *#include "scheduler/tick\.hpp"' |
    rule 'model and the tick include std, fmt and model alone'

matches -nHE '^ *# *include *["<]postgres(_fe)?\.h[">]|^ *# *include *["<]c\.h[">]' "${sources[@]}" |
    matches -v '^src/pg/postgres\.hpp:' | rule 'postgres.h is included in pg/postgres.hpp alone'

# The server's macros break what comes after them, and its headers need postgres.h before them.
for source in "${sources[@]}"; do
    [ "$source" != src/pg/postgres.hpp ] || continue
    awk -v file="$source" '
        /^ *# *include/ {
            if ($0 ~ /"[^"]+\.h"/ && !seen) print file ":" FNR ": " $0 " before pg/postgres.hpp"
            if (seen && $0 !~ /"[^"]+\.h"/ && $0 !~ /"pg\/postgres\.hpp"/) print file ":" FNR ": " $0 " after pg/postgres.hpp"
            if ($0 ~ /"pg\/postgres\.hpp"/) seen = 1
        }' "$source"
done | rule 'pg/postgres.hpp comes after own and std headers and before the server'\''s'

finish
