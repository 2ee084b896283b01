#include "scheduler/armed_schedules.hpp"

#include <algorithm>
#include <variant>

#include "format.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/worker.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using catalog::schedules::Suspended;

std::unordered_map<std::int64_t, std::vector<std::int64_t>> upstream_of_each() {
    std::unordered_map<std::int64_t, std::vector<std::int64_t>> upstream;
    for (const catalog::schedules::Reading &reading : catalog::schedules::readings())
        upstream[reading.reader].push_back(reading.read);
    return upstream;
}

Hold hold_of(const catalog::schedules::Schedule &row, bool all_are_paused) {
    if (row.suspended == Suspended::crashes)
        return Hold::quarantined;
    if (row.suspended)
        return Hold::suspended;
    return row.paused || all_are_paused ? Hold::paused : Hold::none;
}

Timestamp due_after(Timestamp after, const catalog::schedules::Schedule &row, const model::Schedule &schedule,
                    const pg::ServerZone &zone) {
    return model::next_run(schedule, after, row.anchor, zone).value_or(model::infinity);
}

} // namespace

void ArmedSchedules::load(bool all_are_paused) {
    plans_.clear();
    views_.clear();
    index_.clear();
    zones_.clear();
    const std::unordered_map<std::int64_t, std::vector<std::int64_t>> upstream = upstream_of_each();
    for (catalog::schedules::Entry &entry : catalog::schedules::all()) {
        ScheduledView view{.view_id = entry.schedule.view_id, .owner = entry.owner};
        const std::string trouble = read(entry, all_are_paused, view);
        if (!trouble.empty())
            disable(entry, trouble, view);
        if (const auto found = upstream.find(view.view_id); found != upstream.end())
            view.upstream = found->second;
        if (const auto began = last_began_.find(view.view_id); began != last_began_.end())
            view.last_run_began = began->second;
        index_[view.view_id] = views_.size();
        views_.push_back(std::move(view));
    }
}

void ArmedSchedules::add_unscheduled(std::span<const QueuedRun> queued) {
    auto const is_new = [&](const QueuedRun &run) {
        return !index_.contains(run.view_id);
    };
    if (std::ranges::none_of(queued, is_new))
        return;
    std::unordered_map<std::int64_t, std::vector<std::int64_t>> upstream = upstream_of_each();
    for (const QueuedRun &run : queued) {
        if (!is_new(run))
            continue;
        ScheduledView view{.view_id = run.view_id, .owner = run.owner};
        view.upstream = std::move(upstream[run.view_id]);
        if (const auto began = last_began_.find(view.view_id); began != last_began_.end())
            view.last_run_began = began->second;
        index_[view.view_id] = views_.size();
        views_.push_back(std::move(view));
    }
}

// Reads one row into plans_. Returns what is wrong with it, or nothing.
std::string ArmedSchedules::read(catalog::schedules::Entry &entry, bool all_are_paused, ScheduledView &view) {
    plans_.push_back({std::move(entry.schedule), {}, nullptr});
    Plan &plan = plans_.back();
    view.hold = hold_of(plan.row, all_are_paused);
    std::variant<model::Schedule, model::ParseError> parsed = model::parse(plan.row.text);
    if (const auto *error = std::get_if<model::ParseError>(&parsed))
        return format("schedule \"{}\" cannot be read: {}", plan.row.text, error->message);
    plan.schedule = std::get<model::Schedule>(std::move(parsed));
    plan.zone = zone(plan.row.time_zone);
    if (!plan.zone)
        return format("time zone \"{}\" is not known to this server", plan.row.time_zone);
    if (!OidIsValid(entry.owner))
        return format("materialized view {} does not exist", entry.view.quoted());
    if (model::has_due_times(plan.schedule)) {
        const Timestamp now = clock_.wall();
        const Timestamp from_now = due_after(now, plan.row, plan.schedule, *plan.zone);
        view.next_due = rearmed(now, plan.row.next_due.value_or(from_now), from_now);
    }
    return {};
}

void ArmedSchedules::disable(const catalog::schedules::Entry &entry, const std::string &trouble, ScheduledView &view) {
    view.is_valid = false;
    const catalog::schedules::Schedule &row = plans_.back().row;
    if (row.suspended)
        return;
    const std::optional<pg::Error> error = pg::try_in_subtransaction([&] {
        pg::set_local("lock_timeout", "100ms");
        catalog::schedules::suspend(row.view_id, Suspended::invalid, trouble);
    });
    pg::log(format("mvmanager {} the schedule of {}: {}", error ? "passes over" : "suspended", entry.view.quoted(),
                   trouble));
}

std::shared_ptr<const pg::ServerZone> ArmedSchedules::zone(const std::string &name) {
    auto [position, is_new] = zones_.try_emplace(name);
    if (is_new)
        position->second = pg::ServerZone::find(name);
    return position->second;
}

std::int64_t ArmedSchedules::owner_of(std::int64_t view_id) const {
    const auto found = index_.find(view_id);
    return found == index_.end() ? 0 : views_[found->second].owner;
}

std::optional<Timestamp> ArmedSchedules::advance(std::int64_t view_id) {
    const Plan &plan = plans_[index_.at(view_id)];
    const Timestamp next = due_after(clock_.wall(), plan.row, plan.schedule, *plan.zone);
    if (!catalog::schedules::advance(plan.row, next == model::infinity ? std::nullopt : std::optional(next)))
        return std::nullopt;
    return next;
}

void ArmedSchedules::moved_on(std::int64_t view_id, Timestamp next_due) {
    views_[index_.at(view_id)].next_due = next_due;
}

void ArmedSchedules::note_began(std::int64_t view_id, Timestamp began) {
    last_began_[view_id] = began;
    if (const auto found = index_.find(view_id); found != index_.end())
        views_[found->second].last_run_began = began;
}

} // namespace mvmanager::scheduler
