#include "scheduler/idle_builds.hpp"

#include <algorithm>

#include "catalog/runs.hpp"
#include "catalog/version_states.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/error.hpp"
#include "pg/worker.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using catalog::runs::IdleBuild;
using model::microseconds_per_second;

constexpr int crashes_to_fail = 2;
constexpr std::int64_t first_pause = 5 * microseconds_per_second;
constexpr std::int64_t longest_pause = 600 * microseconds_per_second;

std::int64_t pause_after(int failures) {
    std::int64_t pause = failures > 0 ? first_pause : 0;
    for (int i = 1; i < failures && pause < longest_pause; ++i)
        pause *= 2;
    return std::min(pause, longest_pause);
}

void give_up(const IdleBuild &build) {
    if (!catalog::version_states::try_set_state(build.view_id, build.version, model::VersionState::failed))
        return;
    auto const why = format("the server crashed during {} builds in a row", build.crashes);
    catalog::version_states::note_error(build.view_id, build.version, why);
    auto const view = catalog::views::get(build.view_id);
    pg::log(
        format("mvmanager: version {} of {} failed: {}", build.version, view ? view->name.quoted() : "a view", why));
}

// What was to become live together does, or none of it.
void give_up_broken_families() {
    for (auto const &broken : catalog::version_states::broken_families()) {
        if (!catalog::version_states::try_set_state(broken.view_id, broken.number, model::VersionState::failed))
            continue;
        auto const why = format("version {} of {}, which was to become live together with it, did not", broken.lost,
                                broken.lost_view.quoted());
        catalog::runs::end_queued_builds(broken.view_id, broken.number, "skipped", why);
        catalog::version_states::note_error(broken.view_id, broken.number, why);
    }
}

} // namespace

Timestamp resume_builds(Timestamp now) {
    give_up_broken_families();
    Timestamp next = model::infinity;
    for (const IdleBuild &build : catalog::runs::idle_builds()) {
        if (build.crashes >= crashes_to_fail) {
            give_up(build);
            continue;
        }
        Timestamp const due = build.last_finished_at.value_or(0) + pause_after(build.failures);
        if (due > now) {
            next = std::min(next, due);
            continue;
        }
        catalog::runs::add_queued(
            {.view_id = build.view_id,
             .version = build.version,
             .kind = catalog::runs::Kind::build,
             .reason = build.attempts > 0 ? catalog::runs::Reason::retry : catalog::runs::Reason::async,
             .strategy = "build",
             .attempt = build.attempts + 1,
             .requested_by = build.requested_by.empty() ? "mvmanager" : build.requested_by});
    }
    return next;
}

void stop_unwanted_builds(Segment *segment, Oid database) {
    for (std::int64_t const run_id : catalog::runs::unwanted_builds()) {
        // Under the guard, so that the worker has not gone on to another run.
        Guard const guard(segment);
        for (const WorkerSlot &slot : segment->slots)
            if (slot.database == database && slot.run_id == run_id && slot.pid)
                pg::interrupt_process(slot.pid);
    }
}

} // namespace mvmanager::scheduler
