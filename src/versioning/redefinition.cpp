#include "versioning/redefinition.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "pg/index_text.hpp"
#include "pg/relation_lock.hpp"
#include "pg/rule.hpp"
#include "pg/security.hpp"
#include "pg/stored_command.hpp"
#include "pg/text_by_name.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_rewrite.h"
}

namespace mvmanager::versioning {
namespace {

bool is_same_row(const std::vector<pg::NewColumn> &before, const std::vector<pg::NewColumn> &after) {
    return !Reshape(before, after).changes_rows();
}

// A server's refusal to store a dependent anew, told as what it means for the view.
void explain(pg::Error &error, const pg::Relation &view, const std::string &dependent) {
    auto &fields = error.fields();
    fields.detail = format("{}: {}{}{}", dependent, fields.message, fields.detail.empty() ? "" : "\n", fields.detail);
    fields.message = format("cannot change columns of {} because {} cannot follow", kind_and_name(view), dependent);
    fields.sqlstate = pg::sqlstate::dependent_objects_exist;
    fields.hint = format("Change or drop {} first.", dependent);
    fields.cursor_position = fields.internal_position = 0;
    fields.internal_query.clear();
}

// Cancel, shutdown and locks are not what a dependent says, and who must own it is said by name already.
bool is_refusal(const pg::Error &error) {
    if (error.sqlstate() == pg::sqlstate::insufficient_privilege && !error.fields().from_server)
        return false;
    std::string const state = pg::sqlstate_text(error.sqlstate());
    return state.starts_with("42") || state.starts_with("22") || state.starts_with("0A") || state.starts_with("2B");
}

template <typename F> void explained(const pg::Relation &view, const std::string &dependent, F &&f) {
    try {
        f();
    } catch (pg::Error &error) {
        if (is_refusal(error))
            explain(error, view, dependent);
        throw;
    }
}

} // namespace

Redefinition::Redefinition(const pg::Relation &view, const pg::AnalysedQuery &query, const std::vector<int> &from,
                           std::vector<Oid> replaceable)
    : view_(view), query_(query), after_(pg::columns_of(query, from)), replaceable_(std::move(replaceable)) {
    Reshape const reshape(pg::columns_of(view.oid), after_);
    if (!reshape.changes_rows())
        return;
    dependents_[view.oid] = column_dependents(view.oid);
    blockers_ = blockers_of(view.oid, dependents_[view.oid], reshape, after_, replaceable_);
    for (const ColumnDependent &dependent : dependents_[view.oid]) {
        if (effect_on(dependent, reshape) == Effect::none)
            continue;
        // Where numbers alone change, the columns of the dependent stay as they are.
        bool const may_retype = dependent.uses.whole_row || std::ranges::any_of(dependent.uses.used, [&](int column) {
                                    return reshape.retyped.contains(column);
                                });
        if (OidIsValid(dependent.view) && may_retype)
            close_over(dependent.view);
    }
    order_views(reshape);
}

// Everything that a change of any column of `relation` could reach.
void Redefinition::close_over(Oid relation) {
    pg::check_for_interrupts();
    if (dependents_.contains(relation))
        return;
    auto const found = dependents_.emplace(relation, column_dependents(relation)).first;
    for (const ColumnDependent &dependent : found->second)
        if (OidIsValid(dependent.view))
            close_over(dependent.view);
}

// Views that use one of the relations, each behind all it uses. Of the view itself it is known what changes.
void Redefinition::order_views(const Reshape &reshape) {
    std::set<Oid> locks;
    std::map<Oid, std::set<Oid>> users_of;
    std::map<Oid, std::size_t> waits_for; // how many of those it uses are not in their place yet
    for (const auto &[relation, users] : dependents_)
        for (const ColumnDependent &user : users) {
            if (relation == view_.oid && effect_on(user, reshape) == Effect::none)
                continue;
            if (OidIsValid(user.relation))
                locks.insert(user.relation);
            if (!OidIsValid(user.view) || user.view == view_.oid)
                continue;
            waits_for.try_emplace(user.view, 0);
            if (relation != view_.oid && users_of[relation].insert(user.view).second)
                ++waits_for[user.view];
        }
    for (const auto &[view, count] : waits_for) {
        locks.insert(view);
        if (count == 0)
            views_.push_back(view);
    }
    for (std::size_t i = 0; i < views_.size(); ++i)
        for (Oid const user : users_of[views_[i]])
            if (--waits_for[user] == 0)
                views_.push_back(user);
    if (views_.size() < waits_for.size())
        throw pg::Error(pg::sqlstate::wrong_state, "views that depend on {} depend on each other",
                        kind_and_name(view_));
    locks.erase(view_.oid);
    to_lock_.assign(locks.begin(), locks.end());
}

void Redefinition::require(Dependents dependents, const std::vector<std::string> &differences,
                           std::string_view hint) const {
    if (blockers_.empty())
        return;
    if (dependents == Dependents::keep || !all_can_be_recreated(blockers_))
        refuse_blockers(view_, blockers_, differences, hint);
    require_ownership(view_, blockers_);
}

bool Redefinition::lock_dependents(pg::Wait wait) const {
    for (Oid const relation : to_lock_)
        if (!pg::lock_relation(relation, pg::LockMode::access_exclusive, wait))
            return false;
    return true;
}

// Before the first change: from then on the stored forms do not fit the columns.
// Only the view itself moves columns; others change types at most.
void Redefinition::read_texts() {
    Reshape const reshape(pg::columns_of(view_.oid), after_);
    std::vector<Oid> renumbered;
    if (!reshape.moved.empty() || !reshape.gone.empty())
        renumbered.push_back(view_.oid);
    for (Oid const view : views_)
        texts_[view].by_name = pg::text_by_name(view, renumbered);
    for (const auto &[relation, users] : dependents_)
        for (const ColumnDependent &user : users)
            if (user.has_text)
                if (auto command = pg::stored_command(user.class_id, user.oid))
                    commands_[{user.class_id, user.oid}] = command->text;
}

// What of the view itself cannot follow: indexes that the caller puts in place, and statistics objects, which are made anew
// by the commands returned.
std::vector<Redefinition::Restated> Redefinition::drop_stuck(const Reshape &reshape, Redefined &done) const {
    std::vector<Restated> restate;
    for (const pg::StuckObject &stuck : pg::cannot_follow(view_.oid, after_)) {
        auto command = pg::index_command(stuck.class_id, stuck.oid);
        if (can_restate(stuck, reshape)) {
            restate.push_back({pg::description_of(stuck.class_id, stuck.oid), std::move(command.create)});
        } else if (auto const index = pg::describe_relation(stuck.oid);
                   index && std::ranges::find(replaceable_, stuck.oid) != replaceable_.end()) {
            command.create.erase(command.create.begin()); // the index itself
            done.dropped_indexes.push_back({index->name.name, std::move(command.create)});
        } else {
            continue;
        }
        pg::run_as(view_.owner, command.drop);
    }
    return restate;
}

Redefined Redefinition::apply() {
    Redefined done;
    pg::FaithfulText const faithful;
    lock_dependents(pg::Wait::yes);
    for (Oid const view : views_)
        texts_[view].canonical = pg::live_definition(view).canonical;
    take_joined_names(Reshape(pg::columns_of(view_.oid), after_));
    auto const before = pg::columns_of(view_.oid);
    read_texts();
    Reshape const reshape(before, after_);
    auto const restate = drop_stuck(reshape, done);
    auto const first = under_old_names(before);
    if (before != first)
        pg::set_columns(view_.oid, first);
    pg::replace_rule(view_.oid, query_);
    for (const auto &[description, commands] : restate)
        explained(view_, description, [&] { pg::run_as(view_.owner, commands); });
    reshaped_.emplace(view_.oid, reshape);
    for (Oid const view : views_)
        if (effect_of(RewriteRelationId, view) != Effect::none)
            follow(view, done);
    run_commands();
    rename(first);
    for (Recreated &dependent : done.dependents)
        dependent.after = pg::live_definition(dependent.relation.oid).canonical;
    return done;
}

// A join that says USING (id) of a column that was renamed since can be printed by name only while the column has that name
// again. Where two joins disagree, or the name is another column's, check_positions refuses what matters.
void Redefinition::take_joined_names(const Reshape &reshape) const {
    auto const users = dependents_.find(view_.oid);
    if (users == dependents_.end())
        return;
    auto columns = pg::columns_of(view_.oid);
    bool is_renamed = false;
    for (const ColumnDependent &user : users->second)
        for (const auto &[number, name] : user.uses.joined_as) {
            if (effect_on(user, reshape) == Effect::none ||
                std::ranges::find(columns, name, &pg::NewColumn::name) != columns.end())
                continue;
            columns[static_cast<std::size_t>(number) - 1].name = name;
            is_renamed = true;
        }
    if (is_renamed)
        pg::set_columns(view_.oid, columns);
}

// Texts that were read under the old names are stored under the old names; then columns are renamed as by ALTER ... RENAME
// COLUMN, and what is stored follows by number. Nobody knows the new columns, one of which may want a name that is taken.
std::vector<pg::NewColumn> Redefinition::under_old_names(const std::vector<pg::NewColumn> &before) const {
    auto columns = after_;
    if (dependents_.empty())
        return columns;
    std::set<std::string> taken;
    for (pg::NewColumn &column : columns)
        if (column.from > 0)
            taken.insert(column.name = before[static_cast<std::size_t>(column.from) - 1].name);
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].from == 0 && taken.contains(columns[i].name))
            columns[i].name = format("........new.{}........", i + 1);
    return columns;
}

