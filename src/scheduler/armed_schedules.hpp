// What the catalog says about the schedules of a database, in memory: what tick() is given, and when each is due next.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/schedules.hpp"
#include "model/schedule.hpp"
#include "pg/zone.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/tick.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

class ArmedSchedules {
public:
    explicit ArmedSchedules(const Clock &clock) : clock_(clock) {}

    // Reads all of them again. REQUIRES a transaction. A row that makes no sense is suspended there with the reason, in a
    // subtransaction, and stops no other; where its row is locked it is only passed over.
    void load(bool all_are_paused);

    std::span<const ScheduledView> views() const { return std::span(views_).first(plans_.size()); }
    // Views without a schedule that a run is queued for wait for what they read as well. Until the next load(). REQUIRES a
    // transaction.
    void add_unscheduled(std::span<const QueuedRun> queued);
    // views() and those that were added.
    std::span<const ScheduledView> all_views() const { return views_; }
    // 0 for a view without a schedule.
    std::int64_t owner_of(std::int64_t view_id) const;

    // Writes the due time after now into the row of the view. REQUIRES a transaction and a view of views(). nullopt where
    // another transaction is changing the row: nothing is written then. What views() says stays until moved_on().
    std::optional<Timestamp> advance(std::int64_t view_id);
    // The transaction that advanced the view committed.
    void moved_on(std::int64_t view_id, Timestamp next_due);

    // A run of the view ended that had begun then. Kept across load().
    void note_began(std::int64_t view_id, Timestamp began);

private:
    // A schedule, read.
    struct Plan {
        catalog::schedules::Schedule row;
        model::Schedule schedule;
        std::shared_ptr<const pg::ServerZone> zone;
    };

    std::string read(catalog::schedules::Entry &entry, bool all_are_paused, ScheduledView &view);
    void disable(const catalog::schedules::Entry &entry, const std::string &trouble, ScheduledView &view);
    std::shared_ptr<const pg::ServerZone> zone(const std::string &name);

    const Clock &clock_;
    std::vector<Plan> plans_; // one for each of views()
    std::vector<ScheduledView> views_;
    std::unordered_map<std::int64_t, std::size_t> index_; // by view
    std::unordered_map<std::string, std::shared_ptr<const pg::ServerZone>> zones_;
    std::unordered_map<std::int64_t, Timestamp> last_began_;
};

} // namespace mvmanager::scheduler
