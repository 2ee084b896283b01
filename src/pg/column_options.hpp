// Statistics targets and options of columns.
#pragma once

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

enum class ColumnOptions { copied, left };

// What creating a relation leaves at its default: the statistics target and the options of a column (n_distinct; on an index,
// what its operator classes were told is there already). What the server itself keeps among the options (the column's version,
// in minors of November 2026) stays what it is. For use inside pg::call; not visible until the next command.
void copy_column_settings_unsafe(Oid from, int16 from_column, Oid to, int16 to_column, ColumnOptions options);

} // namespace mvmanager::pg
