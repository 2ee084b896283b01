#include "pg/column_map.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/attmap.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_statistic_ext.h"
#include "commands/defrem.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pg_list.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace mvmanager::pg {
namespace {

constexpr int first_offset = FirstLowInvalidHeapAttributeNumber;

// The expressions stored with an object, read from `column` of its catalog row. Null where it has none.
Node *expressions_unsafe(HeapTuple tuple, AttrNumber column, TupleDesc descriptor) {
    bool is_null = false;
    Datum const stored = heap_getattr(tuple, column, descriptor, &is_null);
    return is_null ? nullptr : static_cast<Node *>(stringToNode(TextDatumGetCString(stored)));
}

// What a catalog row of an index or statistics object says about columns.
struct ObjectRow {
    HeapTuple tuple;
    Oid oid;
    const int2vector *keys;
    Node *expressions, *predicate;
};

ObjectRow index_row_unsafe(HeapTuple tuple, TupleDesc descriptor) {
    auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    return {tuple, form->indexrelid, &form->indkey, expressions_unsafe(tuple, Anum_pg_index_indexprs, descriptor),
            expressions_unsafe(tuple, Anum_pg_index_indpred, descriptor)};
}

ObjectRow statistics_row_unsafe(HeapTuple tuple, TupleDesc descriptor) {
    auto *form = reinterpret_cast<Form_pg_statistic_ext>(GETSTRUCT(tuple));
    return {tuple, form->oid, &form->stxkeys, expressions_unsafe(tuple, Anum_pg_statistic_ext_stxexprs, descriptor),
            nullptr};
}

using VisitRow = void (*)(void *context, Relation table, const ObjectRow &row);

void each_row_unsafe(Oid catalog, Oid relation, VisitRow visit, void *context) {
    bool const is_index = catalog == IndexRelationId;
    Relation table = table_open(catalog, RowExclusiveLock);
    ScanKeyData key;
    ScanKeyInit(&key, is_index ? Anum_pg_index_indrelid : Anum_pg_statistic_ext_stxrelid, BTEqualStrategyNumber,
                F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan =
        systable_beginscan(table, is_index ? IndexIndrelidIndexId : StatisticExtRelidIndexId, true, nullptr, 1, &key);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan)))
        visit(context, table,
              is_index ? index_row_unsafe(tuple, RelationGetDescr(table))
                       : statistics_row_unsafe(tuple, RelationGetDescr(table)));
    systable_endscan(scan);
    table_close(table, RowExclusiveLock);
}

Bitmapset *columns_of_expressions_unsafe(const ObjectRow &row) {
    Bitmapset *columns = nullptr;
    pull_varattnos(row.expressions, 1, &columns);
    pull_varattnos(row.predicate, 1, &columns);
    return columns;
}

Node *renumber_expressions_unsafe(Node *expressions, const ColumnMap &map) {
    AttrMap attributes{map.to, map.before};
    bool has_whole_row = false;
    Node *renumbered = map_variable_attnos(expressions, 1, 0, &attributes, InvalidOid, &has_whole_row);
    if (has_whole_row)
        elog(ERROR, "expression on a whole row cannot be renumbered");
    return renumbered;
}

int2vector *renumber_keys_unsafe(const int2vector *keys, const ColumnMap &map, bool sorted) {
    auto *renumbered = static_cast<int16 *>(palloc(sizeof(int16) * static_cast<Size>(keys->dim1 + 1)));
    for (int i = 0; i < keys->dim1; ++i) {
        int16 const to = keys->values[i] > 0 ? map.of(keys->values[i]) : keys->values[i];
        int place = i;
        for (; sorted && place > 0 && renumbered[place - 1] > to; --place)
            renumbered[place] = renumbered[place - 1];
        renumbered[place] = to;
    }
    return buildint2vector(renumbered, keys->dim1);
}

void set_expressions_unsafe(Node *expressions, const ColumnMap &map, AttrNumber column, Datum *values, bool *replaces) {
    if (!expressions)
        return;
    values[column - 1] = CStringGetTextDatum(nodeToString(renumber_expressions_unsafe(expressions, map)));
    replaces[column - 1] = true;
}

