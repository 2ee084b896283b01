// A process that executes runs, one at a time, all of one database.
//
// The coordinator has committed a run's row (running) before it hands the run over. The worker notes that it is at work,
// then refreshes and writes the final state in one transaction; after an error the state is written in the next one. It
// holds the run's lock meanwhile, so that a row without a process can be told from one with it.

#include <algorithm>
#include <optional>
#include <string>

#include "catalog/runs.hpp"
#include "catalog/schedules.hpp"
#include "catalog/version_states.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/lock.hpp"
#include "pg/relation.hpp"
#include "pg/security.hpp"
#include "pg/snapshot.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/wait_point.hpp"
#include "pg/worker.hpp"
#include "refresh/leftovers.hpp"
#include "refresh/refresh.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/shmem.hpp"
#include "settings.hpp"
#include "versioning/build.hpp"
#include "versioning/retention.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using model::microseconds_per_second;

// Bounds on what one process does, so that whatever a view's functions leave behind goes away in time.
constexpr int most_runs = 100;
constexpr std::int64_t longest_life = 300 * microseconds_per_second;
constexpr std::int64_t idle_time = 1 * microseconds_per_second;
constexpr std::int64_t first_idle_time = 10 * microseconds_per_second;

Segment *own_segment = nullptr;
StartTicket own_ticket;

bool is_connected = false;

void note_start(bool has_failed) {
    Guard const guard(own_segment);
    if (DatabaseEntry *entry = find_entry(*own_segment, own_ticket.database))
        entry->failed_starts = has_failed ? entry->failed_starts + 1 : 0;
}

extern "C" void mvm_worker_gone(int, Datum) {
    // Before the slot is free: the coordinator must not try again at once.
    if (!is_connected && !pg::stop_requested())
        note_start(true);
    free_slot(own_segment, own_ticket.slot, own_ticket.token);
}

struct Assignment {
    std::int64_t run_id = 0;
    Oid owner = InvalidOid;
};

// What the run's row and its view say, read in the first transaction.
struct Job {
    catalog::runs::Run run;
    catalog::views::View view;
    std::optional<catalog::schedules::Schedule> schedule;
};

class Worker {
public:
    Worker(Segment *segment, const StartTicket &ticket)
        : segment_(segment), ticket_(ticket), born_(pg::monotonic_now()) {}

    void work() {
        while (const std::optional<Assignment> assignment = next()) {
            execute(*assignment);
            ++runs_;
            if (!give_back())
                return;
        }
    }

private:
    WorkerSlot &slot() const { return segment_->slots[ticket_.slot]; }

