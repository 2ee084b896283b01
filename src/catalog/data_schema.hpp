// mvmanager_data: the schema of relations that stand beside managed views.
#pragma once

#include "pg/postgres.hpp"

namespace mvmanager::catalog {

inline constexpr const char *data_schema_name = "mvmanager_data";

// Creates it where it is missing: owned by the extension's owner, USAGE to everybody, CREATE to nobody else. It is no member
// of the extension, so that DROP EXTENSION leaves what is in it alone.
// Raises 42501 where a schema of that name belongs to somebody else or lets somebody else create in it.
Oid require_data_schema();
// InvalidOid where there is none. Not checked for whose it is.
Oid find_data_schema();

} // namespace mvmanager::catalog
