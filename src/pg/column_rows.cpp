#include "pg/column_map.hpp"

#include <cstdint>

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/toast_compression.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

#ifdef ATTRIBUTE_VERSION_ATTOPTION
// In the minors since November 2026 each column knows since when it is what it is, in ascending order: a row value made before
// is not read as one of now.
constexpr bool has_versions = true;
#else
constexpr bool has_versions = false;
#endif

struct Version {
    std::uint64_t value = 0;

    static Version next_unsafe() {
#ifdef ATTRIBUTE_VERSION_ATTOPTION
        return {GetNextAttributeVersion()};
#else
        return {};
#endif
    }

    [[maybe_unused]] Datum options_unsafe([[maybe_unused]] Datum options, [[maybe_unused]] bool is_null) const {
#ifdef ATTRIBUTE_VERSION_ATTOPTION
        return attoptions_set_version(options, is_null, value);
#else
        return options;
#endif
    }
};

void insert_unsafe(::Relation attributes, CatalogIndexState indexes, Oid relation, const PlainColumn &column,
                   int number, const Version &version) {
    TupleDesc descriptor = descriptor_unsafe(&column, 1);
    TupleDescAttr(descriptor, 0)->attnum = static_cast<AttrNumber>(number);
#if PG_VERSION_NUM >= 170000
    FormExtraData_pg_attribute extra = {};
    extra.attstattarget.isnull = true;
    extra.attoptions.isnull = !has_versions;
    extra.attoptions.value = version.options_unsafe(static_cast<Datum>(0), true);
    InsertPgAttributeTuples(attributes, descriptor, relation, &extra, indexes);
#else
    Datum options = has_versions ? version.options_unsafe(static_cast<Datum>(0), true) : static_cast<Datum>(0);
    InsertPgAttributeTuples(attributes, descriptor, relation, &options, indexes);
#endif
    InvokeObjectPostCreateHook(RelationRelationId, relation, number);
}

// Storage that was chosen stays where the new type allows it.
void retype(Form_pg_attribute form, Form_pg_attribute now, char old_default_storage) {
    bool const is_plain = now->attstorage == TYPSTORAGE_PLAIN;
    if (!is_plain && form->attstorage != old_default_storage)
        now->attstorage = form->attstorage;
    form->atttypid = now->atttypid;
    form->atttypmod = now->atttypmod;
    form->attcollation = now->attcollation;
    form->attlen = now->attlen;
    form->attbyval = now->attbyval;
    form->attalign = now->attalign;
    form->attndims = now->attndims;
    form->attstorage = now->attstorage;
    if (is_plain)
        form->attcompression = InvalidCompressionMethod;
}

HeapTuple continued_unsafe(::Relation attributes, const ColumnChange &change, int number, const Version &version) {
    const PlainColumn &column = change.columns[number - 1];
    Oid const relation = RelationGetRelid(change.relation);
    HeapTuple tuple =
        SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(static_cast<int16>(column.from)));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for attribute %d of relation %u", column.from, relation);
    auto *form = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple));
    namestrcpy(&form->attname, column.name);
    form->attnum = static_cast<AttrNumber>(number);
    if (change.map.retyped[column.from - 1])
        retype(form, TupleDescAttr(descriptor_unsafe(&column, 1), 0), get_typstorage(form->atttypid));
    if (!has_versions || number < change.first_changed)
        return tuple;
    Datum values[Natts_pg_attribute] = {};
    bool nulls[Natts_pg_attribute] = {}, replaces[Natts_pg_attribute] = {};
    bool is_null = false;
    Datum const options = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attoptions, &is_null);
    values[Anum_pg_attribute_attoptions - 1] = version.options_unsafe(options, is_null);
    replaces[Anum_pg_attribute_attoptions - 1] = true;
    return heap_modify_tuple(tuple, RelationGetDescr(attributes), values, nulls, replaces);
}

bool stays(const ColumnChange &change, int number) {
    return number <= change.count && number < change.first_changed &&
           strcmp(NameStr(TupleDescAttr(RelationGetDescr(change.relation), number - 1)->attname),
                  change.columns[number - 1].name) == 0;
}

