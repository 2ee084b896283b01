#include "pg/clock.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace mvmanager::pg {

std::int64_t wall_clock_now() { return GetCurrentTimestamp(); }

} // namespace mvmanager::pg