void Redefinition::rename(const std::vector<pg::NewColumn> &columns) const {
    auto renamed = columns;
    bool is_renamed = false;
    for (std::size_t i = 0; i < renamed.size(); ++i) {
        is_renamed = is_renamed || renamed[i].name != after_[i].name;
        renamed[i].name = after_[i].name;
        renamed[i].from = static_cast<int>(i) + 1;
    }
    if (is_renamed)
        pg::set_columns(view_.oid, renamed);
}

// For a view its own OID stands for that of its rule.
Effect Redefinition::effect_of(Oid class_id, Oid oid) const {
    Effect out = Effect::none;
    for (const auto &[relation, reshape] : reshaped_) {
        auto const users = dependents_.find(relation);
        if (users == dependents_.end())
            continue;
        for (const ColumnDependent &user : users->second)
            if (user.class_id == class_id && (OidIsValid(user.view) ? user.view : user.oid) == oid)
                out = std::max(out, effect_on(user, reshape));
    }
    return out;
}

void Redefinition::follow(Oid oid, Redefined &done) {
    pg::check_for_interrupts();
    auto const view = *pg::describe_relation(oid);
    std::string const description = pg::description_of(RelationRelationId, oid);
    explained(view_, description, [&] {
        pg::AnalysedQuery query;
        {
            pg::SecurityScope const as_owner(view.owner, pg::RunAs::view_owner);
            query = pg::analyse_view(texts_.at(oid).by_name);
        }
        auto const before = pg::columns_of(oid);
        std::vector<int> from;
        for (const pg::NewColumn &column : before)
            from.push_back(column.from);
        from.resize(std::max(from.size(), query.columns.size()), 0);
        auto after = pg::columns_of(query, from);
        for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i)
            after[i].name = before[i].name;
        Recreated recreated{view, texts_.at(oid).canonical, {}};
        if (is_same_row(before, after)) {
            pg::replace_rule(oid, query);
        } else {
            recreated.columns_changed = true;
            recreated.needs_refill = change_view(view, query, after);
            reshaped_.emplace(oid, Reshape(before, after));
        }
        check_positions(RewriteRelationId, oid);
        done.dependents.push_back(std::move(recreated));
    });
}

