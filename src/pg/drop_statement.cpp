#include "pg/drop_statement.hpp"

#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
}

namespace mvmanager::pg {
namespace {

bool may_drop_extension_unsafe(Oid extension) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(ExtensionRelationId, extension, GetUserId());
#else
    return pg_extension_ownercheck(extension, GetUserId());
#endif
}

bool names_unsafe(const DropStmt *statement, const char *name) {
    ListCell *cell;
    foreach (cell, statement->objects)
        if (std::strcmp(strVal(static_cast<Node *>(lfirst(cell))), name) == 0)
            return true;
    return false;
}

bool names_schema_unsafe(const DropStmt *statement, Oid schema) {
    ListCell *cell;
    foreach (cell, statement->objects)
        if (get_namespace_oid(strVal(static_cast<Node *>(lfirst(cell))), true) == schema)
            return true;
    return false;
}

bool names_role_unsafe(const DropOwnedStmt *statement, Oid role) {
    ListCell *cell;
    foreach (cell, statement->roles)
        if (get_rolespec_oid(static_cast<RoleSpec *>(lfirst(cell)), true) == role)
            return has_privs_of_role(GetUserId(), role);
    return false;
}

} // namespace

bool drops_extension(FunctionCallInfo fcinfo, const char *extension, Oid extension_oid, Oid owner, Oid schema) {
    return call([&] {
        if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("this function can only be called by an event trigger")));
        const auto *data = reinterpret_cast<EventTriggerData *>(fcinfo->context);
        if (IsA(data->parsetree, DropOwnedStmt))
            return names_role_unsafe(reinterpret_cast<const DropOwnedStmt *>(data->parsetree), owner);
        if (!IsA(data->parsetree, DropStmt))
            return false;
        const auto *statement = reinterpret_cast<const DropStmt *>(data->parsetree);
        if (statement->removeType == OBJECT_EXTENSION)
            return names_unsafe(statement, extension) && may_drop_extension_unsafe(extension_oid);
        return statement->removeType == OBJECT_SCHEMA && statement->behavior == DROP_CASCADE &&
               names_schema_unsafe(statement, schema) && may_drop_extension_unsafe(extension_oid);
    });
}

} // namespace mvmanager::pg