void renumber_index_unsafe(void *context, Relation table, const ObjectRow &row) {
    const auto &map = *static_cast<const ColumnMap *>(context);
    Datum values[Natts_pg_index] = {};
    bool nulls[Natts_pg_index] = {}, replaces[Natts_pg_index] = {};
    values[Anum_pg_index_indkey - 1] = PointerGetDatum(renumber_keys_unsafe(row.keys, map, /* sorted */ false));
    replaces[Anum_pg_index_indkey - 1] = true;
    set_expressions_unsafe(row.expressions, map, Anum_pg_index_indexprs, values, replaces);
    set_expressions_unsafe(row.predicate, map, Anum_pg_index_indpred, values, replaces);
    HeapTuple changed = heap_modify_tuple(row.tuple, RelationGetDescr(table), values, nulls, replaces);
    CatalogTupleUpdate(table, &changed->t_self, changed);
    CacheInvalidateRelcacheByRelid(row.oid);
}

// Its data holds column numbers and old values; the next ANALYZE makes new ones. Keys are kept in ascending order, which is
// how the server finds the place of a column.
void renumber_statistics_unsafe(void *context, Relation table, const ObjectRow &row) {
    const auto &map = *static_cast<const ColumnMap *>(context);
    bool is_touched = map.has_moved;
    for (int i = 0; i < row.keys->dim1; ++i)
        is_touched = is_touched || map.retyped[row.keys->values[i] - 1];
    if (!is_touched)
        return;
    Datum values[Natts_pg_statistic_ext] = {};
    bool nulls[Natts_pg_statistic_ext] = {}, replaces[Natts_pg_statistic_ext] = {};
    values[Anum_pg_statistic_ext_stxkeys - 1] = PointerGetDatum(renumber_keys_unsafe(row.keys, map, /* sorted */ true));
    replaces[Anum_pg_statistic_ext_stxkeys - 1] = true;
    set_expressions_unsafe(row.expressions, map, Anum_pg_statistic_ext_stxexprs, values, replaces);
    HeapTuple changed = heap_modify_tuple(row.tuple, RelationGetDescr(table), values, nulls, replaces);
    CatalogTupleUpdate(table, &changed->t_self, changed);
    RemoveStatisticsDataById(row.oid, false);
}

bool is_renumbered(Oid class_id) {
    return class_id == RelationRelationId || class_id == StatisticExtRelationId || class_id == AttrDefaultRelationId;
}

// The dependencies of those objects on the columns.
void renumber_dependencies_unsafe(Oid relation, const ColumnMap &map) {
    Relation table = table_open(DependRelationId, RowExclusiveLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(table, DependReferenceIndexId, true, nullptr, 2, keys);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        auto *form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
        int const number = form->refobjsubid;
        if (number <= 0 || map.of(number) == number || map.of(number) == 0 || !is_renumbered(form->classid))
            continue;
        HeapTuple copy = heap_copytuple(tuple);
        reinterpret_cast<Form_pg_depend>(GETSTRUCT(copy))->refobjsubid = map.of(number);
        CatalogTupleUpdate(table, &copy->t_self, copy);
    }
    systable_endscan(scan);
    table_close(table, RowExclusiveLock);
}

// A unique index stands in the way of two defaults that change places, as for the columns themselves.
void renumber_defaults_unsafe(Oid relation, const ColumnMap &map) {
    Relation table = table_open(AttrDefaultRelationId, RowExclusiveLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_attrdef_adrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(table, AttrDefaultIndexId, true, nullptr, 1, &key);
    List *moved = NIL;
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        int const number = reinterpret_cast<Form_pg_attrdef>(GETSTRUCT(tuple))->adnum;
        if (map.of(number) == number)
            continue;
        HeapTuple copy = heap_copytuple(tuple);
        reinterpret_cast<Form_pg_attrdef>(GETSTRUCT(copy))->adnum = map.of(number);
        moved = lappend(moved, copy);
        CatalogTupleDelete(table, &tuple->t_self);
    }
    systable_endscan(scan);
    ListCell *cell;
    foreach (cell, moved)
        CatalogTupleInsert(table, static_cast<HeapTuple>(lfirst(cell)));
    table_close(table, RowExclusiveLock);
}

struct StuckVisit {
    const ColumnMap *map;
    const Oid *new_types;
    VisitStuck visit;
    void *context;
};

// A key may change its type in a statistics object, since the object stores no more than its number.
bool key_follows_unsafe(const StuckVisit &visit, bool is_index, int number) {
    if (number <= 0 || visit.map->follows(number))
        return true;
    if (is_index || visit.map->of(number) == 0)
        return false;
    return OidIsValid(lookup_type_cache(visit.new_types[number - 1], TYPECACHE_LT_OPR)->lt_opr);
}

