#include "versioning/blockers.hpp"

#include <algorithm>

#include "pg/security.hpp"
#include "pg/stored_command.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_statistic_ext.h"
}

namespace mvmanager::versioning {
namespace {

std::vector<std::string> changed_names(const std::set<int> &columns, const Reshape &reshape) {
    std::vector<std::string> out;
    for (int const column : columns)
        if (reshape.is_changed(column))
            out.push_back(reshape.names[static_cast<std::size_t>(column) - 1]);
    return out;
}

// A text names columns: one that is gone is in no text any more, and one that has moved is no longer where a list of names
// expects it.
bool can_recreate(const ColumnDependent &dependent, const Reshape &reshape) {
    if (dependent.stores_rows)
        return false;
    if (dependent.on_row_type)
        return true;
    if (!OidIsValid(dependent.view) && !dependent.has_text)
        return false;
    return std::ranges::none_of(dependent.uses.used, [&](int column) { return reshape.gone.contains(column); });
}

} // namespace

bool can_restate(const pg::StuckObject &stuck, const Reshape &reshape) {
    auto const is_gone = [&](const std::string &name) {
        return std::ranges::any_of(
            reshape.gone, [&](int column) { return reshape.names[static_cast<std::size_t>(column) - 1] == name; });
    };
    return stuck.class_id == StatisticExtRelationId && !stuck.columns.empty() &&
           std::ranges::none_of(stuck.columns, is_gone);
}

std::vector<Blocker> blockers_of(Oid relation, const std::vector<ColumnDependent> &dependents, const Reshape &reshape,
                                 const std::vector<pg::NewColumn> &after, std::span<const Oid> replaceable) {
    std::vector<Blocker> out;
    for (const ColumnDependent &dependent : dependents)
        if (effect_on(dependent, reshape) == Effect::change)
            out.push_back({dependent.description, changed_names(dependent.uses.used, reshape),
                           can_recreate(dependent, reshape), dependent.on_row_type ? InvalidOid : dependent.owner});
    for (const pg::StuckObject &stuck : pg::cannot_follow(relation, after)) {
        if (std::ranges::find(replaceable, stuck.oid) == replaceable.end() && !can_restate(stuck, reshape))
            out.push_back({pg::description_of(stuck.class_id, stuck.oid), stuck.columns, false, InvalidOid});
    }
    return out;
}

std::string use_of(const Blocker &blocker) {
    if (blocker.columns.empty())
        return "uses its rows as a whole";
    std::vector<std::string> names;
    for (const std::string &column : blocker.columns)
        names.push_back('"' + column + '"');
    return format("uses column{} {}", names.size() == 1 ? "" : "s", join(names, ", "));
}

std::string blockers_text(const std::vector<std::string> &differences, const std::vector<Blocker> &blockers) {
    std::vector<std::string> texts = differences;
    for (const Blocker &blocker : blockers)
        texts.push_back(blocker.object + ' ' + use_of(blocker));
    return join(texts, "\n");
}

bool all_can_be_recreated(const std::vector<Blocker> &blockers) {
    return std::ranges::all_of(blockers, &Blocker::can_recreate);
}

void refuse_blockers(const pg::Relation &view, const std::vector<Blocker> &blockers,
                     const std::vector<std::string> &differences, std::string_view hint) {
    std::vector<std::string> stuck;
    for (const Blocker &blocker : blockers)
        if (!blocker.can_recreate)
            stuck.push_back(blocker.object);
    std::string text(hint);
    if (!stuck.empty())
        text = format("Change or drop {} first.", join(stuck, ", "));
    if (!stuck.empty() && stuck.size() < blockers.size())
        text += " The others can follow: dependents => 'recreate'.";
    throw pg::Error(pg::sqlstate::dependent_objects_exist,
                    "cannot change columns of {} because other objects depend on them", kind_and_name(view))
        .detail("{}", blockers_text(differences, blockers))
        .hint("{}", text);
}

void require_ownership(const pg::Relation &view, const std::vector<Blocker> &blockers) {
    for (const Blocker &blocker : blockers)
        if (OidIsValid(blocker.owner) && !pg::is_member_of(blocker.owner))
            throw pg::Error(pg::sqlstate::insufficient_privilege, "must be owner of {}", blocker.object)
                .detail("It uses columns of {} that change, and must be stored anew.", kind_and_name(view));
}

std::string kind_and_name(const pg::Relation &view) {
    return format("{} {}", view.is_materialized_view() ? "materialized view" : "view", view.name.quoted());
}

} // namespace mvmanager::versioning
