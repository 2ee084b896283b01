#include "pg/file_swap.hpp"

#include <algorithm>
#include <utility>

#include "pg/storage.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/matview.h"
#include "commands/tablecmds.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/smgr.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

#if PG_VERSION_NUM >= 160000
#define rd_newRelfilenodeSubid rd_newRelfilelocatorSubid
#define rd_firstRelfilenodeSubid rd_firstRelfilelocatorSubid
#define RelationAssumeNewRelfilenode RelationAssumeNewRelfilelocator
#endif

namespace mvmanager::pg {
namespace {

bool has_new_file(Relation relation) {
    return relation->rd_createSubid != InvalidSubTransactionId ||
           relation->rd_firstRelfilenodeSubid != InvalidSubTransactionId;
}

// A file that this transaction made stays one whoever has it. What is known of `first` from before stays, since it must be
// right again where a savepoint is rolled back.
void exchange_ages_unsafe(Oid first, Oid second) {
    Relation one = relation_open(first, NoLock);
    Relation two = relation_open(second, NoLock);
    bool const gets_new_file = has_new_file(two);
    // The end of the transaction forgets what is set here of entries on its list only, and this call alone lists one. An entry
    // dropped later would otherwise stay dropped when that is rolled back.
    if (has_new_file(one))
        RelationAssumeNewRelfilenode(two);
    two->rd_createSubid = one->rd_createSubid;
    two->rd_newRelfilenodeSubid = one->rd_newRelfilenodeSubid;
    two->rd_firstRelfilenodeSubid = one->rd_firstRelfilenodeSubid;
    if (gets_new_file) {
        RelationAssumeNewRelfilenode(one);
    } else {
        one->rd_newRelfilenodeSubid = InvalidSubTransactionId;
        one->rd_firstRelfilenodeSubid = InvalidSubTransactionId;
    }
    relation_close(one, NoLock);
    relation_close(two, NoLock);
}

Form_pg_class form_of(HeapTuple tuple) { return reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple)); }

void exchange_class_rows_unsafe(Oid first, Oid second) {
    Relation catalog = table_open(RelationRelationId, RowExclusiveLock);
    HeapTuple one = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(first));
    HeapTuple two = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(second));
    if (!HeapTupleIsValid(one) || !HeapTupleIsValid(two))
        elog(ERROR, "cache lookup failed for relation %u or %u", first, second);
    Form_pg_class a = form_of(one);
    Form_pg_class b = form_of(two);
    if (a->relam != b->relam || a->relkind != b->relkind || !OidIsValid(a->relfilenode) || !OidIsValid(b->relfilenode))
        elog(ERROR, "relations %u and %u cannot exchange their files", first, second);

    exchange_ages_unsafe(first, second);

    std::swap(a->relfilenode, b->relfilenode);
    std::swap(a->reltablespace, b->reltablespace);
    std::swap(a->relpersistence, b->relpersistence);
    std::swap(a->relpages, b->relpages);
    std::swap(a->reltuples, b->reltuples);
    std::swap(a->relallvisible, b->relallvisible);
#if PG_VERSION_NUM >= 180000
    std::swap(a->relallfrozen, b->relallfrozen);
#endif
    if (a->relkind != RELKIND_INDEX) {
        std::swap(a->reltoastrelid, b->reltoastrelid);
        std::swap(a->relfrozenxid, b->relfrozenxid);
        std::swap(a->relminmxid, b->relminmxid);
        std::swap(a->relispopulated, b->relispopulated);
    }

    CatalogIndexState indexes = CatalogOpenIndexes(catalog);
    CatalogTupleUpdateWithInfo(catalog, &one->t_self, one, indexes);
    CatalogTupleUpdateWithInfo(catalog, &two->t_self, two, indexes);
    CatalogCloseIndexes(indexes);
    InvokeObjectPostAlterHookArg(RelationRelationId, first, 0, InvalidOid, true);
    InvokeObjectPostAlterHookArg(RelationRelationId, second, 0, InvalidOid, true);
    heap_freetuple(one);
    heap_freetuple(two);
    table_close(catalog, RowExclusiveLock);
#if PG_VERSION_NUM < 170000
    // Both entries are about to be rebuilt, and each would be left with a reference to the other's file.
    RelationCloseSmgrByOid(first);
    RelationCloseSmgrByOid(second);
#endif
}

// Whether an index may be used depends on how its file was built.
void exchange_validity_unsafe(Oid first, Oid second) {
    HeapTuple one = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(first));
    HeapTuple two = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(second));
    if (!HeapTupleIsValid(one) || !HeapTupleIsValid(two))
        elog(ERROR, "cache lookup failed for index %u or %u", first, second);
    auto *a = reinterpret_cast<Form_pg_index>(GETSTRUCT(one));
    auto *b = reinterpret_cast<Form_pg_index>(GETSTRUCT(two));
    if (a->indisvalid != b->indisvalid || a->indisready != b->indisready || a->indcheckxmin != b->indcheckxmin) {
        std::swap(a->indisvalid, b->indisvalid);
        std::swap(a->indisready, b->indisready);
        std::swap(a->indcheckxmin, b->indcheckxmin);
        Relation catalog = table_open(IndexRelationId, RowExclusiveLock);
        CatalogTupleUpdate(catalog, &one->t_self, one);
        CatalogTupleUpdate(catalog, &two->t_self, two);
        table_close(catalog, RowExclusiveLock);
    }
    heap_freetuple(one);
    heap_freetuple(two);
}

