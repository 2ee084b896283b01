#include "pg/clock.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/timestamp.h"
}

namespace mvmanager::pg {

std::int64_t wall_clock_now() { return GetCurrentTimestamp(); }
std::int64_t statement_started_at() { return GetCurrentStatementStartTimestamp(); }

} // namespace mvmanager::pg
