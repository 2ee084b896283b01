// What an event trigger is told: which command ran, and what it did to materialized views.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pg/guard.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The command as the server tags it, "DROP TABLE". Raises 0A000 where the function was not called by an event trigger.
std::string command_tag(FunctionCallInfo fcinfo);

// True where nobody's views are meant: the server is being upgraded, or the extension of that OID is being created or updated.
bool is_maintenance(Oid extension);

// False for what cannot drop a materialized view: what is dropped by name and is none, and columns, without CASCADE. Looks at
// the parse tree alone.
bool may_drop_views(FunctionCallInfo fcinfo);

// The materialized views that the command dropped, by the names they had; first those it named itself.
// REQUIRES: inside an event trigger on sql_drop.
struct DroppedView {
    QualifiedName name;
    bool named = false; // by the command; else its CASCADE reached it
};
std::vector<DroppedView> dropped_materialized_views();

// What a command did, as far as it concerns materialized views.
struct Renamed { // RENAME or SET SCHEMA
    Oid relation = InvalidOid;
    char kind = 0; // pg_class.relkind, 'm' or 'i'
    QualifiedName before, after;
};
struct ColumnRenamed {
    Oid relation = InvalidOid;
};
// Everything in the schema `before` may now be in `after` under the same name: ALTER SCHEMA RENAME, ALTER EXTENSION SET SCHEMA.
struct Moved {
    std::string before, after;
    bool whole = false; // the schema itself has the new name
};
struct OwnerChanged {
    Oid relation = InvalidOid;
    Oid before = InvalidOid; // the owner it had; InvalidOid where that is not known
};
struct Refreshed {
    Oid relation = InvalidOid;
    bool concurrently = false;
    bool with_data = false;
    bool was_populated = false;
};
using Done = std::variant<std::monostate, Renamed, ColumnRenamed, Moved, OwnerChanged, Refreshed>;

// Commands on anything else are told apart by their parse tree, without
// a look into a catalog, where that is enough.
// REQUIRES: inside an event trigger on ddl_command_end.
Done what_was_done(FunctionCallInfo fcinfo);

} // namespace mvmanager::pg
