// One process for a database, while there is something to do there.
//
// It keeps the armed schedules in memory, asks tick() what to start, commits the rows of what it starts (running) and the
// next due times in one short transaction, and hands the runs to workers. It holds no transaction while it waits, and
// leaves when the next due time is far: then the launcher knows it.
//
//     load -> [ collect ended runs -> decide -> record -> hand over -> publish -> wait ] -> leave
//               ^ load again when something was committed, a minute has passed, or the clock was set

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "catalog/extension.hpp"
#include "catalog/local.hpp"
#include "catalog/runs.hpp"
#include "catalog/schedules.hpp"
#include "format.hpp"
#include "pg/database.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/wait_point.hpp"
#include "pg/worker.hpp"
#include "refresh/leftovers.hpp"
#include "scheduler/armed_schedules.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/idle_builds.hpp"
#include "scheduler/open_runs.hpp"
#include "scheduler/own_entry.hpp"
#include "scheduler/shmem.hpp"
#include "scheduler/worker_pool.hpp"
#include "settings.hpp"
#include "versioning/promotion.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using catalog::runs::Run;
using model::microseconds_per_second;

constexpr std::int64_t idle_limit = 60 * microseconds_per_second;
constexpr std::int64_t safety_period = 60 * microseconds_per_second;
// A worker is brought up that long before a run is due.
constexpr std::int64_t prewarm = microseconds_per_second / 10;
constexpr std::int64_t prune_period = 3600 * microseconds_per_second;
constexpr int prune_batch = 500;

Generation generation_of(const StartTicket &ticket) {
    const std::string server = pg::server_generation();
    return {.server = server, .launcher = format("{}/{:x}", server, ticket.generation)};
}

class Coordinator {
public:
    Coordinator(Segment *segment, const StartTicket &ticket)
        : segment_(segment), database_(ticket.database), entry_(segment, ticket.database),
          workers_(segment, ticket, clock_), open_(segment, ticket.database, generation_of(ticket)) {}

    void run() {
        if (!load())
            return;
        for (;;) {
            if (pg::stop_requested())
                pg::leave_process(1);
            pg::handle_worker_interrupts();
            if (segment_->shutting_down)
                return;
            const bool clock_was_set = clock_.advance();
            collect_ended();
            const bool is_dirty = entry_.take_dirty();
            if (is_dirty)
                passed_over_.clear();
            if (is_dirty || clock_was_set || clock_.monotonic() - loaded_at_ >= safety_period ||
                clock_.wall() >= next_build_at_)
                if (!load())
                    return;
            Decision decision = decide();
            if (!decision.starts.empty()) {
                start(decision.starts);
                continue;
            }
            prune();
            publish(decision);
            if (decision.shortage)
                workers_.ask_for_room();
            if (may_leave(decision)) {
                pg::wait_point("coordinator-before-leave");
                if (entry_.sign_off())
                    return;
                // Something was committed since we looked.
                continue;
            }
            if (decision.wake_at != model::infinity && decision.wake_at - clock_.wall() <= prewarm)
                workers_.warm_up();
            pg::wait_latch(time_to_wait(decision));
        }
    }

private:
    // --- reading the catalog -------------------------------------------------------------------------------------

    // False where this database has nothing for us: then the launcher knows it and the process may end.
    bool load() {
        pg::Transaction transaction;
        bool is_prepared = false;
        if (!is_ours(is_prepared)) {
            transaction.commit();
            entry_.update([](DatabaseEntry &entry) {
                entry.has_work = entry.demand = false;
                entry.prepared = false;
                entry.next_due = model::infinity;
            });
            if (entry_.sign_off())
                return false;
            // Something was committed since we looked.
            entry_.take_dirty();
            return load();
        }
        open_.sweep(clock_.wall());
        refresh::drop_leftovers();
        stop_unwanted_builds(segment_, database_);
        next_build_at_ = resume_builds(clock_.wall());
        versioning::drop_abandoned();
        schedules_.load(is_paused_);
        queued_.clear();
        for (const Run &run : catalog::runs::queued())
            queued_.push_back({run.id, run.view_id, schedules_.owner_of(run.view_id), run.queued_at.value_or(0)});
        schedules_.add_unscheduled(queued_);
        transaction.commit();
        loaded_at_ = clock_.monotonic();
        if (!is_prepared)
            entry_.update([](DatabaseEntry &entry) { entry.prepared = false; });
        return true;
    }

