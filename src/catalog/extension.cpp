#include "catalog/extension.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace mvmanager::catalog {

std::optional<Extension> find_extension() {
    struct Plain {
        Oid oid, owner, schema;
        char *version;
    } const plain = pg::call([]() -> Plain {
        Plain found{};
        Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
        ScanKeyData key;
        ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("mvmanager"));
        SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
        HeapTuple tuple = systable_getnext(scan);
        if (HeapTupleIsValid(tuple)) {
            auto *form = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
            bool is_null = false;
            Datum version = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(catalog), &is_null);
            found = {form->oid, form->extowner, form->extnamespace,
                     is_null ? pstrdup("") : TextDatumGetCString(version)};
        }
        systable_endscan(scan);
        table_close(catalog, AccessShareLock);
        return found;
    });
    if (!OidIsValid(plain.oid))
        return std::nullopt;
    return Extension{plain.oid, plain.owner, plain.schema, plain.version};
}

bool is_of_this_library(const Extension &extension) { return extension.version == MVMANAGER_VERSION; }

Extension require_extension() {
    if (auto extension = find_extension()) {
        if (is_of_this_library(*extension))
            return *extension;
        throw pg::Error(pg::sqlstate::wrong_state,
                        "extension \"mvmanager\" is of version {} in this database, its library of {}",
                        extension->version, MVMANAGER_VERSION)
            .hint("Run ALTER EXTENSION mvmanager UPDATE.");
    }
    throw pg::Error(pg::sqlstate::undefined_object, "extension \"mvmanager\" is not installed in this database")
        .hint("Run CREATE EXTENSION mvmanager.");
}

} // namespace mvmanager::catalog
