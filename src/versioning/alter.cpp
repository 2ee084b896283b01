#include "versioning/alter.hpp"

#include <algorithm>

#include "format.hpp"
#include "pg/ddl.hpp"
#include "pg/security.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

[[noreturn]] void refuse_move(const pg::Relation &relation, const char *what, const char *clause,
                              const std::string &value) {
    throw pg::Error(pg::sqlstate::feature_not_supported, "cannot change the {} of materialized view \"{}\"", what,
                    relation.name.quoted())
        .hint("Run ALTER MATERIALIZED VIEW {} SET {} {}, then call mv_apply again.", relation.name.quoted(), clause,
              pg::quote_identifier(value));
}

void plan_options(const pg::Relation &relation, const Wish::Options &wish, Alterations &plan) {
    pg::Storage const now = pg::storage_of(relation.oid);
    auto find = [&](const std::string &name) {
        return std::ranges::find(now.reloptions, name, &model::Option::name);
    };
    for (const model::Option &option : wish.set) {
        // The server accepts it for a relation without TOAST table and keeps it nowhere.
        if (option.name.starts_with("toast.") && !now.has_toast)
            continue;
        if (auto const it = find(option.name); it == now.reloptions.end() || it->value != option.value)
            plan.set.push_back(option);
    }
    for (const std::string &name : wish.reset)
        if (find(name) != now.reloptions.end())
            plan.reset.push_back(name);
    if (wish.tablespace && !pg::is_tablespace_of(relation.oid, *wish.tablespace))
        refuse_move(relation, "tablespace", "TABLESPACE", *wish.tablespace);
    if (wish.access_method && *wish.access_method != now.access_method.value_or("heap"))
        refuse_move(relation, "access method", "ACCESS METHOD", *wish.access_method);
}

} // namespace

std::string Alterations::summary() const {
    std::vector<std::string> parts;
    auto count = [&](std::size_t n, const char *one, const char *many) {
        if (n)
            parts.push_back(format("{} {}", n, n == 1 ? one : many));
    };
    count(indexes.added.size(), "index created", "indexes created");
    count(indexes.dropped.size(), "index dropped", "indexes dropped");
    count(static_cast<std::size_t>(std::ranges::count_if(indexes.kept, &IndexPlan::Kept::is_taken)), "index registered",
          "indexes registered");
    count(set.size() + reset.size(), "option changed", "options changed");
    if (comment)
        parts.push_back("comment changed");
    return format("{}", join(parts, ", "));
}

Alterations plan_alterations(const catalog::views::View &view, const pg::Relation &relation,
                             const VersionColumns &columns, const Wish &wish) {
    Alterations plan;
    plan.indexes = plan_indexes(view, relation, columns, {wish.indexes, wish.drop_indexes});
    plan_options(relation, wish.options, plan);
    if (wish.comment && pg::comment_of(relation.oid).value_or("") != *wish.comment)
        plan.comment = wish.comment;
    return plan;
}

void alter_settings(const Alterations &plan, const pg::Relation &relation) {
    pg::alter_reloptions(relation.name, plan.set, plan.reset);
    if (plan.comment)
        pg::set_comment(relation.name, plan.comment->empty() ? std::nullopt : plan.comment);
}

OptionChange option_change(const std::vector<model::Option> &before, const std::vector<model::Option> &after) {
    OptionChange change;
    for (const model::Option &option : after) {
        auto const it = std::ranges::find(before, option.name, &model::Option::name);
        if (it == before.end() || it->value != option.value)
            change.set.push_back(option);
    }
    for (const model::Option &option : before)
        if (std::ranges::find(after, option.name, &model::Option::name) == after.end())
            change.reset.push_back(option.name);
    return change;
}

std::vector<model::Option> changed_options(std::vector<model::Option> options, const OptionChange &change) {
    std::erase_if(options, [&](const model::Option &option) {
        return std::ranges::find(change.reset, option.name) != change.reset.end() ||
               std::ranges::find(change.set, option.name, &model::Option::name) != change.set.end();
    });
    options.insert(options.end(), change.set.begin(), change.set.end());
    return options;
}

void change_settings(const Subject &subject) {
    auto const before = subject.live_version();
    auto const change = option_change(before ? before->options.reloptions : std::vector<model::Option>(),
                                      subject.version.options.reloptions);
    pg::SecurityScope const as_owner(subject.live.owner, pg::RunAs::view_owner);
    pg::alter_reloptions(subject.live.name, change.set, change.reset);
    if (before && before->comment != subject.version.comment)
        pg::set_comment(subject.live.name, subject.version.comment);
}

Indexes alter(const Alterations &plan, const pg::Relation &relation) {
    Indexes indexes;
    for (const std::string &name : plan.indexes.dropped)
        pg::drop_index({relation.name.schema, name});
    for (const IndexPlan::Kept &index : plan.indexes.kept)
        if (index.is_registered)
            indexes[index.name] = index.written;
    for (const IndexPlan::Added &index : plan.indexes.added) {
        index.text.create(relation, index.name);
        indexes[index.name] = index.text.text();
    }
    alter_settings(plan, relation);
    return indexes;
}

} // namespace mvmanager::versioning
