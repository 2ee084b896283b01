// Rows of earlier versions: how long they are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/version_states.hpp"
#include "versioning/register.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// The one that was live last first.
std::vector<catalog::version_states::State> archived_versions(std::int64_t view_id);

// Drops the rows of archived versions beyond the newest `keep`, and of those among them only the ones kept for longer than
// `older_than` microseconds where that is given. What somebody reads just now stays. One change for each that is dropped.
// REQUIRES: a transaction. Takes AccessExclusiveLock on what it drops and waits for nothing.
std::vector<Change> prune(const catalog::views::View &view, int keep, std::optional<std::int64_t> older_than);

// The same with mvmanager.keep_archived, quietly. For after a promotion, and for who comes by later.
void retain(std::int64_t view_id);

// The view ends: versions that are not live yet are given up with what was built of them, kept rows stay or go.
// REQUIRES: the view's lock.
enum class Archives { keep, drop };
void retire(const catalog::views::View &view, Archives archives);

} // namespace mvmanager::versioning
