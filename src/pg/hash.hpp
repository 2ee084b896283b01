#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mvmanager::pg {

// SHA-256 (FIPS 180-4) of the bytes, as 32 raw bytes, by the server's own implementation.
std::string sha256(std::string_view bytes);
// A fast 64-bit hash for lock keys; not stable across majors.
std::uint64_t hash64(std::string_view bytes);

} // namespace mvmanager::pg
