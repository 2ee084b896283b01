#include "pg/wait_point.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

void wait_point(const char *name) {
    static void **slot = nullptr;
    if (!slot)
        slot = call([] { return find_rendezvous_variable(wait_point_variable); });
    if (*slot)
        call([&] { reinterpret_cast<WaitPointFunction> (*slot)(name); });
}

} // namespace mvmanager::pg
