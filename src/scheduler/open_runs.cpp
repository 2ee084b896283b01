#include "scheduler/open_runs.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "pg/lock.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using catalog::runs::Run;

struct Holder {
    Place place;
    Oid owner;
};

// Who works on what in the database, by run.
std::unordered_map<std::int64_t, Holder> holders(Segment *segment, Oid database) {
    WorkerSlot slots[max_slots];
    {
        Guard const guard(segment);
        std::copy(std::begin(segment->slots), std::end(segment->slots), slots);
    }
    std::unordered_map<std::int64_t, Holder> found;
    for (int i = 0; i < max_slots; ++i)
        if (slots[i].database == database && slots[i].run_id > 0)
            found[slots[i].run_id] = {{i, slots[i].token}, slots[i].owner};
    return found;
}

bool is_abandoned(const Run &run) { return pg::is_free(pg::LockSpace::run, static_cast<std::uint64_t>(run.id)); }

} // namespace

void OpenRuns::sweep(Timestamp now) {
    foreign_.clear();
    const std::unordered_map<std::int64_t, Holder> held = holders(segment_, database_);
    for (const Run &run : catalog::runs::running()) {
        if (is_handed_over(run.id))
            continue;
        if (const auto found = held.find(run.id); found != held.end())
            handed_over_.push_back(
                {run.id, run.view_id, found->second.owner, found->second.place, run.started_at.value_or(now)});
        else if (is_abandoned(run))
            finish_orphan(run, now_);
        else
            foreign_.push_back(run);
    }
}

bool OpenRuns::is_handed_over(std::int64_t run_id) const {
    return std::any_of(handed_over_.begin(), handed_over_.end(),
                       [&](const HandedOver &h) { return h.run_id == run_id; });
}

std::vector<HandedOver> OpenRuns::collect_ended(const WorkerPool &workers) {
    std::vector<HandedOver> ended;
    std::erase_if(handed_over_, [&](const HandedOver &run) {
        const bool is_over = workers.is_over(run.place, run.run_id);
        if (is_over)
            ended.push_back(run);
        return is_over;
    });
    return ended;
}

bool OpenRuns::has_foreign_ended() const { return std::any_of(foreign_.begin(), foreign_.end(), is_abandoned); }

} // namespace mvmanager::scheduler
