// A planned query, run into a receiver.
#pragma once

#include <cstdint>

#include "pg/row_receiver.hpp"

#include "pg/postgres.hpp"

struct PlannedStmt;

namespace mvmanager::pg {

// Runs the plan under the active snapshot. `text` is what looks at statements shows. Returns the rows it gave.
std::int64_t execute_plan(PlannedStmt *plan, const char *text, RowReceiver &receiver);

} // namespace mvmanager::pg
