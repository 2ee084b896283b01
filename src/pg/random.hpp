// Numbers that nobody can tell before.
#pragma once

#include <cstdint>

namespace mvmanager::pg {

// Neither can raise.
std::uint64_t random_seed();
// In [0, 1).
double random_fraction();

} // namespace mvmanager::pg
