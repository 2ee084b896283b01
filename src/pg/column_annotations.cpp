#include "pg/column_map.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_description.h"
#include "catalog/pg_init_privs.h"
#include "catalog/pg_seclabel.h"
#include "catalog/pg_shdepend.h"
#include "catalog/pg_statistic.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace mvmanager::pg {
namespace {

// A catalog whose rows hold the number of a column.
struct Catalog {
    Oid table, index;
    AttrNumber number;
    bool is_smallint;
};

// Rows change places under a unique index, so all that change are taken out before any is put back. Rows a command deleted
// are no obstacle to those it inserts.
void renumber_unsafe(const Catalog &catalog, ScanKey keys, int key_count, const ColumnMap &map) {
    Relation table = table_open(catalog.table, RowExclusiveLock);
    TupleDesc const descriptor = RelationGetDescr(table);
    List *moved = NIL;
    SysScanDesc scan = systable_beginscan(table, catalog.index, true, nullptr, key_count, keys);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        bool is_null = false;
        Datum const datum = heap_getattr(tuple, catalog.number, descriptor, &is_null);
        int const number = catalog.is_smallint ? DatumGetInt16(datum) : DatumGetInt32(datum);
        if (number <= 0 || map.of(number) == number)
            continue;
        if (map.of(number) > 0) {
            Datum values[64];
            bool nulls[64];
            Assert(descriptor->natts <= 64);
            heap_deform_tuple(tuple, descriptor, values, nulls);
            int const to = map.of(number);
            values[catalog.number - 1] =
                catalog.is_smallint ? Int16GetDatum(static_cast<int16>(to)) : Int32GetDatum(to);
            moved = lappend(moved, heap_form_tuple(descriptor, values, nulls));
        }
        CatalogTupleDelete(table, &tuple->t_self);
    }
    systable_endscan(scan);
    ListCell *cell;
    foreach (cell, moved)
        CatalogTupleInsert(table, static_cast<HeapTuple>(lfirst(cell)));
    table_close(table, RowExclusiveLock);
}

// pg_description, pg_seclabel and pg_init_privs begin alike.
void renumber_notes_unsafe(const Catalog &catalog, Oid relation, const ColumnMap &map) {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_description_objoid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    ScanKeyInit(&keys[1], Anum_pg_description_classoid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationRelationId));
    renumber_unsafe(catalog, keys, 2, map);
}

static_assert(Anum_pg_seclabel_objoid == Anum_pg_description_objoid &&
              Anum_pg_seclabel_classoid == Anum_pg_description_classoid &&
              Anum_pg_init_privs_objoid == Anum_pg_description_objoid &&
              Anum_pg_init_privs_classoid == Anum_pg_description_classoid);

void renumber_shared_dependencies_unsafe(Oid relation, const ColumnMap &map) {
    ScanKeyData keys[3];
    ScanKeyInit(&keys[0], Anum_pg_shdepend_dbid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(MyDatabaseId));
    ScanKeyInit(&keys[1], Anum_pg_shdepend_classid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationRelationId));
    ScanKeyInit(&keys[2], Anum_pg_shdepend_objid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    renumber_unsafe({SharedDependRelationId, SharedDependDependerIndexId, Anum_pg_shdepend_objsubid, false}, keys, 3,
                    map);
}

} // namespace

void renumber_annotations_unsafe(Oid relation, const ColumnMap &map) {
    for (int number = 1; number <= map.before; ++number)
        if (map.retyped[number - 1] && map.of(number) != 0)
            RemoveStatistics(relation, static_cast<AttrNumber>(number));
    if (!map.has_moved)
        return;
    renumber_notes_unsafe({DescriptionRelationId, DescriptionObjIndexId, Anum_pg_description_objsubid, false}, relation,
                          map);
    renumber_notes_unsafe({SecLabelRelationId, SecLabelObjectIndexId, Anum_pg_seclabel_objsubid, false}, relation, map);
    renumber_notes_unsafe({InitPrivsRelationId, InitPrivsObjIndexId, Anum_pg_init_privs_objsubid, false}, relation,
                          map);
    renumber_shared_dependencies_unsafe(relation, map);
    // Those of retyped columns are gone only from the next command on.
    CommandCounterIncrement();
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_statistic_starelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    renumber_unsafe({StatisticRelationId, StatisticRelidAttnumInhIndexId, Anum_pg_statistic_staattnum, true}, &key, 1,
                    map);
}

} // namespace mvmanager::pg
