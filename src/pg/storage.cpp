#include "pg/storage.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/table.h"
#include "nodes/pg_list.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace mvmanager::pg {

int index_count(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, NoLock);
        List *indexes = RelationGetIndexList(open);
        int const count = list_length(indexes);
        list_free(indexes);
        table_close(open, NoLock);
        return count;
    });
}

std::int64_t row_count(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, NoLock);
        float4 const rows = open->rd_rel->reltuples;
        table_close(open, NoLock);
        return rows > 0 ? static_cast<std::int64_t>(rows) : 0;
    });
}

bool is_populated(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, NoLock);
        bool const populated = RelationIsPopulated(open);
        table_close(open, NoLock);
        return populated;
    });
}

bool holds_archived_rows(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, AccessShareLock);
        bool const holds =
            RelationIsPopulated(open) && (OidIsValid(open->rd_rel->relrewrite) || RelationGetNumberOfBlocks(open) > 0);
        table_close(open, NoLock);
        return holds;
    });
}

std::int64_t size_of(Oid relation) {
    return call([&] { return DatumGetInt64(OidFunctionCall1(F_PG_TOTAL_RELATION_SIZE, ObjectIdGetDatum(relation))); });
}

int fill_factor(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, NoLock);
        int const percent = RelationGetFillFactor(open, HEAP_DEFAULT_FILLFACTOR);
        table_close(open, NoLock);
        return percent;
    });
}

} // namespace mvmanager::pg
