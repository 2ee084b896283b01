// Managed views that a command dropped without mvmanager: refused, or ended in the catalog in the same transaction. The event
// sql_drop comes once the command has done its work and sees all that a CASCADE reached, whatever the command was.

#include <algorithm>
#include <string>
#include <vector>

#include "catalog/data_schema.hpp"
#include "catalog/extension.hpp"
#include "catalog/local.hpp"
#include "catalog/names.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/ddl_event.hpp"
#include "pg/error.hpp"
#include "pg/own_ddl.hpp"
#include "pg/values.hpp"
#include "settings.hpp"
#include "versioning/register.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::hooks {
namespace {

using catalog::names::VersionRelation;
using settings::Guard;

struct Doomed {
    struct ManagedView {
        catalog::views::View view;
        bool named = false;
    };
    std::vector<ManagedView> views;
    std::vector<VersionRelation> relations; // with rows of versions of other views than these
    bool empty() const { return views.empty() && relations.empty(); }
};

// Of what its owner has, DROP OWNED names nothing.
bool names_views(const std::string &command) { return command == "DROP MATERIALIZED VIEW"; }

Doomed doomed_among(const std::vector<pg::DroppedView> &dropped, const std::string &command) {
    Doomed doomed;
    std::vector<VersionRelation> relations;
    for (auto const &one : dropped) {
        if (auto view = catalog::views::find(one.name))
            doomed.views.push_back({std::move(*view), one.named && names_views(command)});
        else if (auto relation = catalog::names::find_version_relation(one.name))
            relations.push_back(std::move(*relation));
    }
    for (auto &relation : relations)
        if (std::ranges::none_of(doomed.views, [&](auto const &one) { return one.view.id == relation.view_id; }))
            doomed.relations.push_back(std::move(relation));
    return doomed;
}

std::string literal_of(const pg::QualifiedName &name) { return pg::quote_literal(name.quoted()); }

constexpr std::size_t shown = 50;

std::string lines_of(const std::vector<std::string> &lines) {
    std::string text;
    for (std::size_t i = 0; i < lines.size() && i < shown; ++i)
        text += (i ? "\n" : "") + lines[i];
    if (lines.size() > shown)
        text += format("\nAnd {} more.", lines.size() - shown);
    return text;
}

// Why the views are not anybody's to drop in passing.
std::string reasons(const Doomed &doomed, const std::string &command) {
    std::vector<std::string> lines;
    for (auto const &[view, named] : doomed.views) {
        auto const version = view.live_version ? format(", version {} is live", *view.live_version) : std::string();
        lines.push_back(format("{} {} {}: managed since {}{}.", command, named ? "names" : "reaches",
                               view.name.quoted(), catalog::names::managed_since(view.id), version));
    }
    for (auto const &relation : doomed.relations)
        lines.push_back(format("{} reaches {}: the rows of version {} of {}, which is {}.", command,
                               relation.name.quoted(), relation.number, relation.view.quoted(), relation.state));
    return lines_of(lines);
}

std::string advice_for(const Doomed &doomed) {
    constexpr const char *way_out = "To do it all the same: SET mvmanager.guard = off.";
    if (doomed.views.empty()) {
        auto const &relation = doomed.relations.front();
        if (relation.state == "archived")
            return format("Call mv_prune({}, keep => 0) to let go of the rows of earlier versions. {}",
                          literal_of(relation.view), way_out);
        return format("Call mv_cancel({}, {}) to give the version up. {}", literal_of(relation.view), relation.number,
                      way_out);
    }
    auto const literal = literal_of(doomed.views.front().view.name);
    if (!doomed.views.front().named)
        return format(
            "Call mv_drop({}) first if it is to go, or mv_replace({}, ...) with a definition that does not need "
            "what is dropped. {}",
            literal, literal, way_out);
    return format("Call mv_drop({}) to drop it, mv_replace({}, ...) to change its definition, or mv_rollback({}) to "
                  "return to an earlier one. {}",
                  literal, literal, literal, way_out);
}

[[noreturn]] void refuse(const Doomed &doomed, const std::string &command) {
    auto fail = [&](const std::string &what) {
        throw pg::Error(pg::sqlstate::dependent_objects_exist, "cannot drop {}", what)
            .detail("{}", reasons(doomed, command))
            .hint("{}", advice_for(doomed));
    };
    if (doomed.views.empty())
        fail(format("\"{}\", which belongs to managed materialized view \"{}\"", doomed.relations.front().name.quoted(),
                    doomed.relations.front().view.quoted()));
    fail(format("managed materialized view \"{}\"", doomed.views.front().view.name.quoted()));
    pg_unreachable();
}

void warn(const Doomed &doomed, const std::string &command, bool not_armed) {
    auto const hint = not_armed
                          ? std::string("In a database that is not armed this is let go. Call mv_resume() to arm it: "
                                        "such a command is then refused.")
                          : std::string("With mvmanager.guard = refuse such a command is refused.");
    auto const message =
        doomed.views.empty()
            ? format("rows of earlier or coming versions of managed materialized view \"{}\" are dropped",
                     doomed.relations.front().view.quoted())
        : doomed.views.size() == 1
            ? format("managed materialized view \"{}\" is dropped, its history kept",
                     doomed.views.front().view.name.quoted())
            : format("{} managed materialized views are dropped, their history kept", doomed.views.size());
    pg::warning(message, hint, reasons(doomed, command));
}

void guard(const Doomed &doomed, const std::string &command) {
    auto const mode = static_cast<Guard>(settings::guard);
    bool const not_armed = mode == Guard::refuse && !catalog::local::is_armed();
    if (mode == Guard::refuse && !not_armed)
        refuse(doomed, command);
    if (mode != Guard::off)
        warn(doomed, command, not_armed);
    for (auto const &one : doomed.views)
        versioning::end_orphan(one.view);
}

} // namespace
} // namespace mvmanager::hooks

using namespace mvmanager;

MV_FUNCTION(mvm_guard_drop) {
    // Nearly every drop ends here or below: nothing was asked of any table.
    if (!pg::may_drop_views(fcinfo) || pg::OwnDdl::is_running())
        return static_cast<Datum>(0);
    auto const dropped = pg::dropped_materialized_views();
    if (dropped.empty())
        return static_cast<Datum>(0);
    auto const extension = catalog::find_extension();
    if (!extension || pg::is_maintenance(extension->oid))
        return static_cast<Datum>(0);
    auto const command = pg::command_tag(fcinfo);
    if (auto const doomed = hooks::doomed_among(dropped, command); !doomed.empty())
        hooks::guard(doomed, command);
    return static_cast<Datum>(0);
}
