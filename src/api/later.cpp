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
    {"mv_replace", "Call mv_apply with the same arguments where only indexes, options or comment change; else mv_drop, "
                   "then mv_create."},
    {"mv_apply_all", "Call mv_apply for each view, those that are read first."},
    {"mv_promote", "Nothing waits for promotion: what mv_create makes is live at once."},
    {"mv_rollback", "Call mv_definition(name, version) for an earlier definition, then mv_drop and mv_create with it."},
    {"mv_cancel",
     "Nothing is staged. To stop a running refresh, call pg_cancel_backend with the pid in mvmanager.runs."},
    {"mv_prune", "No version keeps rows of its own; there is nothing to prune."},
    {"mv_cancel_run", "Call pg_cancel_backend with the pid in mvmanager.runs."},
    {"mv_plan", "Call mv_apply in a transaction block, look at its row, and roll back."},
    {"mv_diff", "Compare mv_definition(name, version) of the two versions."},
    {"mv_lint", "Read the statements for DROP ... CASCADE and CREATE ... IF NOT EXISTS, which hide changes."},
    {"mv_export", "Call mv_definition(name), or dump the view with pg_dump -t."},
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
