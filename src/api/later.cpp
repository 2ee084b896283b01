// Calls whose signatures are final and whose work is not in this release.

#include <algorithm>

#include "pg/error.hpp"
#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace mvmanager::api {
namespace {

struct Instead {
    std::string_view function;
    const char *hint;
};

constexpr Instead instead[] = {
    {"mv_cancel_run", "Call pg_cancel_backend with the pid in mvmanager.runs."},
    {"mv_graph", "Call mv_dependents(name) for what reads a view."},
    {"mv_report", "Read mvmanager.status and mvmanager.runs."},
};

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_not_available) {
    std::string const name = pg::call([&] { return get_func_name(fcinfo->flinfo->fn_oid); });
    auto const *const found = std::ranges::find(api::instead, name, &api::Instead::function);
    throw pg::Error(pg::sqlstate::feature_not_supported, "{} is not available in this release", name)
        .hint("{}", found == std::end(api::instead) ? "See the documentation for what is." : found->hint);
}
