#include "scheduler/launcher.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "format.hpp"
#include "pg/database.hpp"
#include "pg/lock.hpp"
#include "pg/segment.hpp"
#include "pg/transaction.hpp"
#include "pg/worker.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/coordinators.hpp"
#include "scheduler/database_guard.hpp"
#include "scheduler/shmem.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "miscadmin.h"
#include "utils/timestamp.h"
}

namespace mvmanager::scheduler {
namespace {

using model::microseconds_per_second;

// A coordinator is started that long before something is due, so that it is up in time.
constexpr std::int64_t lead = 2 * microseconds_per_second;
// Databases that accept no connections are looked at that often.
constexpr std::int64_t closed_period = 10 * microseconds_per_second;
constexpr std::int64_t safety_period = 60 * microseconds_per_second;
// How long a dynamic launcher waits for the session that started it, and how long a slot may wait for its process.
constexpr std::int64_t grace = 10 * microseconds_per_second;
// A launcher that is started again, after a crash for all it knows, gives clients that long before it starts anything.
constexpr std::int64_t restart_pause = 2 * microseconds_per_second;

bool preloaded = false;

struct LauncherTicket {
    bool is_static = false;
    Timestamp registered_at = 0;
};

Segment *own_segment = nullptr;

extern "C" void mvm_launcher_gone(int, Datum) {
    if (!own_segment)
        return;
    int to_wake[max_databases];
    int count = 0;
    {
        Guard const guard(own_segment);
        own_segment->shutting_down = true;
        own_segment->launcher_proc = -1;
        for (int i = 0; i < own_segment->entries_used; ++i)
            if (own_segment->entries[i].coordinator_proc >= 0)
                to_wake[count++] = own_segment->entries[i].coordinator_proc;
    }
    for (int i = 0; i < count; ++i)
        pg::wake_process(to_wake[i]);
}

// The segment that this launcher made, and what leads others to it.
struct Home {
    Segment *segment;
    StartTicket ticket;
};

Home open_home(bool is_static) {
    StartTicket ticket{.generation = static_cast<std::uint64_t>(GetCurrentTimestamp())};
    own_segment = create_shared_segment(ticket.generation, is_static, &ticket.segment);
    pg::before_exit(mvm_launcher_gone);
    pg::publish_segment(launcher_type, ticket.segment, ticket.generation);
    return {own_segment, ticket};
}

class Launcher {
public:
    Launcher(const LauncherTicket &ticket, const Home &home)
        : is_static_(ticket.is_static), started_at_(clock_.monotonic()), segment_(home.segment),
          coordinators_(home.segment, home.ticket, clock_), database_guard_(home.segment, coordinators_, clock_) {
        bool const is_restart = is_static_ ? clock_.wall() - PgStartTime > grace
                                           : clock_.wall() - ticket.registered_at > 3 * microseconds_per_second;
        quiet_until_ = is_restart ? clock_.monotonic() + restart_pause : 0;
        remember_settings();
    }

    // Returns when nothing is left to do, and when it was told to stop.
    int run() {
        probe_all();
        for (;;) {
            if (pg::stop_requested())
                return 1;
            if (pg::handle_worker_interrupts())
                reread_settings();
            if (clock_.advance())
                look_everywhere();
            coordinators_.collect_ended();
            tidy_up();
            database_guard_.look();
            look_at_closed();
            start_coordinators();
            if (nothing_left())
                return 0;
            pg::wait_latch(time_to_wait());
        }
    }

private:
    void remember_settings() {
        served_ = settings::databases ? settings::databases : "";
        was_on_ = settings::scheduler;
    }

    void reread_settings() {
        const bool changed =
            served_ != (settings::databases ? settings::databases : "") || was_on_ != settings::scheduler;
        remember_settings();
        if (changed) {
            probe_all();
            look_everywhere();
        }
    }

    void probe_all() {
        pg::Transaction transaction;
        to_probe_.clear();
        closed_.clear();
        for (const pg::Database &database : pg::all_databases())
            if (is_served(database.name) && database.allows_connections)
                to_probe_.push_back(database.oid);
            else if (is_served(database.name) && !database.is_template)
                closed_.insert(database.oid);
        transaction.commit();
    }

    // Nothing tells us when a database accepts connections again.
    void look_at_closed() {
        if (closed_.empty() || clock_.monotonic() < next_closed_)
            return;
        next_closed_ = clock_.monotonic() + closed_period;
        pg::Transaction transaction;
        for (auto position = closed_.begin(); position != closed_.end();) {
            const std::optional<pg::Database> found = pg::find_database(*position);
            if (found && !found->allows_connections) {
                ++position;
                continue;
            }
            if (found && is_served(found->name))
                to_probe_.push_back(*position);
            position = closed_.erase(position);
        }
        transaction.commit();
    }

    bool is_served(const std::string &name) const { return pg::is_listed(served_.c_str(), name); }

