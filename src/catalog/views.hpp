// mvmanager.view: one row per managed view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/relation.hpp"

namespace mvmanager::catalog::views {

struct View {
    std::int64_t id = 0;
    pg::QualifiedName name;
    std::optional<int> live_version;
    bool ended = false;
    std::optional<std::int64_t> last_refresh_at; // TimestampTz
};

enum class Ended { dropped, released };
enum class Outcome { succeeded, failed, skipped };

// The managed (not ended) view of that exact name.
std::optional<View> find(const pg::QualifiedName &name);
std::optional<View> get(std::int64_t id);
// The released view that mv_adopt continues: the newest of that name, if it ended by a release.
std::optional<View> find_released(const pg::QualifiedName &name);
// Every managed view, by schema and name; only of the given schemas when there are any.
std::vector<View> all(const std::optional<std::vector<std::string>> &schemas = std::nullopt);

// Raises 42704 with the hint to adopt it when `relation` is not managed.
View require(const pg::QualifiedName &name);

// Raises 42710 when the name is managed already.
std::int64_t add(const pg::QualifiedName &name);
void set_live(std::int64_t id, int version);
// Ends a view: its schedule is removed, what is queued for it is cancelled, its history stays.
void end(std::int64_t id, Ended how);
// Takes an ended (released) view back under its id.
void reopen(std::int64_t id);

// The rows it shows now tell everything committed before that time (TimestampTz).
void set_refreshed_at(std::int64_t id, std::optional<std::int64_t> when);

// Counts a run, and for a refresh that succeeded notes when it began (TimestampTz).
// The update locks the row to the end of the transaction: call it last.
void count(std::int64_t id, Outcome outcome, std::optional<std::int64_t> refreshed_at = std::nullopt);

} // namespace mvmanager::catalog::views
