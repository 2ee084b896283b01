#include "pg/index_build.hpp"

#include <utility>

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_index.h"
#include "nodes/execnodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

std::string name_of(Oid relation) {
    char *const name = call([&] { return get_rel_name(relation); });
    return name ? name : "";
}

void replace_all(std::string &text, const std::string &from, const std::string &to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

} // namespace

void mark_index_unsafe(Oid index, IndexState state) {
    ::Relation catalog = table_open(IndexRelationId, RowExclusiveLock);
    HeapTuple tuple = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for index %u", index);
    auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    form->indisready = form->indisvalid = state == IndexState::usable;
    CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
    heap_freetuple(tuple);
    table_close(catalog, RowExclusiveLock);
    CommandCounterIncrement();
}

LiveNames::LiveNames(const StagedRelation &staged) {
    for (StagedIndex const &index : staged.indexes)
        pairs_.push_back({name_of(index.staged), name_of(index.live)});
    pairs_.push_back({name_of(staged.oid), name_of(staged.live)});
    if (auto const live = describe_relation(staged.live))
        schema_ = live->name.schema;
}

LiveNames::LiveNames(const QualifiedName &live, const std::string &staged)
    : pairs_{{staged, live.name}}, schema_(live.schema) {}

Error LiveNames::in(const Error &error) const {
    auto fields = error.fields();
    for (Pair const &pair : pairs_) {
        for (std::string *text : {&fields.message, &fields.detail, &fields.hint, &fields.context})
            replace_all(*text, '"' + pair.staged + '"', '"' + pair.live + '"');
        for (std::string *name : {&fields.table, &fields.constraint}) {
            if (*name != pair.staged)
                continue;
            *name = pair.live;
            fields.schema = schema_;
        }
    }
    return Error(std::move(fields));
}

void build_staged_index(Oid staged, Oid index, const LiveNames &names, HeapRows rows) {
    try {
        call([&] {
            ::Relation heap = table_open(staged, NoLock);
            // Readers open every index of a view, one that is not valid too: an index that they know of must not be shut.
            ::Relation relation = index_open(index, rows == HeapRows::frozen ? AccessExclusiveLock : RowExclusiveLock);
            // As a rebuild where there are no earlier versions of any row that a snapshot could still need.
            index_build(heap, relation, BuildIndexInfo(relation), /* isreindex */ rows == HeapRows::frozen,
                        /* parallel */ true);
            index_close(relation, NoLock);
            table_close(heap, NoLock);
            mark_index_unsafe(index, IndexState::usable);
        });
    } catch (const Error &error) {
        throw names.in(error);
    }
}

} // namespace mvmanager::pg
