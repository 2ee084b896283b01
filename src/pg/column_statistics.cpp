#include "pg/column_statistics.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/attnum.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

void carry_unsafe(Oid from, Oid to) {
    bool any = false;
    for (AttrNumber column = 1; SearchSysCacheExists2(ATTNUM, ObjectIdGetDatum(from), Int16GetDatum(column));
         ++column) {
        if (SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(from), Int16GetDatum(column), BoolGetDatum(false))) {
            RemoveStatistics(to, column);
            any = true;
        }
    }
    if (any)
        CopyStatistics(from, to);
}

} // namespace

void carry_statistics(const StagedRelation &staged) {
    call([&] {
        carry_unsafe(staged.oid, staged.live);
        for (StagedIndex const &index : staged.indexes)
            carry_unsafe(index.staged, index.live);
        CommandCounterIncrement();
    });
}

} // namespace mvmanager::pg
