#include "pg/version_relation.hpp"

#include <algorithm>
#include <optional>

#include "pg/column_options.hpp"
#include "pg/index_text.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/toasting.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "commands/view.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

// ---- the relation -----------------------------------------------------------------------------------------------------

char toast_space[] = "toast";

// `space` null: of the heap; else of its TOAST table.
Datum reloptions_unsafe(const Storage &storage, const char *space) {
    List *options = NIL;
    for (const model::Option &option : storage.reloptions) {
        char *name = pstrdup(option.name.c_str());
        char *dot = strchr(name, '.');
        char *of = nullptr;
        if (dot) {
            *dot = '\0';
            of = name;
            name = dot + 1;
        }
        options = lappend(
            options, makeDefElemExtended(of, name, reinterpret_cast<Node *>(makeString(pstrdup(option.value.c_str()))),
                                         DEFELEM_UNSPEC, -1));
    }
    char *spaces[] = {toast_space, nullptr};
    return transformRelOptions(static_cast<Datum>(0), options, space, spaces, true, false);
}

void inherit_columns_unsafe(TupleDesc columns, Oid live, const std::vector<int> &continues) {
    for (int i = 0; i < columns->natts; ++i) {
        int const from = continues[static_cast<std::size_t>(i)];
        HeapTuple model = from > 0
                              ? SearchSysCache2(ATTNUM, ObjectIdGetDatum(live), Int16GetDatum(static_cast<int16>(from)))
                              : nullptr;
        if (!HeapTupleIsValid(model))
            continue;
        auto *old = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(model));
        Form_pg_attribute column = TupleDescAttr(columns, i);
        if (old->atttypid == column->atttypid) {
            column->attstorage = old->attstorage;
            column->attcompression = old->attcompression;
        }
        ReleaseSysCache(model);
    }
}

Oid create_heap_unsafe(const VersionRelation &wish) {
    ::Relation live = table_open(wish.live, NoLock);
    TupleDesc columns = ExecCleanTypeFromTL(wish.query.query->targetList);
    inherit_columns_unsafe(columns, wish.live, wish.continues);
    Oid const tablespace =
        wish.storage.tablespace ? get_tablespace_oid(wish.storage.tablespace->c_str(), false) : InvalidOid;
    Datum const options = reloptions_unsafe(wish.storage, nullptr);
    heap_reloptions(RELKIND_MATVIEW, options, true);
    Oid const created = heap_create_with_catalog(
        wish.name.c_str(), wish.schema, tablespace == MyDatabaseTableSpace ? InvalidOid : tablespace, InvalidOid,
        InvalidOid, InvalidOid, live->rd_rel->relowner, live->rd_rel->relam, columns, NIL, RELKIND_MATVIEW,
        live->rd_rel->relpersistence, /* shared */ false, /* mapped */ false, ONCOMMIT_NOOP, options,
        /* use_user_acl */ false, /* allow_system_table_mods */ true, /* is_internal */ true, InvalidOid, nullptr);
    table_close(live, NoLock);
    CommandCounterIncrement();
    for (std::size_t i = 0; i < wish.continues.size(); ++i)
        if (wish.continues[i] > 0)
            copy_column_settings_unsafe(wish.live, static_cast<AttrNumber>(wish.continues[i]), created,
                                        static_cast<AttrNumber>(i + 1), ColumnOptions::copied);
    CommandCounterIncrement();
    Datum const toast_options = reloptions_unsafe(wish.storage, "toast");
    heap_reloptions(RELKIND_TOASTVALUE, toast_options, true);
    NewHeapCreateToastTable(created, toast_options, AccessExclusiveLock, InvalidOid);
    CommandCounterIncrement();
    StoreViewQuery(created, static_cast<Query *>(copyObjectImpl(wish.query.query)), /* replace */ false);
    CommandCounterIncrement();
    return created;
}

// ---- grants -----------------------------------------------------------------------------------------------------------

struct StoredAcl {
    Acl *acl;
    Oid *members;
    int count;
};

StoredAcl stored_unsafe(Datum value, bool is_null) {
    StoredAcl stored{};
    if (is_null)
        return stored;
    stored.acl = DatumGetAclPCopy(value);
    stored.count = aclmembers(stored.acl, &stored.members);
    return stored;
}

void replace_acl_unsafe(Oid catalog_id, HeapTuple tuple, int attribute, Oid relation, int32 column, Oid owner,
                        const StoredAcl &before, const StoredAcl &after, int natts) {
    ::Relation catalog = table_open(catalog_id, RowExclusiveLock);
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * static_cast<Size>(natts)));
    auto *nulls = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<Size>(natts)));
    auto *replaces = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<Size>(natts)));
    replaces[attribute - 1] = true;
    nulls[attribute - 1] = !after.acl;
    values[attribute - 1] = PointerGetDatum(after.acl);
    HeapTuple changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaces);
    CatalogTupleUpdate(catalog, &changed->t_self, changed);
    updateAclDependencies(RelationRelationId, relation, column, owner, before.count, before.members, after.count,
                          after.members);
    table_close(catalog, RowExclusiveLock);
}

