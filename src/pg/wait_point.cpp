#include "pg/wait_point.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

namespace {

void **slot = nullptr;

} // namespace

void wait_point(const char *name) {
    if (!slot || *slot)
        call([&] { wait_point_unsafe(name); });
}

void wait_point_unsafe(const char *name) {
    if (!slot)
        slot = find_rendezvous_variable(wait_point_variable);
    if (*slot)
        reinterpret_cast<WaitPointFunction> (*slot)(name);
}

} // namespace mvmanager::pg