    // Every coordinator reads its catalog again: the clock was set, or settings changed.
    void look_everywhere() {
        {
            Guard const guard(segment_);
            for (int i = 0; i < segment_->entries_used; ++i)
                if (segment_->entries[i].has_work || segment_->entries[i].coordinator_pid)
                    segment_->entries[i].dirty = true;
        }
        for (const DatabaseEntry &entry : copy_entries())
            if (entry.coordinator_proc >= 0)
                pg::wake_process(entry.coordinator_proc);
    }

    std::vector<DatabaseEntry> copy_entries() const {
        // Room is made before the lock is taken: nothing may be allocated inside.
        std::vector<DatabaseEntry> copy;
        copy.reserve(max_databases);
        Guard const guard(segment_);
        for (int i = 0; i < segment_->entries_used; ++i)
            if (OidIsValid(segment_->entries[i].database))
                copy.push_back(segment_->entries[i]);
        return copy;
    }

    // Takes out of shared memory what nobody else will.
    void tidy_up() {
        // A slot whose process never came, with no coordinator left to notice.
        for (int i = 0; i < max_slots; ++i) {
            WorkerSlot slot;
            {
                Guard const guard(segment_);
                slot = segment_->slots[i];
            }
            if (OidIsValid(slot.database) && slot.pid == 0 && clock_.wall() - slot.since > grace &&
                !coordinators_.is_there(slot.database))
                free_slot(segment_, i, slot.token);
        }
        Guard const guard(segment_);
        for (int i = 0; i < segment_->entries_used; ++i) {
            DatabaseEntry &entry = segment_->entries[i];
            if (OidIsValid(entry.database) && is_forgettable(entry) && !coordinators_.is_there(entry.database))
                entry = DatabaseEntry{.coordinator_proc = -1};
        }
    }

    bool is_wanted(const DatabaseEntry &entry) const {
        if (entry.coordinator_pid || entry.drops > 0)
            return false;
        return entry.dirty || entry.next_due - lead <= clock_.wall() ||
               (entry.prepared && clock_.monotonic() >= next_prepared_);
    }

    bool may_start(Oid database) const {
        if (coordinators_.is_there(database) || database_guard_.is_blocked(database))
            return false;
        return coordinators_.retry_at(database) <= clock_.monotonic();
    }

    void start_coordinators() {
        if (!settings::scheduler || clock_.monotonic() < quiet_until_ || clock_.monotonic() < coordinators_.retry_at())
            return;
        std::vector<DatabaseEntry> wanted = copy_entries();
        std::erase_if(wanted, [&](const DatabaseEntry &e) { return !is_wanted(e) || !may_start(e.database); });
        std::sort(wanted.begin(), wanted.end(), [](const auto &a, const auto &b) { return a.next_due < b.next_due; });
        if (std::any_of(wanted.begin(), wanted.end(), [](const auto &e) { return e.prepared; }))
            next_prepared_ = clock_.monotonic() + safety_period;

        for (const DatabaseEntry &entry : wanted) {
            if (coordinators_.are_full()) {
                ask_idle_to_leave();
                return;
            }
            if (!start_coordinator(entry.database))
                return;
        }
        // Databases nothing is known of yet.
        while (may_probe()) {
            if (coordinators_.are_full()) {
                ask_idle_to_leave();
                return;
            }
            const Oid database = to_probe_.front();
            if (!coordinators_.is_there(database) && may_start(database) && !start_coordinator(database))
                return;
            to_probe_.pop_front();
        }
    }

    // A few at a time; those that found work and stay do not count.
    bool may_probe() const {
        if (to_probe_.empty())
            return false;
        int undecided = 0;
        const std::vector<Oid> coordinated = coordinators_.databases();
        Guard const guard(segment_);
        for (const Oid database : coordinated)
            if (const DatabaseEntry *entry = find_entry(*segment_, database); !entry || !entry->has_work)
                ++undecided;
        return undecided < 2;
    }

    void ask_idle_to_leave() {
        std::vector<int> to_wake;
        to_wake.reserve(max_databases);
        {
            Guard const guard(segment_);
            for (int i = 0; i < segment_->entries_used; ++i) {
                DatabaseEntry &entry = segment_->entries[i];
                if (entry.coordinator_pid && !entry.leave) {
                    entry.leave = true;
                    to_wake.push_back(entry.coordinator_proc);
                }
            }
        }
        for (const int proc : to_wake)
            pg::wake_process(proc);
    }

    // False where there is no place for another process.
    bool start_coordinator(Oid database) {
        pg::Transaction transaction;
        const std::optional<pg::Database> found = pg::find_database(database);
        transaction.commit();
        const bool is_ours = found && is_served(found->name);
        if (!is_ours || !found->allows_connections) {
            if (is_ours)
                closed_.insert(database);
            forget(database);
            return true;
        }
        if (!database_guard_.lets_in(database)) {
            look_at(database);
            return true;
        }
        return coordinators_.start(database);
    }