    bool is_ours(bool &is_prepared) {
        const std::optional<catalog::Extension> extension = catalog::find_extension();
        if (!extension)
            return false;
        if (!catalog::is_of_this_library(*extension)) {
            if (entry_.tell_inert_once())
                pg::log("mvmanager runs nothing here until ALTER EXTENSION mvmanager UPDATE");
            return false;
        }
        const std::optional<pg::Database> self = pg::find_database(database_);
        if (!self || !pg::is_listed(settings::databases, self->name))
            return false;
        const std::optional<catalog::local::Local> local = catalog::local::get();
        if (!local || local->database != database_) {
            if (catalog::schedules::any() && entry_.tell_inert_once())
                pg::log(format("schedules of database \"{}\" are not armed: call mv_resume()", self->name));
            return false;
        }
        is_paused_ = local->paused;
        is_prepared = catalog::schedules::anything_prepared();
        return true;
    }

    void collect_ended() {
        for (const HandedOver &run : open_.collect_ended(workers_)) {
            schedules_.note_began(run.view_id, run.began);
            workers_.try_again();
        }
        workers_.collect_failed_starts();
        if (open_.foreign().empty() || clock_.monotonic() < next_foreign_look_)
            return;
        next_foreign_look_ = clock_.monotonic() + microseconds_per_second;
        if (open_.has_foreign_ended())
            read_again();
    }

    void read_again() {
        entry_.update([](DatabaseEntry &entry) { entry.dirty = true; });
    }

    // --- starting ------------------------------------------------------------------------------------------------

    Decision decide() {
        if (!settings::scheduler)
            return {};
        std::vector<RunningRun> running;
        for (const HandedOver &run : open_.handed_over())
            running.push_back({run.view_id, run.owner});
        for (const Run &run : open_.foreign())
            running.push_back({run.view_id, schedules_.owner_of(run.view_id)});
        for (const std::int64_t view_id : passed_over_)
            running.push_back({view_id, 0});
        return tick(clock_.wall(), {.views = schedules_.all_views(),
                                    .queued = queued_,
                                    .running = running,
                                    .free_slots = workers_.free_places()});
    }

    void start(const std::vector<Start> &starts) {
        std::vector<Place> places;
        for (std::size_t i = 0; i < starts.size(); ++i) {
            const std::optional<Place> place = workers_.take();
            if (!place)
                break;
            places.push_back(*place);
        }
        if (places.empty())
            return;
        std::vector<HandedOver> recorded;
        try {
            pg::wait_point("scheduler-before-record");
            record(starts, places, recorded);
            pg::wait_point("scheduler-after-record");
        } catch (...) {
            // What is committed is found again by the next coordinator: its row has no worker.
            for (const Place &place : places)
                workers_.give_back(place);
            throw;
        }
        for (const HandedOver &run : recorded)
            hand_over(run);
        for (std::size_t i = recorded.size(); i < places.size(); ++i)
            workers_.give_back(places[i]);
    }

    // Commits the rows of what starts, each with its next due time, before any of it starts.
    void record(const std::vector<Start> &starts, const std::vector<Place> &places, std::vector<HandedOver> &recorded) {
        std::vector<std::pair<std::int64_t, Timestamp>> advanced; // views and their next due times
        std::unordered_set<std::int64_t> settled;                 // queued runs that are claimed, or gone
        pg::Transaction transaction;
        for (std::size_t i = 0; i < starts.size() && recorded.size() < places.size(); ++i) {
            const Start &start = starts[i];
            const Place &place = places[recorded.size()];
            std::int64_t run_id;
            if (start.run_id) {
                run_id = *start.run_id;
                settled.insert(run_id);
                if (!catalog::runs::claim_queued(run_id, open_.generation()))
                    continue; // cancelled meanwhile
            } else {
                const std::optional<Timestamp> next = schedules_.advance(start.view_id);
                if (!next) {
                    // Somebody is changing this schedule: the end of that transaction wakes us.
                    passed_over_.insert(start.view_id);
                    continue;
                }
                run_id = catalog::runs::add_running({.view_id = start.view_id,
                                                     .version = std::nullopt,
                                                     .reason = catalog::runs::Reason::schedule,
                                                     .strategy = "auto",
                                                     .scheduled_for = start.scheduled_for,
                                                     .requested_by = "mvmanager"},
                                                    open_.generation());
                advanced.emplace_back(start.view_id, *next);
            }
            recorded.push_back({run_id, start.view_id, schedules_.owner_of(start.view_id), place, clock_.wall()});
        }
        transaction.commit();
        for (const auto &[view_id, next_due] : advanced)
            schedules_.moved_on(view_id, next_due);
        std::erase_if(queued_, [&](const QueuedRun &queued) { return settled.contains(queued.run_id); });
    }