void copy_relation_grants_unsafe(Oid live, Oid to) {
    HeapTuple model = SearchSysCache1(RELOID, ObjectIdGetDatum(live));
    HeapTuple mine = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(to));
    if (!HeapTupleIsValid(model) || !HeapTupleIsValid(mine))
        elog(ERROR, "cache lookup failed for relation %u or %u", live, to);
    bool is_null = false, was_null = false;
    Datum const value = SysCacheGetAttr(RELOID, model, Anum_pg_class_relacl, &is_null);
    Datum const now = SysCacheGetAttr(RELOID, mine, Anum_pg_class_relacl, &was_null);
    if (is_null && was_null) {
        ReleaseSysCache(model);
        return;
    }
    StoredAcl const after = stored_unsafe(value, is_null);
    StoredAcl const before = stored_unsafe(now, was_null);
    if (is_null || was_null || !aclequal(after.acl, before.acl))
        replace_acl_unsafe(RelationRelationId, mine, Anum_pg_class_relacl, to, 0,
                           reinterpret_cast<Form_pg_class>(GETSTRUCT(mine))->relowner, before, after, Natts_pg_class);
    ReleaseSysCache(model);
}

void copy_column_grants_unsafe(Oid live, Oid to, Oid owner) {
    for (AttrNumber number = 1;; ++number) {
        HeapTuple mine = SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(to), Int16GetDatum(number));
        if (!HeapTupleIsValid(mine))
            return;
        HeapTuple model =
            SearchSysCacheCopyAttName(live, NameStr(reinterpret_cast<Form_pg_attribute>(GETSTRUCT(mine))->attname));
        bool is_null = true, was_null = false;
        Datum value = static_cast<Datum>(0);
        if (HeapTupleIsValid(model))
            value = SysCacheGetAttr(ATTNUM, model, Anum_pg_attribute_attacl, &is_null);
        Datum const now = SysCacheGetAttr(ATTNUM, mine, Anum_pg_attribute_attacl, &was_null);
        if (is_null && was_null)
            continue;
        StoredAcl const after = stored_unsafe(value, is_null);
        StoredAcl const before = stored_unsafe(now, was_null);
        if (is_null || was_null || !aclequal(after.acl, before.acl))
            replace_acl_unsafe(AttributeRelationId, mine, Anum_pg_attribute_attacl, to, number, owner, before, after,
                               Natts_pg_attribute);
    }
}

} // namespace

Oid create_version_relation(const VersionRelation &wish) {
    return call([&] { return create_heap_unsafe(wish); });
}

void copy_grants(Oid live, Oid to) {
    call([&] {
        copy_relation_grants_unsafe(live, to);
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(to));
        Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
        copy_column_grants_unsafe(live, to, owner);
        CommandCounterIncrement();
    });
}

std::string free_index_name(Oid relation, const std::string &prefix) {
    return call(
        [&] { return ChooseRelationName(prefix.c_str(), nullptr, "index", get_rel_namespace(relation), false); });
}

Oid clone_index(Oid index, Oid relation, const std::string &name) {
    return call([&] {
        ::Relation heap = table_open(relation, ShareLock);
        ::Relation model = index_open(index, AccessShareLock);
        Oid const tablespace = model->rd_rel->reltablespace;
        index_close(model, NoLock);
        Oid const created = index_concurrently_create_copy(heap, index, tablespace, name.c_str());
        table_close(heap, NoLock);
        CommandCounterIncrement();
        for (AttrNumber number = 1; SearchSysCacheExists2(ATTNUM, ObjectIdGetDatum(index), Int16GetDatum(number));
             ++number)
            copy_column_settings_unsafe(index, number, created, number, ColumnOptions::left);
        CommandCounterIncrement();
        return created;
    });
}

void drop_index_internally(Oid index) {
    call([&] {
        ObjectAddress object;
        ObjectAddressSet(object, RelationRelationId, index);
        performDeletion(&object, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
    });
}

StagedRelation pair_indexes(Oid live, Oid other) {
    StagedRelation pairs{.live = live, .oid = other};
    auto const of_live = indexes_of(live);
    auto const of_other = indexes_of(other);
    std::vector<bool> is_taken(of_other.size(), false);
    for (const IndexDescription &index : of_live) {
        IndexText const text(index.canonical);
        for (std::size_t i = 0; i < of_other.size(); ++i) {
            if (is_taken[i] || !text.same_index_any_name(IndexText(of_other[i].canonical)))
                continue;
            is_taken[i] = true;
            pairs.indexes.push_back({.live = index.oid, .staged = of_other[i].oid});
            break;
        }
    }
    return pairs;
}

} // namespace mvmanager::pg
