#pragma once

#include <cstdint>
#include <string_view>

namespace mvmanager::model {

// Exponential back-off: base, 2 * base, 4 * base ... up to cap, each cut by up to a quarter. Microseconds.
struct Backoff {
    std::int64_t base = 0; // > 0
    std::int64_t cap = 0;  // >= base
};

// How long to wait before the next attempt after `failures` failed ones (1, 2, ...; anything below 1 counts as 1). The cut
// is a hash of (seed, failures): the same for the same arguments, different between views, so that attempts that failed
// together do not come back together. The result is in (0, cap]. Any argument is safe.
std::int64_t delay(const Backoff &backoff, int failures, std::uint64_t seed);

// Whether an SQLSTATE names a trouble that passes by itself: 40001, 40P01, 55P03, and the classes 08, 53 and 57P.
// A cancelled statement (57014) does not: whoever cancelled it meant it.
bool is_transient(std::string_view sqlstate);

} // namespace mvmanager::model