// A materialized view is emptied before its indexes are built anew: its rows are of the old types.
bool Redefinition::change_view(const pg::Relation &view, const pg::AnalysedQuery &query,
                               const std::vector<pg::NewColumn> &after) {
    auto const dependents = dependents_.find(view.oid);
    if (dependents == dependents_.end())
        throw pg::Error(pg::sqlstate::internal_error, "columns of {} change unexpectedly", view.name.quoted());
    Reshape const reshape(pg::columns_of(view.oid), after);
    std::vector<Oid> indexes;
    std::vector<std::string> drop, create;
    for (const pg::StuckObject &stuck : pg::cannot_follow(view.oid, after)) {
        auto const command = pg::index_command(stuck.class_id, stuck.oid);
        indexes.push_back(stuck.oid);
        drop.insert(drop.end(), command.drop.begin(), command.drop.end());
        create.insert(create.end(), command.create.begin(), command.create.end());
    }
    auto const blockers = blockers_of(view.oid, dependents->second, reshape, after, indexes);
    if (!all_can_be_recreated(blockers))
        refuse_blockers(view, blockers, {}, {});
    require_ownership(view, blockers);
    pg::run_as(view.owner, drop);
    pg::set_columns(view.oid, after);
    pg::replace_rule(view.oid, query);
    if (view.is_materialized_view()) {
        pg::add_toast_table(view.oid);
        pg::run_as(view.owner, {format("REFRESH MATERIALIZED VIEW {} WITH NO DATA", view.name.quoted())});
    }
    pg::run_as(view.owner, create);
    return view.is_materialized_view() && view.populated;
}

