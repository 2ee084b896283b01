// Versions by hand: made live, taken back, given up.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "versioning/register.hpp"
#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// What the label led to; the newest use that was not an undoing of it. Raises 42704 for an unknown one.
int version_of_label(const catalog::views::View &view, const std::string &label);

// Makes a version live that is ready: that of the number or the label, else the newest. Action "promoted", or "unchanged" where
// it is live already. In the caller's transaction; first catches up with refreshes of the live view.
// REQUIRES: the current user's right to the relation was checked.
// Raises 42704 where there is none, 55000 where it has no rows yet, 55P03 without the lock.
Change promote_staged(const catalog::views::View &view, std::optional<int> version,
                      const std::optional<std::string> &label);

struct RollbackWish {
    // At most one of them; none: the version that was live before the present one first was.
    std::optional<int> to_version;
    std::optional<std::string> to_label;
    std::optional<std::string> undo_label;
    bool rebuilds = false;                         // even where the old rows are kept
    std::function<bool(Wish::Task)> is_background; // as of a replacement
};

// Makes an earlier version live again: at once, with its rows, where they are kept; else it is built again like a replacement.
// Action "rolled_back" (state live), "queued", "dropped" (the label created the view), or "unchanged".
// REQUIRES: the current user's right to the relation was checked.
// Raises before anything is changed: 42704 for an unknown version or label, 55000 where there is nothing to go back to or the
// version can no longer be built (with the reason), 2BP01 for dependents of columns that would go, 42501 for a version that
// was registered under another owner and not named by number; and 55P03.
Change roll_back(const catalog::views::View &view, const RollbackWish &wish);

// A version that is queued, being built or staged is given up; a build of it is stopped. Action "cancelled".
// Raises 42704 where there is none of that number, 55000 for one in another state.
Change cancel(const catalog::views::View &view, int version);

} // namespace mvmanager::versioning
