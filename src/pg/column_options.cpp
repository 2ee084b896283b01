#include "pg/column_options.hpp"

#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "nodes/parsenodes.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

constexpr const char *version_option = "pg_attver";

// The options of one column with the version of another.
Datum merge_options_unsafe(Datum options, bool is_null, Datum own, bool own_is_null) {
    List *merged = NIL;
    List *of_model = is_null ? NIL : untransformRelOptions(options);
    List *mine = own_is_null ? NIL : untransformRelOptions(own);
    for (int i = 0; i < list_length(of_model); ++i) {
        auto *option = static_cast<DefElem *>(list_nth(of_model, i));
        if (strcmp(option->defname, version_option) != 0)
            merged = lappend(merged, option);
    }
    for (int i = 0; i < list_length(mine); ++i) {
        auto *option = static_cast<DefElem *>(list_nth(mine, i));
        if (strcmp(option->defname, version_option) == 0)
            merged = lappend(merged, option);
    }
    return merged == NIL ? static_cast<Datum>(0)
                         : transformRelOptions(static_cast<Datum>(0), merged, nullptr, nullptr, false, false);
}

} // namespace

void copy_column_settings_unsafe(Oid from, int16 from_column, Oid to, int16 to_column, ColumnOptions wish) {
    HeapTuple model = SearchSysCache2(ATTNUM, ObjectIdGetDatum(from), Int16GetDatum(from_column));
    HeapTuple mine = SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(to), Int16GetDatum(to_column));
    if (!HeapTupleIsValid(model) || !HeapTupleIsValid(mine))
        elog(ERROR, "cache lookup failed for attribute %d of relation %u", to_column, to);
    Datum values[Natts_pg_attribute] = {};
    bool nulls[Natts_pg_attribute] = {};
    bool replaces[Natts_pg_attribute] = {};
    int const target = Anum_pg_attribute_attstattarget - 1;
    int const options = Anum_pg_attribute_attoptions - 1;
    values[target] = SysCacheGetAttr(ATTNUM, model, Anum_pg_attribute_attstattarget, &nulls[target]);
    bool no_target = false;
    Datum const target_now = SysCacheGetAttr(ATTNUM, mine, Anum_pg_attribute_attstattarget, &no_target);
    replaces[target] = no_target != nulls[target] || (!no_target && target_now != values[target]);
    if (wish == ColumnOptions::copied) {
        bool is_null = false, own_is_null = false;
        Datum const of_model = SysCacheGetAttr(ATTNUM, model, Anum_pg_attribute_attoptions, &is_null);
        Datum const own = SysCacheGetAttr(ATTNUM, mine, Anum_pg_attribute_attoptions, &own_is_null);
        values[options] = merge_options_unsafe(of_model, is_null, own, own_is_null);
        nulls[options] = values[options] == static_cast<Datum>(0);
        replaces[options] = !is_null || !own_is_null;
    }
    if (replaces[target] || replaces[options]) {
        Relation catalog = table_open(AttributeRelationId, RowExclusiveLock);
        HeapTuple changed = heap_modify_tuple(mine, RelationGetDescr(catalog), values, nulls, replaces);
        CatalogTupleUpdate(catalog, &changed->t_self, changed);
        heap_freetuple(changed);
        table_close(catalog, RowExclusiveLock);
    }
    heap_freetuple(mine);
    ReleaseSysCache(model);
}

} // namespace mvmanager::pg
