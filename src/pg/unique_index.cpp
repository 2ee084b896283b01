#include "pg/unique_index.hpp"

#include "pg/query.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

constinit Statement identifying_statement("SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = $1 AND i.indisunique "
                                          "AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL "
                                          "AND i.indexprs IS NULL LIMIT 1");

struct Plain {
    const char *name;
    bool is_valid, is_immediate, is_btree, has_predicate, has_expression;
};

Oid access_method_unsafe(Oid index) {
    HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(row))
        return InvalidOid;
    Oid const method = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relam;
    ReleaseSysCache(row);
    return method;
}

// Looks at the catalog row alone: RelationGetIndexExpressions would simplify the expressions, which runs immutable
// functions of the view's owner as whoever asks.
bool read_unique_index_unsafe(Oid index, Plain *out) {
    HeapTuple row = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(row))
        return false;
    auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(row));
    bool const is_unique = form->indisunique && form->indislive;
    if (is_unique) {
        bool const has_expression = !heap_attisnull(row, Anum_pg_index_indexprs, nullptr);
        bool const has_predicate = !heap_attisnull(row, Anum_pg_index_indpred, nullptr);
        const char *name = get_rel_name(index);
        bool const is_btree = access_method_unsafe(index) == BTREE_AM_OID;
        *out = {name ? name : "", form->indisvalid, form->indimmediate, is_btree, has_predicate, has_expression};
    }
    ReleaseSysCache(row);
    return is_unique;
}

} // namespace

std::vector<UniqueIndex> unique_indexes(Oid relation) {
    Plain *found = nullptr;
    int count = 0;
    call([&] {
        Relation opened = table_open(relation, NoLock);
        List *indexes = RelationGetIndexList(opened);
        found = static_cast<Plain *>(palloc(sizeof(Plain) * (list_length(indexes) + 1)));
        ListCell *cell;
        foreach (cell, indexes) {
            if (read_unique_index_unsafe(lfirst_oid(cell), &found[count]))
                ++count;
        }
        table_close(opened, NoLock);
    });
    std::vector<UniqueIndex> out;
    out.reserve(count);
    for (int i = 0; i < count; ++i) {
        out.push_back({.name = found[i].name,
                       .is_valid = found[i].is_valid,
                       .is_immediate = found[i].is_immediate,
                       .is_btree = found[i].is_btree,
                       .has_predicate = found[i].has_predicate,
                       .has_expression = found[i].has_expression});
    }
    return out;
}

std::int64_t total_size(Oid relation) {
    return call([&] { return DatumGetInt64(DirectFunctionCall1(pg_total_relation_size, ObjectIdGetDatum(relation))); });
}

bool has_identifying_index(Oid relation) {
    EmptySearchPath path;
    Spi spi;
    return !spi.run(identifying_statement, {Value::oid(relation)}).empty();
}

} // namespace mvmanager::pg
