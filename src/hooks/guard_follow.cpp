// What others do to managed views and what mvmanager does not mind: the catalog follows in the same transaction. The event
// ddl_command_end comes once the command has done its work, with its locks held.
//
// No lock of ours is waited for here: a refresh that holds the view's lock may be waiting for the relation.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/extension.hpp"
#include "catalog/local.hpp"
#include "catalog/names.hpp"
#include "catalog/runs.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/clock.hpp"
#include "pg/ddl_event.hpp"
#include "pg/error.hpp"
#include "pg/own_ddl.hpp"
#include "pg/ownership.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "settings.hpp"
#include "versioning/external.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::hooks {
namespace {

using catalog::names::VersionRelation;

// A view of that name that has not ended has lost its relation: nothing else could have taken the name.
void clear_name(const pg::QualifiedName &name) {
    if (auto const orphan = catalog::views::find(name))
        versioning::end_orphan(*orphan);
}

void follow_view(const pg::QualifiedName &before, const pg::QualifiedName &after) {
    if (auto const view = catalog::views::find(before)) {
        clear_name(after);
        catalog::names::rename_view(view->id, after);
    } else if (catalog::names::find_version_relation(before)) {
        catalog::names::rename_version_relation(before, after);
    }
}

std::optional<catalog::views::View> view_of(const std::optional<pg::Relation> &relation) {
    return relation && relation->is_materialized_view() ? catalog::views::find(relation->name)
                                                        : std::optional<catalog::views::View>();
}

// The registered text has the old name and tells no more what the index is.
void follow_index(const pg::Renamed &done) {
    if (done.before.name == done.after.name)
        return;
    auto const relation = pg::describe_relation(pg::relation_of_index(done.relation));
    auto const view = view_of(relation);
    if (!view)
        return;
    auto indexes = versioning::registered_indexes(*view);
    if (indexes.erase(done.before.name) == 0)
        return;
    indexes[done.after.name] = std::nullopt;
    versioning::register_external(*view, *relation, indexes);
}

void follow(std::monostate) {}

void follow(const pg::Renamed &done) {
    if (done.kind == 'i')
        follow_index(done);
    else if (!(done.before == done.after))
        follow_view(done.before, done.after);
}

void follow(const pg::ColumnRenamed &done) {
    auto const relation = pg::describe_relation(done.relation);
    if (auto const view = view_of(relation))
        versioning::register_external(*view, *relation, versioning::registered_indexes(*view));
}

void follow(const pg::Moved &done) {
    for (auto const &view : catalog::views::all(std::vector<std::string>{done.before})) {
        pg::QualifiedName const after{done.after, view.name.name};
        // Of an extension that moves, some of what is in its schema.
        auto const relation = pg::find_relation(after);
        if (!relation || !relation->is_materialized_view() || pg::find_relation(view.name))
            continue;
        clear_name(after);
        catalog::names::rename_view(view.id, after);
    }
    if (done.whole)
        catalog::names::rename_schema_of_version_relations(done.before, done.after);
}

std::string way_out_of(const VersionRelation &version) {
    auto const literal = pg::quote_literal(version.view.quoted());
    return version.state == "archived"
               ? format("Call mv_prune({}, keep => 0) to let go of the rows of earlier versions.", literal)
               : format("Call mv_cancel({}, {}) to give the version up.", literal, version.number);
}

// Readers wait for the view that our caller has locked, so this does not wait for whoever fills that relation. A transaction
// that has just committed gives its locks back one after the other.
bool lock_briefly(Oid relation) {
    if (pg::lock_relation(relation, pg::LockMode::access_exclusive, pg::Wait::no))
        return true;
    auto const error = pg::try_in_subtransaction([&] {
        pg::set_local("lock_timeout", format("{}ms", settings::swap_lock_timeout).c_str());
        pg::lock_relation(relation, pg::LockMode::access_exclusive, pg::Wait::yes);
    });
    if (error && error->sqlstate() != pg::sqlstate::lock_not_available)
        throw pg::Error(*error);
    return !error;
}

// The rows of other versions belong to whom the view belongs to. What is not the old owner's is another relation that has the name
// now, and nobody's to give away.
void follow_owner(const VersionRelation &version, Oid before, Oid owner) {
    auto const relation = pg::find_relation(version.name);
    if (!relation || !relation->is_materialized_view() || relation->owner != before || before == owner)
        return;
    if (!lock_briefly(relation->oid)) {
        pg::warning(format("owner of \"{}\" is not changed: it is in use", version.name.quoted()), way_out_of(version),
                    format("It has the rows of version {} of {}, which is {}.", version.number, version.view.quoted(),
                           version.state));
        return;
    }
    if (auto const locked = pg::describe_relation(relation->oid); locked && locked->owner == before)
        pg::give_to(relation->oid, owner);
}

// REASSIGN OWNED fires no event and needs none: those relations are the old owner's too.
void follow(const pg::OwnerChanged &done) {
    auto const relation = pg::describe_relation(done.relation);
    auto const view = view_of(relation);
    if (!view)
        return;
    for (auto const &version : catalog::names::version_relations(view->id))
        follow_owner(version, done.before, relation->owner);
}

void refuse_archive(const VersionRelation &version) {
    if (static_cast<settings::Guard>(settings::guard) != settings::Guard::refuse || !catalog::local::is_armed())
        return;
    throw pg::Error(pg::sqlstate::wrong_state, "cannot refresh \"{}\": it keeps the rows of an earlier version",
                    version.name.quoted())
        .detail("They are version {} of {}; a refresh would leave nothing of them.", version.number,
                version.view.quoted())
        .hint("Leave out schema \"{}\", or call mv_prune({}, keep => 0) to let go of such rows.", version.name.schema,
              pg::quote_literal(version.view.quoted()));
}

void follow(const pg::Refreshed &done) {
    auto const relation = pg::describe_relation(done.relation);
    if (!relation || pg::OwnRefresh::is_running(done.relation))
        return;
    auto const view = view_of(relation);
    if (!view) {
        auto const version = catalog::names::find_version_relation(relation->name);
        if (version && version->state == "archived")
            refuse_archive(*version);
        return;
    }
    // Emptied: nothing was brought up to date.
    if (!done.with_data)
        return;
    // A dump is being restored: what the catalog says of the view is history of another database.
    if (!done.was_populated && !catalog::local::is_armed())
        return;
    catalog::runs::add_external(view->id, view->live_version, done.concurrently ? "concurrently" : "native",
                                pg::session_user_name(), pg::statement_started_at(), pg::wall_clock_now());
    catalog::views::count(view->id, catalog::views::Outcome::succeeded, pg::statement_started_at());
}

} // namespace
} // namespace mvmanager::hooks

using namespace mvmanager;

MV_FUNCTION(mvm_follow_ddl) {
    auto const done = pg::what_was_done(fcinfo);
    if (pg::OwnDdl::is_running() || std::holds_alternative<std::monostate>(done))
        return static_cast<Datum>(0);
    auto const extension = catalog::find_extension();
    if (extension && !pg::is_maintenance(extension->oid))
        std::visit([](auto const &one) { hooks::follow(one); }, done);
    return static_cast<Datum>(0);
}
