#include "pg/staged_relation.hpp"

#include "pg/column_options.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/toasting.h"
#include "commands/defrem.h"
#include "commands/view.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

Datum reloptions_unsafe(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for relation %u", relation);
    bool is_null = false;
    Datum const stored = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &is_null);
    Datum const copy = is_null ? static_cast<Datum>(0) : datumCopy(stored, false, -1);
    ReleaseSysCache(tuple);
    return copy;
}

void copy_settings_unsafe(Oid from, Oid to, ColumnOptions options) {
    for (AttrNumber column = 1; SearchSysCacheExists2(ATTNUM, ObjectIdGetDatum(from), Int16GetDatum(column)); ++column)
        copy_column_settings_unsafe(from, column, to, column, options);
    CommandCounterIncrement();
}

// SELECT NULL::type AS column, ... WHERE false
Query *empty_query_unsafe(TupleDesc columns) {
    auto *query = makeNode(Query);
    query->commandType = CMD_SELECT;
    query->querySource = QSRC_ORIGINAL;
    query->canSetTag = true;
    query->jointree = makeFromExpr(NIL, makeBoolConst(false, false));
    for (int i = 0; i < columns->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(columns, i);
        Const *nothing = makeNullConst(column->atttypid, column->atttypmod, column->attcollation);
        query->targetList = lappend(query->targetList,
                                    makeTargetEntry(reinterpret_cast<Expr *>(nothing), static_cast<AttrNumber>(i + 1),
                                                    pstrdup(NameStr(column->attname)), /* resjunk */ false));
    }
    return query;
}

// Minors of November 2026 ask whether the user may use the types in the rule. The owner of the view has them in a view
// that is there, and core's REFRESH does not ask again. The rule is of constants: nothing of anybody is run here.
void store_rule_unsafe(Oid staged, Query *query) {
    Oid user = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
    StoreViewQuery(staged, query, /* replace */ false);
    SetUserIdAndSecContext(user, context);
    CommandCounterIncrement();
}

Oid create_heap_unsafe(Relation live, Oid schema, const char *name) {
    Oid const staged = heap_create_with_catalog(
        name, schema, live->rd_rel->reltablespace, InvalidOid, InvalidOid, InvalidOid, live->rd_rel->relowner,
        live->rd_rel->relam, RelationGetDescr(live), NIL, RELKIND_MATVIEW, live->rd_rel->relpersistence,
        /* shared */ false, /* mapped */ false, ONCOMMIT_NOOP, reloptions_unsafe(RelationGetRelid(live)),
        /* use_user_acl */ false, /* allow_system_table_mods */ true, /* is_internal */ true,
        /* relrewrite */ RelationGetRelid(live), nullptr);
    CommandCounterIncrement();
    copy_settings_unsafe(RelationGetRelid(live), staged, ColumnOptions::copied);
    if (Oid const toast = live->rd_rel->reltoastrelid; OidIsValid(toast))
        NewHeapCreateToastTable(staged, reloptions_unsafe(toast), ExclusiveLock, toast);
    store_rule_unsafe(staged, empty_query_unsafe(RelationGetDescr(live)));
    return staged;
}

// Its build is left to the caller, who builds under other circumstances (pg/index_build.hpp).
Oid create_index_unsafe(Oid staged, Oid live_index, const char *name) {
    Relation heap = table_open(staged, NoLock);
    Relation model = index_open(live_index, AccessShareLock);
    Oid const tablespace = model->rd_rel->reltablespace;
    index_close(model, NoLock);
    Oid const index = index_concurrently_create_copy(heap, live_index, tablespace, name);
    table_close(heap, NoLock);
    CommandCounterIncrement();
    copy_settings_unsafe(live_index, index, ColumnOptions::left);
    return index;
}

} // namespace

std::uint64_t transaction_number() {
    return call([] { return U64FromFullTransactionId(GetTopFullTransactionId()); });
}

StagedRelation create_staged(Oid live, Oid schema, const std::string &name) {
    StagedRelation staged{.live = live};
    List *indexes = NIL;
    call([&] {
        Relation relation = table_open(live, NoLock);
        staged.oid = create_heap_unsafe(relation, schema, name.c_str());
        indexes = RelationGetIndexList(relation);
        table_close(relation, NoLock);
    });
    for (int i = 0; i < list_length(indexes); ++i) {
        StagedIndex pair{.live = list_nth_oid(indexes, i)};
        pair.staged = call([&] {
            char *const free_name =
                ChooseRelationName(name.c_str(), nullptr, "index", schema, /* isconstraint */ false);
            return create_index_unsafe(staged.oid, pair.live, free_name);
        });
        staged.indexes.push_back(pair);
    }
    return staged;
}

void drop_staged(Oid relation) {
    call([&] {
        ObjectAddress object;
        ObjectAddressSet(object, RelationRelationId, relation);
        performDeletion(&object, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
    });
}

ToastRelation toast_of(Oid relation) {
    return call([&]() -> ToastRelation {
        ToastRelation toast;
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "cache lookup failed for relation %u", relation);
        toast.table = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->reltoastrelid;
        ReleaseSysCache(tuple);
        if (OidIsValid(toast.table))
            toast.index = toast_get_valid_index(toast.table, AccessShareLock);
        return toast;
    });
}

} // namespace mvmanager::pg
