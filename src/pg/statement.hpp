// The statement a function is called from.
#pragma once

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// True where a lock taken now ends with this one call of `function`: the client's statement is a plain SELECT of it (or
// SELECT ... FROM it) that calls it once, in no transaction block, and no function, procedure or cursor stands between.
bool is_whole_statement(Oid function);

} // namespace mvmanager::pg