void Redefinition::run_commands() const {
    std::set<std::pair<Oid, Oid>> seen;
    for (const auto &[relation, users] : dependents_)
        for (const ColumnDependent &user : users) {
            auto const command = commands_.find({user.class_id, user.oid});
            if (command == commands_.end() || effect_of(user.class_id, user.oid) == Effect::none ||
                !seen.insert(command->first).second)
                continue;
            explained(view_, user.description, [&] {
                pg::run_as(user.owner, {command->second});
                check_positions(user.class_id, user.oid);
            });
        }
}

// A text that gives names to columns by their place would mean other columns now.
void Redefinition::check_positions(Oid class_id, Oid oid) const {
    for (const auto &[relation, reshape] : reshaped_) {
        if ((reshape.moved.empty() && reshape.gone.empty()) || reshape.only_trims())
            continue;
        auto const users = dependents_.find(relation);
        if (users == dependents_.end())
            continue;
        for (const ColumnDependent &user : users->second) {
            bool const is_it = user.class_id == class_id && (OidIsValid(user.view) ? user.view : user.oid) == oid;
            if (is_it && pg::column_uses(class_id, user.oid, relation).by_position)
                throw pg::Error(pg::sqlstate::dependent_objects_exist, "columns of {} are named by their place",
                                pg::description_of(RelationRelationId, relation));
        }
    }
}

std::vector<Oid> replaceable_indexes(Oid relation) {
    std::vector<Oid> oids;
    for (const auto &index : pg::indexes_of(relation))
        oids.push_back(index.oid);
    return oids;
}

std::optional<std::string> why_not_reversible(const pg::Relation &view, std::size_t count,
                                              const std::vector<Oid> &replaceable) {
    auto const before = pg::columns_of(view.oid);
    std::vector<pg::NewColumn> after(before.begin(),
                                     before.begin() + static_cast<std::ptrdiff_t>(std::min(count, before.size())));
    Reshape const reshape(before, after);
    if (!reshape.changes_rows())
        return std::nullopt;
    auto const blockers = blockers_of(view.oid, column_dependents(view.oid), reshape, after, replaceable);
    if (blockers.empty())
        return std::nullopt;
    return blockers_text({}, blockers);
}

} // namespace mvmanager::versioning
