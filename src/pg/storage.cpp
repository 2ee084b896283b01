#include "pg/storage.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/table.h"
#include "nodes/pg_list.h"
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

int fill_factor(Oid relation) {
    return call([&] {
        Relation open = table_open(relation, NoLock);
        int const percent = RelationGetFillFactor(open, HEAP_DEFAULT_FILLFACTOR);
        table_close(open, NoLock);
        return percent;
    });
}

} // namespace mvmanager::pg