    // Waits for a run. nullopt: nothing came, or the place is needed elsewhere, or the process was told to stop.
    std::optional<Assignment> next() {
        const std::int64_t deadline = pg::monotonic_now() + (runs_ == 0 ? first_idle_time : idle_time);
        for (;;) {
            pg::forget_cancel();
            pg::handle_worker_interrupts();
            const bool time_is_up = pg::monotonic_now() >= deadline;
            {
                Guard const guard(segment_);
                if (slot().token != ticket_.token)
                    return std::nullopt;
                if (pg::stop_requested())
                    return std::nullopt;
                if (slot().run_id > 0) {
                    slot().taken = true;
                    return Assignment{slot().run_id, slot().owner};
                }
                if (slot().run_id == 0 && (time_is_up || slot().leave || segment_->shutting_down)) {
                    slot().leave = true;
                    return std::nullopt;
                }
            }
            pg::wait_latch(std::max<std::int64_t>(deadline - pg::monotonic_now(), 100'000));
        }
    }

    // After a run: true where the process may take another.
    bool give_back() {
        const bool goes_on = runs_ < most_runs && pg::monotonic_now() - born_ < longest_life && !pg::stop_requested();
        {
            Guard const guard(segment_);
            slot().run_id = slot().view_id = 0;
            slot().taken = false;
            slot().leave = slot().leave || !goes_on;
            slot().since = GetCurrentTimestamp();
        }
        wake_database(segment_, ticket_.database, false);
        return goes_on;
    }

    void execute(const Assignment &assignment) {
        if (runs_ > 0 && last_owner_ != assignment.owner)
            pg::discard_session_state();
        last_owner_ = assignment.owner;
        // Whoever holds it already executes this run: nothing is left to do here.
        pg::SessionLock const lock(pg::LockSpace::run, static_cast<std::uint64_t>(assignment.run_id));
        if (!lock.is_held())
            return;
        std::optional<Job> job;
        std::optional<pg::Error> error;
        try {
            begin(assignment.run_id, job);
            if (job) {
                pg::wait_point("worker-started");
                job->run.kind == catalog::runs::Kind::build ? build(*job) : refresh(*job);
            }
        } catch (pg::Error &caught) {
            error.emplace(std::move(caught));
        }
        if (error)
            record_failure(assignment.run_id, job, *error);
        else if (job && job->schedule && (job->schedule->consecutive_failures || job->schedule->consecutive_crashes))
            forget_failures(*job);
        pg::show_idle("mvmanager worker");
    }

    // Leaves `job` empty where the run was ended meanwhile.
    void begin(std::int64_t run_id, std::optional<Job> &job) {
        const Timestamp started_at = GetCurrentTimestamp();
        pg::Transaction transaction;
        // The row is there and says running; losing this note costs a process id.
        pg::set_local("synchronous_commit", "off");
        const std::optional<catalog::runs::Run> run = catalog::runs::get(run_id);
        if (!run || run->state != "running") {
            transaction.commit();
            return;
        }
        const std::optional<catalog::views::View> view = catalog::views::get(run->view_id);
        if (!view)
            throw pg::Error(pg::sqlstate::internal_error, "run {} is of no view", run_id);
        job = Job{*run, *view, catalog::schedules::get(run->view_id)};
        const bool is_build = run->kind == catalog::runs::Kind::build;
        const std::optional<int> number = is_build ? run->version : view->live_version;
        pg::show_running(format("mvmanager: {} {}{}", is_build ? "build" : "refresh", view->name.quoted(),
                                number ? format(" v{}", *number) : std::string()));
        catalog::runs::note_started(run_id, MyProcPid, started_at);
        transaction.commit();
    }

    void refresh(const Job &job) {
        // While it waits for its locks it must hold back nobody: CREATE INDEX CONCURRENTLY has one of them and waits for
        // every snapshot that is older than its own.
        pg::Transaction transaction(pg::Transaction::WithSnapshot::no);
        std::optional<pg::Relation> relation = pg::find_relation(job.view.name);
        // Renamed since the run began.
        if (const auto view = relation ? std::nullopt : catalog::views::get(job.view.id); view && !view->ended)
            relation = pg::find_relation(view->name);
        if (job.view.ended || !relation || !relation->is_materialized_view())
            throw pg::Error(pg::sqlstate::undefined_table, "materialized view \"{}\" does not exist",
                            job.view.name.quoted());
        refresh::run({.view_id = job.view.id,
                      .relation = relation->oid,
                      .strategy = job.run.strategy,
                      .predicate = job.run.predicate,
                      .reason = job.run.reason,
                      .run_id = job.run.id,
                      .transaction = &transaction,
                      .requested_by = job.run.requested_by});
        pg::wait_point("worker-before-final");
        bool is_staged;
        {
            pg::FreshSnapshot const snapshot;
            is_staged = catalog::version_states::pending(job.view.id).has_value();
        }
        transaction.commit();
        // What is staged is to be as fresh.
        if (is_staged)
            entry_changed();
    }

    void build(const Job &job) {
        pg::Transaction transaction(pg::Transaction::WithSnapshot::no);
        versioning::build(job.view.id, job.run.version.value_or(0), job.run.id, transaction);
        pg::wait_point("worker-before-final");
        transaction.commit();
        // What was superseded while it was built, and rows nobody keeps.
        clean_up(job);
        entry_changed();
    }

    // In a transaction of its own: the row may be locked by somebody who is changing the schedule, and the refresh holds
    // locks that readers feel.
    void forget_failures(const Job &job) {
        try {
            pg::Transaction transaction;
            pg::set_local("lock_timeout", "2s");
            catalog::schedules::note_succeeded(job.view.id);
            transaction.commit();
        } catch (const pg::Error &error) {
            pg::log(
                format("mvmanager could not clear the failures of {}: {}", job.view.name.quoted(), error.message()));
        }
    }

    void record_failure(std::int64_t run_id, const std::optional<Job> &job, const pg::Error &error) {
        const bool is_cancel =
            error.sqlstate() == pg::sqlstate::query_canceled && (pg::stop_requested() || pg::cancel_requested());
        pg::forget_cancel();
        const std::string state = is_cancel ? "cancelled" : "failed";
        const std::string name = job ? job->view.name.quoted() : std::string("a view");
        const char *what = job && job->run.kind == catalog::runs::Kind::build ? "build" : "refresh";
        pg::log(format("mvmanager: {} of {} (run {}) {}: {} {}", what, name, run_id, state,
                       pg::sqlstate_text(error.sqlstate()), error.message()));
        pg::wait_point("worker-before-failure");
        // First with everything; where the schedule's row is not to be had, at least the run is finished.
        for (const bool whole : {true, false}) {
            try {
                pg::Transaction transaction;
                pg::set_local("lock_timeout", "3s");
                // A build that found its version given up has not failed.
                catalog::runs::finish_otherwise(run_id, job && is_given_up(*job) ? "cancelled" : state,
                                                pg::sqlstate_text(error.sqlstate()), error.message());
                if (job && whole && job->run.kind == catalog::runs::Kind::refresh)
                    is_cancel ? make_up(*job) : count_failure(*job, error);
                transaction.commit();
                break;
            } catch (const pg::Error &second) {
                pg::log(format("mvmanager could not record the end of run {}: {}", run_id, second.message()));
                pg::forget_cancel();
            }
        }
        if (job && job->run.kind == catalog::runs::Kind::build)
            note_end_of_build(*job, error, is_cancel);
        if (job)
            clean_up(*job);
        entry_changed();
    }

    static bool is_given_up(const Job &job) {
        if (job.run.kind != catalog::runs::Kind::build)
            return false;
        auto const version = catalog::version_states::get(job.view.id, job.run.version.value_or(0));
        return version &&
               (version->state == model::VersionState::skipped || version->state == model::VersionState::cancelled);
    }

    // The coordinator reads its catalog again.
    void entry_changed() {
        Guard const guard(segment_);
        if (DatabaseEntry *entry = find_entry(*segment_, ticket_.database))
            entry->dirty = true;
    }

    static void note_end_of_build(const Job &job, const pg::Error &error, bool is_cancel) {
        using versioning::Ended;
        const Ended how = !is_cancel ? Ended::failed : pg::stop_requested() ? Ended::stopped : Ended::cancelled;
        try {
            pg::Transaction transaction;
            pg::set_local("lock_timeout", "3s");
            versioning::note_end(job.view.id, job.run.version.value_or(0), how, error);
            transaction.commit();
        } catch (const pg::Error &second) {
            pg::log(
                format("mvmanager could not record the end of the build of run {}: {}", job.run.id, second.message()));
            pg::forget_cancel();
        }
    }

    // What the run committed on its way to the new rows. Where this fails too, a later sweep finds it.
    static void clean_up(const Job &job) {
        try {
            pg::Transaction transaction;
            pg::set_local("lock_timeout", "3s");
            refresh::drop_leftovers(job.view.id);
            versioning::drop_abandoned(job.view.id);
            if (job.run.kind == catalog::runs::Kind::build) {
                versioning::retain(job.view.id);
                versioning::renew_statistics(job.view.id);
            }
            transaction.commit();
        } catch (const pg::Error &error) {
            pg::log(format("mvmanager could not clean up after run {}: {}", job.run.id, error.message()));
            pg::forget_cancel();
        }
    }

    // The process was told to stop, nobody asked for this run to end: it is due again. A cancel of the run itself is not.
    void make_up(const Job &job) {
        if (pg::stop_requested() && job.schedule && job.run.scheduled_for)
            catalog::schedules::make_due(job.view.id, *job.run.scheduled_for);
    }

    void count_failure(const Job &job, const pg::Error &error) {
        using catalog::schedules::Suspended;
        catalog::views::count(job.view.id, catalog::views::Outcome::failed);
        const int failures = catalog::schedules::note_failed(job.view.id);
        if (failures == 0 || settings::suspend_after == 0 || failures < settings::suspend_after)
            return;
        catalog::schedules::suspend(job.view.id, Suspended::failures,
                                    format("{} failures in a row, the last: {}", failures, error.message()));
        pg::warning(format("mvmanager suspended the schedule of {} after {} failures in a row", job.view.name.quoted(),
                           failures),
                    format("Call mv_resume({}) when the cause is gone.", pg::quote_literal(job.view.name.quoted())));
    }

    Segment *segment_;
    StartTicket ticket_;
    std::int64_t born_;
    int runs_ = 0;
    Oid last_owner_ = InvalidOid;
};

} // namespace
MV_WORKER(mvm_worker_main) {
    own_ticket = pg::worker_extra<StartTicket>();
    pg::install_worker_signals(pg::OnTerminate::cancel_then_ask);
    own_segment = attach_shared_segment(own_ticket);
    if (!own_segment)
        pg::leave_process(0);
    bool is_mine;
    {
        Guard const guard(own_segment);
        WorkerSlot &slot = own_segment->slots[own_ticket.slot];
        is_mine = slot.token == own_ticket.token;
        if (is_mine) {
            slot.pid = MyProcPid;
            slot.proc = pg::my_proc_number();
        }
    }
    if (!is_mine)
        pg::leave_process(0);
    pg::before_exit(mvm_worker_gone);
    pg::connect_to_database(own_ticket.database);
    is_connected = true;
    note_start(false);
    pg::set_neutral_session();
    pg::show_idle("mvmanager worker");
    Worker(own_segment, own_ticket).work();
    pg::leave_process(pg::stop_requested() ? 1 : 0);
}

} // namespace mvmanager::scheduler
