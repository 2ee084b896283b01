// mv_schedule, mv_unschedule, mv_pause, mv_resume, mv_next_runs, mv_refresh_async.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/execution.hpp"
#include "api/managed_view.hpp"
#include "catalog/changes.hpp"
#include "catalog/extension.hpp"
#include "catalog/local.hpp"
#include "catalog/runs.hpp"
#include "catalog/schedules.hpp"
#include "format.hpp"
#include "model/plan.hpp"
#include "model/schedule.hpp"
#include "pg/clock.hpp"
#include "pg/database.hpp"
#include "pg/error.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/zone.hpp"
#include "refresh/refresh.hpp"
#include "scheduler/kick.hpp"
#include "scheduler/launcher.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace mvmanager::api {
namespace {

using Columns = std::vector<pg::Value>;

constexpr const char *survive_hint =
    "Add mvmanager to shared_preload_libraries, so that schedules go on after a restart of the server.";

// --- what was written -------------------------------------------------------------------------------------------------

model::Schedule read_schedule(const std::string &text) {
    auto parsed = model::parse(text);
    if (const auto *fault = std::get_if<model::ParseError>(&parsed)) {
        pg::Error error = pg::Error(pg::sqlstate::invalid_argument, "invalid schedule \"{}\": {}", text, fault->message)
                              .internal(text, fault->position);
        error.fields().hint = fault->hint;
        throw error;
    }
    model::Schedule schedule = std::get<model::Schedule>(std::move(parsed));
    if (!model::has_due_times(schedule))
        throw pg::Error(pg::sqlstate::feature_not_supported,
                        "schedules of kind \"{}\" are not available in this release", model::kind_name(schedule))
            .hint("Use a cron text such as '*/5 * * * *' or an interval such as '5 minutes'.");
    return schedule;
}

std::unique_ptr<pg::ServerZone> read_zone(const std::string &name) {
    if (auto zone = pg::ServerZone::find(name))
        return zone;
    throw pg::Error(pg::sqlstate::invalid_argument, "time zone \"{}\" not recognized", name)
        .hint("SELECT name FROM pg_timezone_names lists them.");
}

std::string show(std::int64_t timestamp) {
    return pg::from_datum<std::string>(pg::Value::timestamptz(timestamp).datum, TIMESTAMPTZOID);
}

// --- whether anything runs --------------------------------------------------------------------------------------------

struct Standing {
    bool is_armed = false;
    bool is_paused = false;
    std::string sentence; // for the result's message
};

// A database in which nothing was ever scheduled is armed by the first call. One with schedules that nobody armed here is
// a copy: it stays inert.
bool arm_if_fresh() {
    if (catalog::local::get() || catalog::schedules::any() || !catalog::runs::queued().empty())
        return false;
    return catalog::local::arm();
}

// Makes sure that somebody executes what is about to be written, before it is written.
Standing ensure_execution() {
    arm_if_fresh();
    const auto local = catalog::local::get();
    if (!local || local->database != MyDatabaseId) {
        pg::notice("schedules and queued runs of this database are not armed: it is a restored or copied one",
                   "Call mv_resume() to let them run here.");
        return {.sentence = "not armed here: call mv_resume()"};
    }
    Standing standing{.is_armed = true, .is_paused = local->paused};
    const scheduler::LauncherState state = scheduler::require_launcher();
    scheduler::wake_at_commit();
    if (!scheduler::is_preloaded()) {
        standing.sentence =
            "the launcher runs until the next restart of the server: add mvmanager to shared_preload_libraries";
        if (state == scheduler::LauncherState::started)
            pg::notice("the launcher of mvmanager was started and runs until the next restart of the server",
                       survive_hint);
    }
    if (local->paused)
        standing.sentence = "all schedules of this database are paused: call mv_resume()";
    return standing;
}

// --- mv_schedule ------------------------------------------------------------------------------------------------------

struct Wish {
    std::string text;
    std::optional<std::string> time_zone;
};

Wish wish_of(const pg::Arguments &arguments) {
    const auto refuse = [&](int position, const char *name) {
        if (!arguments.is_null(position))
            throw pg::Error(pg::sqlstate::feature_not_supported,
                            "argument \"{}\" of mv_schedule is not available in this release", name)
                .hint("Leave it out.");
    };
    refuse(3, "jitter");
    refuse(4, "time_window");
    refuse(5, "settings");
    return {arguments.require<std::string>(1, "schedule"), arguments.get<std::string>(2)};
}

std::string join(const std::string &a, const std::string &b) { return a.empty() ? b : b.empty() ? a : a + "; " + b; }

Columns schedule_view(const std::string &name, const Wish &wish) {
    const model::Schedule schedule = read_schedule(wish.text);
    const ManagedView managed = require_managed_view(name, pg::Right::own);
    const std::int64_t view_id = managed.view.id;
    const auto existing = catalog::schedules::get(view_id);

    std::string zone_name = wish.time_zone ? *wish.time_zone
                            : existing     ? existing->time_zone
                                           : catalog::schedules::configured_time_zone();
    const auto zone = read_zone(zone_name);
    zone_name = zone->name();

    const Standing standing = ensure_execution();
    const auto row = [&](std::optional<std::int64_t> next, const char *action, const std::string &message) {
        return Columns{pg::Value::text(managed.view.name.quoted()),
                       pg::Value::text(wish.text),
                       pg::Value::text(zone_name),
                       pg::Value::timestamptz(next),
                       pg::Value::text(action),
                       pg::Value::boolean(standing.is_armed),
                       pg::Value::text_or_null(message)};
    };
    if (existing && existing->text == wish.text && existing->time_zone == zone_name) {
        std::string message = standing.sentence;
        if (existing->suspended)
            message = join(format("suspended: {}; call mv_resume({})", existing->suspended_reason.value_or("unknown"),
                                  pg::quote_literal(managed.view.name.quoted())),
                           message);
        else if (existing->paused)
            message =
                join(format("paused: call mv_resume({})", pg::quote_literal(managed.view.name.quoted())), message);
        return row(existing->next_due, "unchanged", message);
    }

    const std::int64_t now = pg::wall_clock_now();
    // Whole seconds, so that due times read well.
    const std::int64_t anchor = model::floor_div(now, model::microseconds_per_second) * model::microseconds_per_second;
    const auto next = model::next_run(schedule, now, anchor, *zone);
    if (!next)
        throw pg::Error(pg::sqlstate::invalid_argument, "schedule \"{}\" is never due", wish.text);
    catalog::schedules::put(view_id, wish.text, zone_name, anchor, next);
    catalog::changes::add(view_id, "scheduled", std::nullopt, managed.view.live_version, managed.view.live_version);
    std::string message = standing.sentence;
    if (existing && existing->paused)
        message = join(format("paused: call mv_resume({})", pg::quote_literal(managed.view.name.quoted())), message);
    return row(next, "scheduled", message);
}

// --- pause and resume -------------------------------------------------------------------------------------------------

void require_database_right() {
    const Oid database_owner = pg::database_owner(MyDatabaseId);
    if (!pg::is_member_of(database_owner) && !pg::is_member_of(catalog::require_extension().owner))
        throw pg::Error(pg::sqlstate::insufficient_privilege,
                        "permission denied to pause or resume all schedules of the database")
            .hint("Only its owner and the owner of extension \"mvmanager\" may. Name a view to pause or resume that "
                  "one.");
}

Columns change_row(const std::optional<ManagedView> &managed, const char *action, const std::string &message) {
    std::optional<std::string> name;
    std::optional<int> version;
    if (managed) {
        name = managed->view.name.quoted();
        version = managed->view.live_version;
    }
    return {pg::Value::text(name),
            pg::Value::int4(version),
            pg::Value::text(action),
            managed && version ? pg::Value::text("live") : pg::Value::null(TEXTOID),
            pg::Value::regclass(managed ? managed->relation.oid : InvalidOid),
            pg::Value::text_or_null(message)};
}

void journal(const ManagedView &managed, const char *action) {
    catalog::changes::add(managed.view.id, action, std::nullopt, managed.view.live_version, managed.view.live_version);
}

catalog::schedules::Schedule require_schedule(const ManagedView &managed) {
    if (auto row = catalog::schedules::get(managed.view.id))
        return *row;
    throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no schedule",
                    managed.view.name.quoted())
        .hint("Call mv_schedule({}, '5 minutes') to make one.", pg::quote_literal(managed.view.name.quoted()));
}

