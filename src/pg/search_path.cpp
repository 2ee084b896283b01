#include "pg/search_path.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
}

namespace mvmanager::pg {

std::vector<std::string> schemas_in_search_path() {
    List *const schemas = call([] { return fetch_search_path(false); });
    std::vector<std::string> out;
    ListCell *cell;
    foreach (cell, schemas) {
        char *const name = call([&] { return get_namespace_name(lfirst_oid(cell)); });
        if (name)
            out.emplace_back(name);
    }
    return out;
}

void require_schema(const std::string &name) {
    call([&] { get_namespace_oid(name.c_str(), /* missing_ok */ false); });
}

bool may_create_in(const std::string &schema) {
    return call([&] {
        Oid const oid = get_namespace_oid(schema.c_str(), /* missing_ok */ true);
        if (!OidIsValid(oid))
            return false;
#if PG_VERSION_NUM >= 160000
        return object_aclcheck(NamespaceRelationId, oid, GetUserId(), ACL_CREATE) == ACLCHECK_OK;
#else
        return pg_namespace_aclcheck(oid, GetUserId(), ACL_CREATE) == ACLCHECK_OK;
#endif
    });
}

} // namespace mvmanager::pg
