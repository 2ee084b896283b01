#include "model/retry.hpp"

#include <algorithm>

namespace mvmanager::model {
namespace {

// Spreads every bit of the argument over the result: neighbouring seeds must not give neighbouring delays.
constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 32;
    x *= 0x9FB21C651E98DF25U;
    x ^= x >> 29;
    x *= 0xD6E8FEB86659FD93U;
    x ^= x >> 32;
    return x;
}

} // namespace

std::int64_t delay(const Backoff &backoff, int failures, std::uint64_t seed) {
    const std::int64_t base = std::max<std::int64_t>(backoff.base, 1);
    const std::int64_t cap = std::max(backoff.cap, base);
    const int doublings = std::max(failures, 1) - 1;
    const std::int64_t full = doublings < 62 && base <= (cap >> doublings) ? base << doublings : cap;
    const auto choices = static_cast<std::uint64_t>(full / 4) + 1;
    const std::uint64_t cut = mix(mix(seed) + static_cast<std::uint64_t>(doublings) + 1) % choices;
    return full - static_cast<std::int64_t>(cut);
}

bool is_transient(std::string_view sqlstate) {
    if (sqlstate.size() != 5)
        return false;
    if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03")
        return true;
    return sqlstate.starts_with("08") || sqlstate.starts_with("53") || sqlstate.starts_with("57P");
}

} // namespace mvmanager::model
