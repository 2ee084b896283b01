#include "scheduler/orphan.hpp"

#include "catalog/schedules.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/worker.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using catalog::runs::Run;

constexpr int crashes_to_quarantine = 2;

// Once, however many due times passed.
void make_due(const Run &run) {
    if (run.scheduled_for)
        catalog::schedules::make_due(run.view_id, *run.scheduled_for);
}

void put_back(const Run &run) {
    if (!run.scheduled_for && catalog::runs::requeue(run.id))
        return;
    if (catalog::runs::finish_otherwise(run.id, "cancelled", "", "no worker took the run; it is due again"))
        make_due(run);
}

void note_crashed(const Run &run, const std::string &view) {
    if (!catalog::runs::finish_otherwise(run.id, "crashed", "", "the server crashed during the run"))
        return;
    catalog::views::count(run.view_id, catalog::views::Outcome::failed);
    const int crashes = catalog::schedules::note_crashed(run.view_id);
    pg::log(format("mvmanager: refresh of {} (run {}) ended with a crash of the server", view, run.id));
    if (crashes < crashes_to_quarantine)
        return;
    catalog::schedules::suspend(run.view_id, catalog::schedules::Suspended::crashes,
                                format("the server crashed during {} runs in a row", crashes));
    pg::log(
        format("mvmanager suspended the schedule of {}: the server crashed during {} runs in a row", view, crashes));
}

void note_lost(const Run &run, const std::string &view, const char *why) {
    if (!catalog::runs::finish_otherwise(run.id, "lost", "", why))
        return; // it ended while we looked
    pg::log(format("mvmanager: run {} of {} is lost", run.id, view));
    make_due(run);
}

void decide_fate(const Run &run, const Generation &now) {
    const std::string generation = run.generation.value_or("");
    const std::string view = catalog::views::get(run.view_id).value_or(catalog::views::View{}).name.quoted();
    if (generation == now.launcher && !run.pid)
        put_back(run);
    else if (generation == now.launcher)
        note_lost(run, view, "the worker ended without a result");
    else if (generation.starts_with(now.server + "/"))
        note_crashed(run, view);
    else
        note_lost(run, view, "the server that ran it is gone");
}

} // namespace

void finish_orphan(const Run &run, const Generation &now) {
    const std::optional<pg::Error> error = pg::try_in_subtransaction([&] {
        pg::set_local("lock_timeout", "1s");
        decide_fate(run, now);
    });
    if (error)
        pg::log(format("mvmanager could not finish run {}: {}", run.id, error->message()));
}

} // namespace mvmanager::scheduler
