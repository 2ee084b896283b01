#include "versioning/plan_steps.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "catalog/data_schema.hpp"
#include "format.hpp"
#include "model/name.hpp"
#include "model/sql_text.hpp"
#include "pg/dependency.hpp"
#include "pg/security.hpp"
#include "pg/stored_command.hpp"
#include "pg/values.hpp"
#include "settings.hpp"
#include "versioning/retention.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_class.h"
}

namespace mvmanager::versioning {
namespace {

constexpr const char *to_the_end = "inside a transaction block the lock lasts to its end";

pg::QualifiedName beside(const catalog::views::View &view, int number) {
    return {catalog::data_schema_name, model::relation_name(view.name.name, number, view.id)};
}

// The server prints everything but the tablespace, which stands before WHERE.
std::string in_tablespace(std::string printed, const std::optional<std::string> &tablespace) {
    if (!tablespace)
        return printed;
    std::size_t at = 0;
    for (int depth = 0; at < printed.size();) {
        auto const token = model::token_at(printed, at);
        auto const bytes = std::string_view(printed).substr(at, token.length);
        if (bytes == "(")
            ++depth;
        else if (bytes == ")")
            --depth;
        else if (depth == 0 && token.kind == model::TokenKind::word && bytes == "WHERE")
            break;
        at += token.length;
    }
    bool const is_last = at == printed.size();
    printed.insert(
        at, format("{}TABLESPACE {}{}", is_last ? " " : "", pg::quote_identifier(*tablespace), is_last ? "" : " "));
    return printed;
}

std::string sql_of(const IndexSql &index, const pg::QualifiedName &on) {
    return in_tablespace(model::index_on(index.canonical, on.quoted()), index.tablespace);
}

std::string on_view(const pg::Relation &view, const std::string &index) {
    return pg::QualifiedName{view.name.schema, index}.quoted();
}

bool is_refused(const Replacement &what) {
    auto const &blockers = what.look.blockers();
    return !blockers.empty() && !(what.recreates_dependents && all_can_be_recreated(blockers));
}

// ---- columns and who uses them ----------------------------------------------------------------------------------------

void column_steps(std::vector<Step> &steps, const Replacement &what) {
    auto step = [&](const char *action, const std::string &object) -> Step & {
        steps.push_back({.action = action, .object = object, .lock = "AccessExclusiveLock", .blocks_readers = true});
        return steps.back();
    };
    auto const view = what.relation.name.quoted();
    for (const model::Rename &rename : what.columns.renames)
        step("rename column", view + '.' + pg::quote_identifier(rename.from)).sql =
            format("ALTER MATERIALIZED VIEW {} RENAME COLUMN {} TO {}", view, pg::quote_identifier(rename.from),
                   pg::quote_identifier(rename.to));
    for (const std::string &difference : what.columns.incompatible)
        step("change columns", view).hazards.push_back(difference);
    for (std::size_t i = 0; i < what.columns.from.size(); ++i)
        if (what.columns.from[i] == 0)
            step("add column", view + '.' + pg::quote_identifier(what.query.columns[i].name));
}

std::vector<std::string> hazards_of(const Blocker &blocker, const Replacement &what) {
    std::vector<std::string> hazards{use_of(blocker)};
    if (!blocker.can_recreate)
        hazards.emplace_back("it cannot be stored anew: change or drop it first");
    else if (!what.recreates_dependents && !what.is_rollback)
        hazards.emplace_back("pass dependents => 'recreate' to store it anew");
    else if (!what.recreates_dependents)
        hazards.emplace_back("change or drop it first");
    if (OidIsValid(blocker.owner) && !pg::is_member_of(blocker.owner))
        hazards.push_back(format("it belongs to role {}", pg::quote_identifier(pg::role_name(blocker.owner))));
    return hazards;
}

// Everybody who is locked under the view's lock, those in the way first.
void dependent_steps(std::vector<Step> &steps, const Replacement &what) {
    std::map<std::string, pg::Relation> locked;
    for (Oid const oid : what.look.relations_to_lock())
        if (auto relation = pg::describe_relation(oid))
            locked.emplace(pg::description_of(RelationRelationId, oid), std::move(*relation));
    auto add = [&](Step step) {
        auto const it = locked.find(step.object);
        if (it != locked.end() && step.action != "blocked") {
            step.lock = "AccessExclusiveLock";
            step.blocks_readers = true;
            if (it->second.is_materialized_view() && it->second.populated)
                step.hazards.emplace_back("where its columns change it is filled again under the lock");
        }
        steps.push_back(std::move(step));
    };
    std::set<std::string> told;
    for (const Blocker &blocker : what.look.blockers()) {
        told.insert(blocker.object);
        add({.action = blocker.can_recreate ? "recreate" : "blocked",
             .object = blocker.object,
             .hazards = hazards_of(blocker, what)});
    }
    for (const auto &[description, relation] : locked) {
        bool const is_view = relation.kind == RELKIND_VIEW || relation.is_materialized_view();
        if (!told.contains(description))
            add({.action = is_view ? "recreate" : "lock", .object = description});
    }
}

// ---- the rows ---------------------------------------------------------------------------------------------------------

void build_steps(std::vector<Step> &steps, const Replacement &what, const pg::QualifiedName &staged) {
    Step create{.action = "create", .object = staged.quoted(), .lock = "AccessExclusiveLock"};
    if (what.builder == Builder::session)
        create.hazards.emplace_back(what.relation.populated ? in_this_transaction : "in the caller's transaction");
    steps.push_back(std::move(create));
    if (what.relation.populated) {
        auto fill = fill_step(staged, what.query);
        fill.hazards.push_back(format("refreshes of {} wait until the build has ended", what.relation.name.quoted()));
        steps.push_back(std::move(fill));
    }
    for (const IndexSql &index : what.indexes)
        steps.push_back(create_index_step(what.relation, index, staged));
    if (!what.relation.populated)
        return;
    steps.push_back({.action = "analyze",
                     .object = staged.quoted(),
                     .sql = "ANALYZE " + staged.quoted(),
                     .lock = "ShareUpdateExclusiveLock"});
    if (what.validate)
        steps.push_back({.action = "validate",
                         .object = staged.quoted(),
                         .sql = what.validate,
                         .lock = "AccessShareLock",
                         .hazards = {"it must return true, else nothing is replaced"}});
}

Step promote_step(const Replacement &what) {
    Step step{.action = "promote",
              .object = what.relation.name.quoted(),
              .lock = "AccessExclusiveLock",
              .blocks_readers = true};
    step.hazards.push_back(format("for milliseconds; one attempt queues for at most {} ms "
                                  "(mvmanager.swap_lock_timeout), all for {} ms (mvmanager.swap_timeout)",
                                  settings::swap_lock_timeout, settings::swap_timeout));
    if (what.builder == Builder::session)
        step.hazards.emplace_back(to_the_end);
    if (what.columns.kind != model::ColumnChangeKind::same || !what.columns.renames.empty())
        step.hazards.emplace_back("prepared statements that SELECT * from it must be prepared again");
    return step;
}

} // namespace

std::string version_of(const catalog::views::View &view, int number) {
    return format("version {} of {}", number, view.name.quoted());
}

std::string printed_as(const std::string &canonical, const std::string &name, const pg::QualifiedName &view) {
    constexpr std::string_view keyword = " INDEX ";
    auto const begin = canonical.find(keyword);
    if (begin == std::string::npos)
        return canonical;
    auto const at = begin + keyword.size();
    auto const length = model::token_at(canonical, at).length;
    std::string named = canonical;
    named.replace(at, length, pg::quote_identifier(name));
    return model::index_on(named, view.quoted());
}

Step create_index_step(const pg::Relation &view, const IndexSql &index, const pg::QualifiedName &on) {
    return {
        .action = "create index", .object = on_view(view, index.name), .sql = sql_of(index, on), .lock = "ShareLock"};
}

Step drop_index_step(const pg::Relation &view, const std::string &name) {
    return {.action = "drop index",
            .object = on_view(view, name),
            .sql = "DROP INDEX " + on_view(view, name),
            .lock = "AccessExclusiveLock",
            .blocks_readers = true};
}

void index_steps(std::vector<Step> &steps, const pg::Relation &view, const std::vector<std::string> &dropped,
                 const std::vector<IndexSql> &added, Builder builder) {
    for (const std::string &name : dropped) {
        steps.push_back(drop_index_step(view, name));
        steps.back().hazards.push_back(
            builder == Builder::worker
                ? format("for milliseconds; one attempt queues for at most {} ms (mvmanager.swap_lock_timeout)",
                         settings::swap_lock_timeout)
                : std::string(to_the_end));
    }
    for (const IndexSql &index : added) {
        auto step = create_index_step(view, index, view.name);
        if (builder == Builder::worker) {
            step.lock = "ShareUpdateExclusiveLock";
            step.hazards.emplace_back("refreshes and VACUUM wait until it is done");
        } else if (view.populated) {
            step.hazards.emplace_back(in_this_transaction);
            step.hazards.emplace_back("refreshes wait to its end, readers do not");
        }
        steps.push_back(std::move(step));
    }
}

void option_steps(std::vector<Step> &steps, const pg::Relation &view, const OptionChange &change) {
    auto step = [&](const char *verb, const std::vector<std::string> &items) {
        if (!items.empty())
            steps.push_back(
                {.action = "alter options",
                 .object = view.name.quoted(),
                 .sql = format("ALTER MATERIALIZED VIEW {} {} ({})", view.name.quoted(), verb, join(items, ", ")),
                 .lock = "ShareUpdateExclusiveLock"});
    };
    std::vector<std::string> set;
    for (const model::Option &option : change.set)
        set.push_back(format("{} = {}", option.name, pg::quote_literal(option.value)));
    step("SET", set);
    step("RESET", change.reset);
}

Step comment_step(const pg::Relation &view, const std::optional<std::string> &comment) {
    return {.action = "comment",
            .object = view.name.quoted(),
            .sql = format("COMMENT ON MATERIALIZED VIEW {} IS {}", view.name.quoted(),
                          comment ? pg::quote_literal(*comment) : std::string("NULL")),
            .lock = "ShareUpdateExclusiveLock"};
}

Step fill_step(const pg::QualifiedName &relation, const pg::AnalysedQuery &query) {
    Step step{.action = "fill", .object = relation.quoted(), .sql = query.canonical};
    std::vector<std::string> read;
    for (Oid const oid : pg::stored_relations(pg::relations_read(query.query)))
        if (auto const source = pg::describe_relation(oid))
            read.push_back(source->name.quoted());
    std::ranges::sort(read);
    if (!read.empty()) {
        step.lock = "AccessShareLock";
        step.hazards.push_back(
            format("ALTER TABLE, TRUNCATE and the like of {} wait until it is done", join(read, ", ")));
    }
    return step;
}

void refusal_step(std::vector<Step> &steps, const Replacement &what) {
    if (!is_refused(what))
        return;
    bool const can_follow = all_can_be_recreated(what.look.blockers());
    steps.insert(
        steps.begin(),
        {.action = "refuse",
         .object = version_of(what.view, what.number),
         .hazards = {
             can_follow && !what.is_rollback
                 ? "other objects use columns that change: without dependents => 'recreate' nothing of this is done"
                 : "other objects use columns that change: nothing of this is done before they are changed or "
                   "dropped"}});
}

void replacement_steps(std::vector<Step> &steps, const Replacement &what) {
    auto const staged = what.archive ? *what.archive : beside(what.view, what.number);
    if (what.archive)
        for (const IndexSql &index : what.indexes)
            steps.push_back(create_index_step(what.relation, index, staged));
    else
        build_steps(steps, what, staged);
    if (what.relation.populated)
        steps.push_back({.action = "archive",
                         .object = beside(what.view, what.view.live_version.value_or(0)).quoted(),
                         .lock = "AccessExclusiveLock",
                         .hazards = {"it keeps the rows of now for mv_rollback, and their disk space"}});
    steps.push_back(promote_step(what));
    column_steps(steps, what);
    dependent_steps(steps, what);
}

// What stays behind mvmanager.keep_archived once the rows of now are an archive too.
void retention_steps(std::vector<Step> &steps, const Replacement &what) {
    auto drop = [&](const pg::QualifiedName &relation) {
        steps.push_back({.action = "drop archive",
                         .object = relation.quoted(),
                         .lock = "AccessExclusiveLock",
                         .hazards = {"a rollback to its version makes the rows anew (mvmanager.keep_archived)"}});
    };
    int kept = 0;
    if (what.relation.populated && ++kept > settings::keep_archived)
        drop(beside(what.view, what.view.live_version.value_or(0)));
    for (const auto &state : archived_versions(what.view.id))
        if (state.number != what.number && ++kept > settings::keep_archived && state.relation)
            drop(*state.relation);
}

} // namespace mvmanager::versioning
