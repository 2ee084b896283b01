// mvmanager.version_state: what became of each version, and how one that is not live yet is to become so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/column_change.hpp"
#include "model/version.hpp"
#include "pg/relation.hpp"

namespace mvmanager::catalog::version_states {

// What the caller of a replacement asked for beyond the version itself.
struct Order {
    bool is_manual = false; // mv_promote makes it live, nothing else does
    bool recreates_dependents = false;
    std::vector<model::Rename> renames; // of columns
    std::optional<std::string> validate;
    std::optional<std::int64_t> family;
};

struct State {
    std::int64_t view_id = 0;
    int number = 0;
    model::VersionState state = model::VersionState::queued;
    std::optional<pg::QualifiedName> relation;
    std::optional<std::int64_t> built_at, fresh_at; // TimestampTz
    std::optional<std::int64_t> rows, bytes;
    std::optional<std::string> error;
    Order order;
};

std::optional<State> get(std::int64_t view_id, int number);
// The state as it is now, which nobody changes before this transaction ends.
std::optional<model::VersionState> lock(std::int64_t view_id, int number);
// Oldest first.
std::vector<State> all(std::int64_t view_id);
// Of every view that has not ended: queued, building or ready.
std::vector<State> open();
// The newest of the view that is queued, building or ready: there is at most one that matters.
std::optional<State> pending(std::int64_t view_id);
// Members of a family, by view.
std::vector<State> family(std::int64_t family);

// A version that is not live yet, and the member of its family that will never be.
struct Broken {
    std::int64_t view_id = 0;
    int number = 0;
    int lost = 0;
    pg::QualifiedName lost_view;
};
std::vector<Broken> broken_families();
void set_order(std::int64_t view_id, int number, const Order &order);
// Raises XX000 when the model does not let `state` follow the present one.
void set_state(std::int64_t view_id, int number, model::VersionState state);
// The same where it may follow; false, and nothing changed, where it may not: somebody was faster. Waits for a transaction
// that is changing the row.
bool try_set_state(std::int64_t view_id, int number, model::VersionState state);
// Where its rows are.
void set_relation(std::int64_t view_id, int number, const std::optional<pg::QualifiedName> &relation);
// Notes when the rows were made, up to when they tell everything, how many they are and what they take.
struct Built {
    std::int64_t built_at = 0;
    std::optional<std::int64_t> fresh_at, rows, bytes;
};
void note_built(std::int64_t view_id, int number, const Built &built);
// live -> archived: its rows are in that relation now.
void archive(std::int64_t view_id, int number, const pg::QualifiedName &relation, std::optional<std::int64_t> fresh_at,
             std::optional<std::int64_t> bytes);
void note_error(std::int64_t view_id, int number, const std::optional<std::string> &error);

// A relation that a version which has no rows any more, or not yet, still names: what a build or promotion left that ended
// half-way.
struct Abandoned {
    std::int64_t view_id = 0;
    int number = 0;
    pg::QualifiedName relation;
};
std::vector<Abandoned> abandoned(std::optional<std::int64_t> view_id);

} // namespace mvmanager::catalog::version_states