Columns pause_all() {
    require_database_right();
    if (!catalog::local::is_armed())
        return change_row(std::nullopt, "unchanged", "nothing is armed in this database");
    scheduler::wake_at_commit();
    if (!catalog::local::pause())
        return change_row(std::nullopt, "unchanged", "all schedules of this database are paused already");
    return change_row(std::nullopt, "paused", "no schedule of this database starts a run until mv_resume()");
}

Columns pause_view(const std::string &name) {
    const ManagedView managed = require_managed_view(name, pg::Right::own);
    require_schedule(managed);
    scheduler::wake_at_commit();
    if (!catalog::schedules::pause(managed.view.id))
        return change_row(managed, "unchanged", "the schedule is paused already");
    journal(managed, "paused");
    return change_row(managed, "paused", "");
}

Columns resume_all() {
    require_database_right();
    const bool was_armed = catalog::local::is_armed();
    scheduler::require_launcher();
    scheduler::wake_at_commit();
    const std::string survive =
        scheduler::is_preloaded()
            ? ""
            : "the launcher runs until the next restart of the server: add mvmanager to shared_preload_libraries";
    if (!catalog::local::arm())
        return change_row(std::nullopt, "unchanged",
                          join("schedules of this database are armed and not paused", survive));
    return was_armed
               ? change_row(std::nullopt, "resumed", survive)
               : change_row(std::nullopt, "armed", join("schedules of this database run here from now on", survive));
}

