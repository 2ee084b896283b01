// What a DROP command that is about to run will take with it.
#pragma once

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Inside an event trigger on ddl_command_start: whether the statement drops the extension for sure if it succeeds (by its
// name, with its schema, with what its owner owns) and the current user may do so.
// Raises 0A000 when the function was called otherwise.
bool drops_extension(FunctionCallInfo fcinfo, const char *extension, Oid extension_oid, Oid owner, Oid schema);

} // namespace mvmanager::pg