void visit_row_unsafe(void *context, Relation table, const ObjectRow &row) {
    const auto &visit = *static_cast<const StuckVisit *>(context);
    bool const is_index = RelationGetRelid(table) == IndexRelationId;
    Oid const class_id = is_index ? RelationRelationId : StatisticExtRelationId;
    for (int i = 0; i < row.keys->dim1; ++i)
        if (!key_follows_unsafe(visit, is_index, row.keys->values[i]))
            visit.visit(visit.context, class_id, row.oid, row.keys->values[i]);
    Bitmapset *columns = columns_of_expressions_unsafe(row);
    for (int member = -1; (member = bms_next_member(columns, member)) >= 0;) {
        int const number = member + first_offset;
        bool const is_whole_row = number == 0;
        if (is_whole_row ? visit.map->has_moved || visit.map->has_retyped : number > 0 && !visit.map->follows(number))
            visit.visit(visit.context, class_id, row.oid, number);
    }
}

void visit_defaults_unsafe(Oid relation, const StuckVisit &visit) {
    Relation table = table_open(AttrDefaultRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_attrdef_adrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(table, AttrDefaultIndexId, true, nullptr, 1, &key);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        auto *form = reinterpret_cast<Form_pg_attrdef>(GETSTRUCT(tuple));
        if (!visit.map->follows(form->adnum))
            visit.visit(visit.context, AttrDefaultRelationId, form->oid, form->adnum);
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
}

#if PG_VERSION_NUM >= 160000
#define rd_newRelfilenodeSubid rd_newRelfilelocatorSubid
#define rd_firstRelfilenodeSubid rd_firstRelfilelocatorSubid
#endif

struct FileAge {
    Oid index;
    SubTransactionId created, new_file, first_file;
};

void require_same_level_unsafe(const FileAge &age) {
    SubTransactionId const now = GetCurrentSubTransactionId();
    if ((age.created != InvalidSubTransactionId && age.created != now) ||
        (age.first_file != InvalidSubTransactionId && age.first_file != now))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot move columns of a view that was made or refreshed in the same transaction"),
                        errhint("Commit first, or set wal_level to replica.")));
}

} // namespace

List *pass_for_old_unsafe(Oid relation) {
    ::Relation heap = RelationIdGetRelation(relation);
    List *indexes = RelationGetIndexList(heap), *passing = NIL;
    RelationClose(heap);
    ListCell *cell;
    foreach (cell, indexes) {
        ::Relation index = RelationIdGetRelation(lfirst_oid(cell));
        FileAge const age{lfirst_oid(cell), index->rd_createSubid, index->rd_newRelfilenodeSubid,
                          index->rd_firstRelfilenodeSubid};
        if (!XLogIsNeeded()) {
            require_same_level_unsafe(age);
            auto *copy = static_cast<FileAge *>(palloc(sizeof(FileAge)));
            *copy = age;
            passing = lappend(passing, copy);
        }
        index->rd_createSubid = index->rd_newRelfilenodeSubid = index->rd_firstRelfilenodeSubid =
            InvalidSubTransactionId;
        RelationClose(index);
    }
    return passing;
}

void end_passing_unsafe(List *passing) {
    ListCell *cell;
    foreach (cell, passing) {
        const auto *age = static_cast<const FileAge *>(lfirst(cell));
        ::Relation index = RelationIdGetRelation(age->index);
        index->rd_createSubid = age->created;
        index->rd_newRelfilenodeSubid = age->new_file;
        index->rd_firstRelfilenodeSubid = age->first_file;
        RelationClose(index);
    }
}

void visit_stuck_unsafe(Oid relation, const ColumnMap &map, const Oid *new_types, VisitStuck visit, void *context) {
    StuckVisit row{&map, new_types, visit, context};
    each_row_unsafe(IndexRelationId, relation, visit_row_unsafe, &row);
    each_row_unsafe(StatisticExtRelationId, relation, visit_row_unsafe, &row);
    visit_defaults_unsafe(relation, row);
}

void renumber_objects_unsafe(Oid relation, const ColumnMap &map) {
    auto *context = const_cast<void *>(static_cast<const void *>(&map));
    if (map.has_moved || map.has_retyped)
        each_row_unsafe(StatisticExtRelationId, relation, renumber_statistics_unsafe, context);
    if (!map.has_moved)
        return;
    each_row_unsafe(IndexRelationId, relation, renumber_index_unsafe, context);
    renumber_defaults_unsafe(relation, map);
    renumber_dependencies_unsafe(relation, map);
}

} // namespace mvmanager::pg
