// Schemas of our own.
#pragma once

#include <optional>
#include <string>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct Namespace {
    Oid oid = InvalidOid;
    Oid owner = InvalidOid;
    Oid foreign_creator = InvalidOid; // a role that may create in it by a grant; 0 is PUBLIC
    bool has_foreign_creator = false;
};

std::optional<Namespace> find_namespace(const char *name);

// Creates it for that owner, outside of any extension, with USAGE to PUBLIC and no grants of ALTER DEFAULT PRIVILEGES.
// Rights are not asked and no event is fired. Raises 23505 where somebody else creates one at the same moment.
Oid create_namespace(const char *name, Oid owner);

} // namespace mvmanager::pg