    void hand_over(const HandedOver &run) {
        // Where the worker is gone already, the next look finds a row without one.
        if (!workers_.hand_over(run.place, run.run_id, run.view_id, static_cast<Oid>(run.owner)))
            read_again();
        open_.add(run);
    }

    // --- waiting and leaving -------------------------------------------------------------------------------------

    void publish(const Decision &decision) {
        const bool has_work =
            !schedules_.views().empty() || !queued_.empty() || open_.any() || next_build_at_ != model::infinity;
        // What is due and waits must be looked at again soon, by whichever coordinator is there then.
        const bool waits = !decision.waiting.empty() || !settings::scheduler;
        const Timestamp next = settings::scheduler ? std::min(decision.wake_at, next_build_at_) : clock_.wall();
        entry_.update([&](DatabaseEntry &entry) {
            entry.has_work = has_work;
            entry.next_due = waits ? clock_.wall() : next;
            entry.demand = decision.shortage;
        });
    }

    bool may_leave(const Decision &decision) {
        if (open_.any())
            return false;
        if (!settings::scheduler)
            return true;
        if (!decision.waiting.empty())
            return false;
        const std::int64_t far = entry_.is_asked_to_leave() ? 3 * microseconds_per_second : idle_limit;
        return std::min(decision.wake_at, next_build_at_) - clock_.wall() > far;
    }

    std::int64_t time_to_wait(const Decision &decision) const {
        const Timestamp now = GetCurrentTimestamp();
        std::int64_t wait = std::max<std::int64_t>(loaded_at_ + safety_period - clock_.monotonic(), 0);
        if (decision.wake_at != model::infinity) {
            const std::int64_t until_due = std::max<std::int64_t>(decision.wake_at - now, 0);
            wait = std::min(wait, until_due > prewarm ? until_due - prewarm : until_due);
        }
        if (next_build_at_ != model::infinity)
            wait = std::min(wait, std::max<std::int64_t>(next_build_at_ - now, 0));
        if (!open_.foreign().empty())
            wait = std::min(wait, microseconds_per_second);
        if (decision.shortage)
            wait = std::min(wait,
                            std::max<std::int64_t>(workers_.retry_at() - clock_.monotonic(), microseconds_per_second));
        return wait;
    }

    // One batch a turn, so that nothing that is due waits for it; a full one is followed by the next a second later.
    void prune() {
        if (settings::keep_runs == 0 || clock_.monotonic() < next_prune_)
            return;
        Timestamp pruned_at = 0;
        entry_.update([&](DatabaseEntry &entry) { pruned_at = entry.pruned_at; });
        next_prune_ = clock_.monotonic() + microseconds_per_second;
        if (clock_.wall() >= pruned_at && clock_.wall() - pruned_at < prune_period)
            return;
        const Timestamp limit = clock_.wall() - settings::keep_runs * model::microseconds_per_day;
        pg::Transaction transaction;
        const std::int64_t deleted = catalog::runs::prune(limit, prune_batch);
        transaction.commit();
        if (deleted < prune_batch)
            entry_.update([&](DatabaseEntry &entry) { entry.pruned_at = clock_.wall(); });
    }

    Clock clock_;
    Segment *segment_;
    Oid database_;
    OwnEntry entry_;
    bool is_paused_ = false;

    WorkerPool workers_;
    OpenRuns open_;
    ArmedSchedules schedules_{clock_};
    std::vector<QueuedRun> queued_;
    std::unordered_set<std::int64_t> passed_over_; // views whose schedule another transaction holds

    Timestamp next_build_at_ = model::infinity;
    std::int64_t loaded_at_ = 0;
    std::int64_t next_foreign_look_ = 0;
    std::int64_t next_prune_ = 0;
};

} // namespace
MV_WORKER(mvm_coordinator_main) {
    const auto ticket = pg::worker_extra<StartTicket>();
    pg::install_worker_signals(pg::OnTerminate::leave);
    Segment *segment = sign_on(ticket);
    if (!segment)
        pg::leave_process(0);
    pg::connect_to_database(ticket.database);
    pg::set_neutral_session();
    pg::set_session("lock_timeout", "1s");
    pg::show_idle("mvmanager coordinator");
    {
        Coordinator coordinator(segment, ticket);
        coordinator.run();
    }
    pg::leave_process(0);
}

} // namespace mvmanager::scheduler
