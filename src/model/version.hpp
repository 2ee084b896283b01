#pragma once

#include <optional>
#include <string_view>

namespace mvmanager::model {

// The life of a version. Each member names the states that may follow it; may_follow() is this comment as a function.
enum class VersionState {
    queued,    // -> building, skipped, failed, cancelled
    building,  // -> ready, failed, cancelled, queued (the build was lost in a crash and is due again)
    ready,     // -> live, skipped, failed, cancelled
    live,      // -> archived, pruned (no rows are kept)
    archived,  // -> live (rolled back to), pruned
    pruned,    // -> queued, building (rolled back to, data built again)
    skipped,   // -> queued, building (superseded before its build, wanted now)
    failed,    // -> queued, building (tried again)
    cancelled, // -> queued, building (tried again)
};

// The life of a run.
enum class RunState {
    queued,    // -> running, skipped, cancelled, failed (could not be started)
    running,   // -> succeeded, failed, skipped, cancelled, crashed, lost
    succeeded, // the end
    failed,    // the end: an error, recorded with its SQLSTATE
    skipped,   // the end: not needed, or something upstream failed
    cancelled, // the end: somebody stopped it
    crashed,   // the end: its process died and took the server down
    lost,      // the end: its server died or was left behind by a promotion
};

// Whether a row in state `from` may be changed to `to`. Staying in a state is not a change: false.
bool may_follow(VersionState from, VersionState to);
bool may_follow(RunState from, RunState to);

// Whether no state may follow.
bool is_final(RunState state);

// The words stored in the catalog and shown to people; from_text is exact (case matters), nullopt for any other word.
std::string_view to_text(VersionState state);
std::string_view to_text(RunState state);
std::optional<VersionState> version_state_from_text(std::string_view text);
std::optional<RunState> run_state_from_text(std::string_view text);

} // namespace mvmanager::model