Columns resume_view(const std::string &name) {
    const ManagedView managed = require_managed_view(name, pg::Right::own);
    const catalog::schedules::Schedule row = require_schedule(managed);
    const model::Schedule schedule = read_schedule(row.text);
    const auto zone = read_zone(row.time_zone);
    const Standing standing = ensure_execution();
    // What was missed is made up by one run: a due time that has passed is kept.
    const auto next = row.next_due ? row.next_due : model::next_run(schedule, pg::wall_clock_now(), row.anchor, *zone);
    if (!catalog::schedules::resume(managed.view.id, next))
        return change_row(managed, "unchanged",
                          join("the schedule is neither paused nor suspended", standing.sentence));
    journal(managed, "resumed");
    return change_row(managed, "resumed", join(next ? format("next due at {}", show(*next)) : "", standing.sentence));
}

} // namespace

bool is_executing() {
    const auto local = catalog::local::get();
    return local && local->database == MyDatabaseId && !local->paused && scheduler::launcher_pid();
}

void require_execution() { ensure_execution(); }

MV_FUNCTION(mvm_schedule) {
    pg::require_writable("mv_schedule()");
    const pg::Arguments arguments(fcinfo);
    const std::string name = arguments.require<std::string>(0, "name");
    return pg::make_row(fcinfo, schedule_view(name, wish_of(arguments)));
}

MV_FUNCTION(mvm_schedule_all) {
    pg::require_writable("mv_schedule()");
    const pg::Arguments arguments(fcinfo);
    const auto names = arguments.require<std::vector<std::string>>(0, "names");
    const Wish wish = wish_of(arguments);
    pg::RowSink out(fcinfo);
    for (const std::string &name : names) {
        pg::check_for_interrupts();
        out.add(schedule_view(name, wish));
    }
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_unschedule) {
    pg::require_writable("mv_unschedule()");
    const ManagedView managed =
        require_managed_view(pg::Arguments(fcinfo).require<std::string>(0, "name"), pg::Right::own);
    scheduler::wake_at_commit();
    if (!catalog::schedules::remove(managed.view.id))
        return pg::make_row(fcinfo, change_row(managed, "unchanged", "the view has no schedule"));
    journal(managed, "unscheduled");
    return pg::make_row(fcinfo, change_row(managed, "unscheduled", ""));
}

MV_FUNCTION(mvm_pause) {
    pg::require_writable("mv_pause()");
    const auto name = pg::Arguments(fcinfo).get<std::string>(0);
    pg::RowSink(fcinfo).add(name ? pause_view(*name) : pause_all());
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_resume) {
    pg::require_writable("mv_resume()");
    const auto name = pg::Arguments(fcinfo).get<std::string>(0);
    pg::RowSink(fcinfo).add(name ? resume_view(*name) : resume_all());
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_next_runs) {
    constexpr int most = 10000;
    const pg::Arguments arguments(fcinfo);
    const model::Schedule schedule = read_schedule(arguments.require<std::string>(0, "schedule"));
    const auto asked_zone = arguments.get<std::string>(1);
    const auto zone = read_zone(asked_zone ? *asked_zone : catalog::schedules::configured_time_zone());
    const int count = arguments.get_or<std::int32_t>(2, 5);
    if (count < 0 || count > most)
        throw pg::Error(pg::sqlstate::invalid_argument, "argument \"count\" must be between 0 and {}", most);
    const std::int64_t since = arguments.get_or<std::int64_t>(3, pg::wall_clock_now());
    if (since < model::first_timestamp || since > model::last_timestamp)
        throw pg::Error(pg::sqlstate::invalid_argument, "argument \"since\" is out of range");
    pg::RowSink out(fcinfo);
    std::optional<std::int64_t> next = since;
    for (int i = 0; i < count; ++i) {
        pg::check_for_interrupts();
        next = model::next_run(schedule, *next, since, *zone);
        if (!next)
            break;
        out.add({pg::Value::timestamptz(*next)});
    }
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_refresh_async) {
    pg::require_writable("mv_refresh_async()");
    const pg::Arguments arguments(fcinfo);
    const std::string name = arguments.require<std::string>(0, "name");
    const std::string strategy = arguments.get_or<std::string>(1, "auto");
    const auto predicate = arguments.get<std::string>(2);
    const ManagedView managed = require_managed_view(name, pg::Right::maintain);
    refresh::require_valid(managed.relation, strategy, predicate);
    ensure_execution();
    return Int64GetDatum(catalog::runs::add_queued({.view_id = managed.view.id,
                                                    .version = managed.view.live_version,
                                                    .reason = catalog::runs::Reason::async,
                                                    .strategy = strategy,
                                                    .predicate = predicate,
                                                    .requested_by = pg::session_user_name()}));
}

} // namespace mvmanager::api