    // Until somebody commits something there, or it is looked at afresh.
    void forget(Oid database) {
        Guard const guard(segment_);
        DatabaseEntry *entry = find_entry(*segment_, database);
        if (!entry)
            return;
        // Transactions that have not ended yet count themselves out of it, and may have changed something.
        const DatabaseEntry emptied{.database = entry->pending ? database : InvalidOid,
                                    .pending = entry->pending,
                                    .drops = entry->drops,
                                    .coordinator_proc = -1,
                                    .next_due = model::infinity};
        *entry = emptied;
    }

    // As soon as a coordinator may be started there.
    void look_at(Oid database) {
        Guard const guard(segment_);
        if (DatabaseEntry *entry = find_or_add_entry(*segment_, database))
            entry->dirty = true;
    }

    // A launcher that nobody preloaded leaves when it has nothing to watch over.
    bool nothing_left() {
        if (is_static_ || coordinators_.count() > 0 || !to_probe_.empty() || !closed_.empty() ||
            clock_.monotonic() - started_at_ < grace)
            return false;
        Guard const guard(segment_);
        for (int i = 0; i < segment_->entries_used; ++i)
            if (OidIsValid(segment_->entries[i].database))
                return false;
        for (const WorkerSlot &slot : segment_->slots)
            if (OidIsValid(slot.database))
                return false;
        segment_->shutting_down = true;
        return true;
    }

    std::int64_t time_to_wait() {
        std::int64_t wait = 3600 * microseconds_per_second;
        const auto until = [&](std::int64_t monotonic) {
            wait = std::min(wait, std::max<std::int64_t>(monotonic - clock_.monotonic(), 0));
        };
        if (database_guard_.is_needed())
            until(database_guard_.next_look());
        if (!closed_.empty())
            until(next_closed_);
        if (!is_static_)
            until(clock_.monotonic() < started_at_ + grace ? started_at_ + grace : clock_.monotonic() + safety_period);
        if (!settings::scheduler)
            return wait;
        const std::int64_t not_before = std::max(quiet_until_, coordinators_.retry_at());
        if (may_probe() && !coordinators_.are_full())
            until(std::max(not_before, clock_.monotonic()));
        for (const DatabaseEntry &entry : copy_entries()) {
            if (entry.coordinator_pid || coordinators_.is_there(entry.database) || entry.drops > 0 ||
                database_guard_.is_blocked(entry.database))
                continue;
            if (entry.prepared)
                until(std::max(not_before, next_prepared_));
            if (entry.next_due == model::infinity && !entry.dirty)
                continue;
            std::int64_t at = clock_.monotonic();
            if (!entry.dirty)
                at += std::clamp<std::int64_t>(entry.next_due - lead - clock_.wall(), 0, safety_period);
            at = std::max(at, coordinators_.retry_at(entry.database));
            // Where there is no room, the end of another coordinator wakes us.
            if (coordinators_.are_full())
                at = std::max(at, database_guard_.next_look());
            until(std::max(not_before, at));
        }
        return wait;
    }

    Clock clock_;
    bool is_static_;
    std::int64_t started_at_;
    std::int64_t quiet_until_ = 0;
    std::int64_t next_prepared_ = 0;
    Segment *segment_;
    Coordinators coordinators_;
    DatabaseGuard database_guard_;
    std::deque<Oid> to_probe_;
    std::unordered_set<Oid> closed_; // databases that accept no connections
    std::int64_t next_closed_ = 0;
    std::string served_;
    bool was_on_ = true;
};

pg::WorkerSpec launcher_spec(const LauncherTicket &ticket) {
    return {.function = "mvm_launcher_main",
            .type = launcher_type,
            .name = launcher_type,
            .restart_seconds = 5,
            .extra = &ticket,
            .extra_size = sizeof ticket};
}

} // namespace

void register_static_launcher() {
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
        return;
    const LauncherTicket ticket{.is_static = true, .registered_at = GetCurrentTimestamp()};
    pg::register_static_worker(launcher_spec(ticket));
    preloaded = true;
}

bool is_preloaded() { return preloaded; }

bool start_dynamic_launcher() {
    const LauncherTicket ticket{.is_static = false, .registered_at = GetCurrentTimestamp()};
    return pg::WorkerHandle::start(launcher_spec(ticket)).has_value();
}

MV_WORKER(mvm_launcher_main) {
    const auto ticket = pg::worker_extra<scheduler::LauncherTicket>();
    pg::install_worker_signals(pg::OnTerminate::leave);
    pg::connect_without_database();
    // Another launcher is at work: a dynamic one is one too many, a static one looks again when it is restarted.
    if (!pg::acquire(pg::LockSpace::launcher, 0, pg::LockLevel::session, pg::Wait::no))
        pg::leave_process(ticket.is_static ? 1 : 0);
    int code;
    {
        scheduler::Launcher launcher(ticket, open_home(ticket.is_static));
        code = launcher.run();
    }
    pg::leave_process(code);
}

} // namespace mvmanager::scheduler