// A TOAST table goes with the heap whose rows point into it.
void follow_heap_unsafe(Oid toast, Oid heap) {
    if (deleteDependencyRecordsFor(RelationRelationId, toast, /* skipExtensionDeps */ false) != 1)
        elog(ERROR, "unexpected dependencies of TOAST table %u", toast);
    ObjectAddress dependent, referenced;
    ObjectAddressSet(dependent, RelationRelationId, toast);
    ObjectAddressSet(referenced, RelationRelationId, heap);
    recordDependencyOn(&dependent, &referenced, DEPENDENCY_INTERNAL);
}

void rename_toast_unsafe(const ToastRelation &toast, const char *name) {
    RenameRelationInternal(toast.table, name, true, false);
    RenameRelationInternal(toast.index, psprintf("%s_index", name), true, true);
    CommandCounterIncrement();
}

void exchange_toast_unsafe(Oid first, const ToastRelation &of_first, Oid second, const ToastRelation &of_second) {
    if (OidIsValid(of_first.table))
        follow_heap_unsafe(of_first.table, second);
    if (OidIsValid(of_second.table))
        follow_heap_unsafe(of_second.table, first);
    CommandCounterIncrement();
    // pg_toast_<OID of the heap>: each name is in the way of the other for a moment.
    if (OidIsValid(of_first.table))
        rename_toast_unsafe(of_first, psprintf("pg_toast_%u_moving", first));
    if (OidIsValid(of_second.table)) {
        rename_toast_unsafe(of_second, psprintf("pg_toast_%u", first));
        // It is hidden from logical decoding no longer than the relation it was made for.
        ResetRelRewrite(of_second.table);
        CommandCounterIncrement();
    }
    if (OidIsValid(of_first.table))
        rename_toast_unsafe(of_first, psprintf("pg_toast_%u", second));
}

void sync_unsafe(Oid oid) {
    Relation relation = relation_open(oid, AccessShareLock);
    if (has_new_file(relation) && relation->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT) {
        FlushRelationBuffers(relation);
        SMgrRelation const files = RelationGetSmgr(relation);
        for (int fork = 0; fork <= MAX_FORKNUM; ++fork) {
            if (smgrexists(files, static_cast<ForkNumber>(fork)))
                smgrimmedsync(files, static_cast<ForkNumber>(fork));
        }
    }
    relation_close(relation, NoLock);
}

} // namespace

void mark_populated(Oid relation) {
    call([&] {
        Relation opened = table_open(relation, NoLock);
        if (!opened->rd_rel->relispopulated)
            SetMatViewPopulatedState(opened, true);
        table_close(opened, NoLock);
    });
}

void exchange_storage(const StagedRelation &pair) {
    auto const of_live = toast_of(pair.live);
    auto const of_staged = toast_of(pair.oid);
    auto const expected = static_cast<int>(pair.indexes.size());
    bool const is_same = index_count(pair.live) == expected && index_count(pair.oid) == expected;
    call([&] {
        if (!is_same)
            elog(ERROR, "indexes of relation %u changed while it was locked", pair.live);
        exchange_class_rows_unsafe(pair.live, pair.oid);
        for (StagedIndex const &index : pair.indexes) {
            exchange_class_rows_unsafe(index.live, index.staged);
            exchange_validity_unsafe(index.live, index.staged);
        }
        CommandCounterIncrement();
        exchange_toast_unsafe(pair.live, of_live, pair.oid, of_staged);
    });
}

void count_new_rows(Oid relation, std::int64_t rows) {
    call([&] {
        Relation opened = table_open(relation, NoLock);
        pgstat_count_truncate(opened);
        pgstat_count_heap_insert(opened, static_cast<PgStat_Counter>(rows));
        table_close(opened, NoLock);
    });
}

StorageAges::StorageAges(const StagedRelation &pair) {
    std::vector<Oid> relations{pair.live, pair.oid};
    for (StagedIndex const &index : pair.indexes) {
        relations.push_back(index.live);
        relations.push_back(index.staged);
    }
    for (Oid const oid : relations) {
        ages_.push_back(call([&]() -> Age {
            Relation relation = relation_open(oid, AccessShareLock);
            Age const age{oid, relation->rd_createSubid, relation->rd_newRelfilenodeSubid,
                          relation->rd_firstRelfilenodeSubid};
            relation_close(relation, NoLock);
            return age;
        }));
    }
}

void StorageAges::restore() const {
    for (Age const &age : ages_) {
        call([&] {
            Relation relation = relation_open(age.relation, AccessShareLock);
            relation->rd_createSubid = age.created;
            relation->rd_newRelfilenodeSubid = age.new_file;
            relation->rd_firstRelfilenodeSubid = age.first_file;
            relation_close(relation, NoLock);
        });
    }
}

void flush_before_exchange(const StagedRelation &pair) {
    auto const toast = toast_of(pair.oid);
    call([&] {
        if (!XLogIsNeeded()) {
            sync_unsafe(pair.oid);
            if (OidIsValid(toast.table)) {
                sync_unsafe(toast.table);
                sync_unsafe(toast.index);
            }
            for (StagedIndex const &index : pair.indexes)
                sync_unsafe(index.staged);
        }
        // Not to where the next record would begin: behind a page's header, that is more than there is to flush. The
        // commits before may have been asynchronous.
        XLogRecPtr const written = std::max(XactLastRecEnd, XactLastCommitEnd);
        if (written != InvalidXLogRecPtr)
            XLogFlush(written);
    });
}

} // namespace mvmanager::pg
