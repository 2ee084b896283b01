// mvmanager.change: the journal of every call that meant something, append-only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mvmanager::catalog::changes {

struct Change {
    std::int64_t id = 0;
    std::int64_t view_id = 0;
    std::string action;
    std::optional<std::string> label;
    std::optional<int> from_version, to_version;
    std::string changed_by;
    std::int64_t changed_at = 0; // TimestampTz
};

// Writes a row by the session user, now.
void add(std::int64_t view_id, const std::string &action, const std::optional<std::string> &label,
         std::optional<int> from_version, std::optional<int> to_version);

// The newest row with that label: what the label means.
std::optional<Change> find_label(std::int64_t view_id, const std::string &label);
// Oldest first.
std::vector<Change> all(std::int64_t view_id);

} // namespace mvmanager::catalog::changes