// Columns change numbers and names under unique indexes, so all that change are taken out before any is put back; no
// CommandCounterIncrement comes between, so that nobody builds a descriptor in the middle.
void write_attributes_unsafe(const ColumnChange &change) {
    Oid const relation = RelationGetRelid(change.relation);
    ::Relation attributes = table_open(AttributeRelationId, RowExclusiveLock);
    CatalogIndexState indexes = CatalogOpenIndexes(attributes);
    Version const version = Version::next_unsafe();
    auto *changed = static_cast<HeapTuple *>(palloc0(sizeof(HeapTuple) * static_cast<Size>(change.count + 1)));
    for (int number = 1; number <= change.count; ++number)
        if (change.columns[number - 1].from > 0 && !stays(change, number))
            changed[number] = continued_unsafe(attributes, change, number, version);
    for (int number = 1; number <= change.map.before; ++number) {
        if (stays(change, number))
            continue;
        HeapTuple old =
            SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(static_cast<int16>(number)));
        CatalogTupleDelete(attributes, &old->t_self);
    }
    for (int number = 1; number <= change.count; ++number) {
        if (changed[number]) {
            CatalogTupleInsertWithInfo(attributes, changed[number], indexes);
            InvokeObjectPostAlterHook(RelationRelationId, relation, number);
        } else if (change.columns[number - 1].from == 0) {
            insert_unsafe(attributes, indexes, relation, change.columns[number - 1], number, version);
        }
    }
    CatalogCloseIndexes(indexes);
    table_close(attributes, RowExclusiveLock);
}

void write_class_unsafe(const ColumnChange &change) {
    ::Relation classes = table_open(RelationRelationId, RowExclusiveLock);
    HeapTuple tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(RelationGetRelid(change.relation)));
    reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relnatts = static_cast<int16>(change.count);
    CatalogTupleUpdate(classes, &tuple->t_self, tuple);
    table_close(classes, RowExclusiveLock);
}

// A column depends on its type and on its collation, the default one left out, and on nothing else.
void forget_types_unsafe(const ColumnChange &change) {
    ::Relation table = table_open(DependRelationId, RowExclusiveLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationGetRelid(change.relation)));
    SysScanDesc scan = systable_beginscan(table, DependDependerIndexId, true, nullptr, 2, keys);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        auto *form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
        if (form->objsubid >= change.first_changed &&
            (form->refclassid == TypeRelationId || form->refclassid == CollationRelationId))
            CatalogTupleDelete(table, &tuple->t_self);
    }
    systable_endscan(scan);
    table_close(table, RowExclusiveLock);
}

void record_types_unsafe(const ColumnChange &change) {
    for (int number = change.first_changed; number <= change.count; ++number) {
        const PlainColumn &column = change.columns[number - 1];
        ObjectAddress self, other;
        ObjectAddressSubSet(self, RelationRelationId, RelationGetRelid(change.relation), number);
        ObjectAddressSet(other, TypeRelationId, column.type);
        recordDependencyOn(&self, &other, DEPENDENCY_NORMAL);
        if (OidIsValid(column.collation) && column.collation != DEFAULT_COLLATION_OID) {
            ObjectAddressSet(other, CollationRelationId, column.collation);
            recordDependencyOn(&self, &other, DEPENDENCY_NORMAL);
        }
    }
}

} // namespace

TupleDesc descriptor_unsafe(const PlainColumn *columns, int count) {
    TupleDesc descriptor = CreateTemplateTupleDesc(count);
    for (int i = 0; i < count; ++i) {
        auto const number = static_cast<AttrNumber>(i + 1);
        TupleDescInitEntry(descriptor, number, columns[i].name, columns[i].type, columns[i].typmod, 0);
        TupleDescInitEntryCollation(descriptor, number, columns[i].collation);
    }
    return descriptor;
}

void write_columns_unsafe(const ColumnChange &change) {
    write_attributes_unsafe(change);
    write_class_unsafe(change);
    forget_types_unsafe(change);
    record_types_unsafe(change);
}

} // namespace mvmanager::pg
