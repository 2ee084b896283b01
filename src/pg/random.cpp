#include "pg/random.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "common/pg_prng.h"
}

namespace mvmanager::pg {

std::uint64_t random_seed() { return pg_prng_uint64(&pg_global_prng_state); }

double random_fraction() { return pg_prng_double(&pg_global_prng_state); }

} // namespace mvmanager::pg
