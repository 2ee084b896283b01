// Many refreshes in one call, each on its own feet.
#pragma once

#include <string>
#include <vector>

#include "refresh/order.hpp"
#include "refresh/refresh.hpp"

namespace mvmanager::refresh {

enum class Fate { refreshed, failed, skipped };

struct BulkResult {
    Fate fate = Fate::refreshed;
    // For a failed member work.strategy_used is "failed" and the reason message and SQLSTATE; for a skipped one "skipped" and
    // the failed view it stands on.
    Result result;
};

// Refreshes every member in dependency order, each in a subtransaction of its own: one that fails leaves its rows as they
// were, everything that reads it is skipped, the rest goes on. Failures and skips are counted on the views.
//
// REQUIRES: the caller may refresh every member. Locks of refreshed members stay held to the end of the transaction.
// Raises a cancel, a shutdown, 42P19, and under REPEATABLE READ and above a serialization failure, since only the whole
// transaction can be tried again.
std::vector<BulkResult> run_all(const std::vector<Member> &members);

} // namespace mvmanager::refresh
