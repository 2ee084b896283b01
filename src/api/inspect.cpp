// mv_definition, mv_history, mv_dependents and mv_verify: what is known about a view.

#include <algorithm>
#include <map>

#include "api/managed_view.hpp"
#include "catalog/changes.hpp"
#include "catalog/extension.hpp"
#include "catalog/version_states.hpp"
#include "catalog/versions.hpp"
#include "pg/dependency.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/storage.hpp"
#include "pg/unique_index.hpp"
#include "pg/values.hpp"
#include "versioning/column_dependents.hpp"
#include "versioning/verify.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

using catalog::changes::Change;
using catalog::versions::Version;

struct Journal {
    std::map<int, std::string> labels;       // newest label that led to the version
    std::map<int, std::int64_t> promoted_at; // when it last became live
};

// Schedules and pauses are journaled too, with the version that is live then.
bool makes_live(std::string_view action) {
    constexpr std::string_view actions[] = {"created", "adopted", "altered", "replaced", "promoted", "rolled_back"};
    return std::ranges::find(actions, action) != std::end(actions);
}

Journal read_journal(std::int64_t view_id) {
    Journal journal;
    for (const Change &change : catalog::changes::all(view_id)) {
        if (!change.to_version)
            continue;
        if (change.label && change.action != "rolled_back")
            journal.labels[*change.to_version] = *change.label;
        if (makes_live(change.action))
            journal.promoted_at[*change.to_version] = change.changed_at;
    }
    return journal;
}

template <typename Key, typename T> std::optional<T> look_up(const std::map<Key, T> &map, const Key &key) {
    auto const it = map.find(key);
    return it == map.end() ? std::nullopt : std::optional<T>(it->second);
}

// Where the rows of the version are, if anywhere.
std::optional<pg::Relation> relation_of(const ManagedView &managed, const Version &version) {
    if (version.number == managed.view.live_version)
        return managed.relation;
    auto const state = catalog::version_states::get(managed.view.id, version.number);
    return state && state->relation ? pg::find_relation(*state->relation) : std::nullopt;
}

// What a dependent stands in the way of. `direct` are those of depth 1: pg_depend alone does not tell who uses rows as a whole.
std::string blocked_by(const pg::Dependent &dependent, const std::vector<versioning::ColumnDependent> &direct) {
    if (dependent.depth > 1)
        return "drop";
    auto const uses =
        std::ranges::find(direct, dependent.kind + ' ' + dependent.object, &versioning::ColumnDependent::description);
    if (dependent.on_row_type || (uses != direct.end() && uses->uses.whole_row))
        return "drop, any change of columns";
    if (dependent.columns.empty())
        return "drop";
    return "drop, change of these columns";
}

// Views of which the caller may be told everything; those whose relation is gone are told to who could create them anew.
bool may_verify(const catalog::views::View &view) {
    auto const relation = pg::find_relation(view.name);
    if (relation && relation->is_materialized_view())
        return pg::has_right(relation->oid, pg::Right::own);
    return pg::is_member_of(catalog::require_extension().owner) || pg::may_create_in(view.name.schema);
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_definition) {
    pg::Arguments const arguments(fcinfo);
    auto const managed = api::require_managed_view(arguments.require<std::string>(0, "name"), pg::Right::own);
    auto const version = api::require_version(managed, arguments.get<std::int32_t>(1));
    return pg::Value::text(arguments.get_or<bool>(2, false) ? version.canonical : version.definition).datum;
}

MV_FUNCTION(mvm_history) {
    pg::Arguments const arguments(fcinfo);
    auto const managed = api::require_managed_view(arguments.require<std::string>(0, "name"), pg::Right::own);
    pg::RowSink out(fcinfo);
    auto const journal = api::read_journal(managed.view.id);
    auto versions = catalog::versions::all(managed.view.id);
    std::ranges::reverse(versions);
    for (const auto &v : versions) {
        pg::check_for_interrupts();
        auto const held = api::relation_of(managed, v);
        bool const has_data = held && (v.state == "archived" ? pg::holds_archived_rows(held->oid) : held->populated);
        auto const bytes = has_data ? std::optional(pg::total_size(held->oid)) : std::nullopt;
        out.add({pg::Value::int4(v.number), pg::Value::text(api::look_up(journal.labels, v.number)),
                 pg::Value::text(versioning::hexadecimal(v.chain_hash)), pg::Value::text(v.state),
                 pg::Value::text(v.origin), pg::Value::text(v.author), pg::Value::timestamptz(v.created_at),
                 pg::Value::timestamptz(api::look_up(journal.promoted_at, v.number)),
                 pg::Value::int8(has_data ? v.rows : std::nullopt), pg::Value::int8(bytes),
                 pg::Value::boolean(!versioning::why_not_restorable(v.canonical)), pg::Value::boolean(has_data)});
    }
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_dependents) {
    pg::Arguments const arguments(fcinfo);
    auto const managed = api::require_managed_view(arguments.require<std::string>(0, "name"), pg::Right::none);
    pg::RowSink out(fcinfo);
    auto const direct = versioning::column_dependents(managed.relation.oid);
    for (const auto &dependent : pg::dependents(managed.relation.oid))
        out.add({pg::Value::int4(dependent.depth), pg::Value::text(dependent.kind), pg::Value::text(dependent.object),
                 pg::Value::text_array(dependent.columns), pg::Value::text(api::blocked_by(dependent, direct))});
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_verify) {
    pg::Arguments const arguments(fcinfo);
    std::vector<catalog::views::View> views;
    if (auto const name = arguments.get<std::string>(0)) {
        views.push_back(api::require_registered_view(*name));
        if (auto const relation = pg::find_relation(views.front().name); relation && relation->is_materialized_view())
            pg::require_right(*relation, pg::Right::own);
        else if (!api::may_verify(views.front()))
            throw pg::Error(pg::sqlstate::insufficient_privilege,
                            "permission denied for managed materialized view \"{}\"", views.front().name.quoted())
                .detail("It no longer exists; only who may create it in its schema can look at it.");
    } else {
        for (auto &view : catalog::views::all())
            if (api::may_verify(view))
                views.push_back(std::move(view));
    }
    pg::RowSink out(fcinfo);
    auto findings = versioning::verify_guards();
    auto const orphans = catalog::data_relations::orphans();
    if (arguments.is_null(0)) {
        auto more = versioning::verify_orphans(orphans);
        std::ranges::move(more, std::back_inserter(findings));
    }
    for (const auto &view : views) {
        auto of_view = versioning::verify(view, orphans);
        std::ranges::move(of_view, std::back_inserter(findings));
    }
    for (const auto &finding : findings)
        out.add({pg::Value::text(finding.name), pg::Value::text(finding.check), pg::Value::boolean(finding.ok),
                 pg::Value::text(finding.detail)});
    return static_cast<Datum>(0);
}
