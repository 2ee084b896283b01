#include "versioning/apply.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "format.hpp"
#include "pg/dependency.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

bool same_columns(const std::vector<model::Column> &a, const std::vector<model::Column> &b) {
    return std::ranges::equal(a, b, [](const model::Column &x, const model::Column &y) {
        return x.name == y.name && x.type == y.type && x.collation == y.collation;
    });
}

bool same_definition(const pg::AnalysedQuery &a, const pg::AnalysedQuery &b) {
    return a.canonical == b.canonical && same_columns(a.columns, b.columns);
}

void refuse_cycle(const pg::Relation &relation, const pg::AnalysedQuery &query) {
    auto const path = pg::reading_path(pg::relations_read(query.query), relation.oid);
    if (path.empty())
        return;
    throw pg::Error(pg::sqlstate::invalid_recursion, "materialized view \"{}\" would read itself",
                    relation.name.quoted())
        .detail("{} reads {}.", relation.name.quoted(), join(path, ", which reads "))
        .hint("Take {} out of the definition.", path.front());
}

[[noreturn]] void refuse_changed(const catalog::views::View &view) {
    auto const literal = pg::quote_literal(view.name.quoted());
    throw pg::Error(pg::sqlstate::feature_not_supported,
                    "cannot replace the definition of materialized view \"{}\" in this release", view.name.quoted())
        .detail("The definition differs from version {}, which is live.", view.live_version.value_or(0))
        .hint("Call mv_definition({}, canonical => true) to see it. To replace it, call mv_drop({}), then "
              "mv_create({}, ...).",
              literal, literal, literal);
}

// ---- what is to be altered --------------------------------------------------------------------------------------------

struct Alterations {
    std::vector<pg::IndexText> create;
    std::vector<std::string> drop; // names of indexes
    std::vector<std::string> take; // names of indexes made or altered by hand that the list names now
    std::vector<model::Option> set;
    std::vector<std::string> reset;
    bool comment = false;
    bool none() const {
        return create.empty() && drop.empty() && take.empty() && set.empty() && reset.empty() && !comment;
    }
};

// What the server would print for index texts that no existing index matches as written: they are created on an empty
// table of the same columns and rolled back, so that the view is not touched.
std::vector<std::string> printed(const std::vector<pg::IndexText> &texts, const pg::AnalysedQuery &query,
                                 const pg::Relation &relation) {
    std::vector<std::string> out;
    pg::try_in_subtransaction([&] {
        auto const scratch = pg::describe_relation(pg::create_scratch_table(relation.name, query, relation.owner));
        for (const pg::IndexText &text : texts) {
            Oid const oid = text.create(*scratch);
            for (const auto &index : pg::indexes_of(scratch->oid))
                if (index.oid == oid)
                    out.push_back(index.canonical);
        }
        // An error is the way to undo a subtransaction. One of the server's leaves the list short: the text is then created
        // on the view itself, where the error belongs.
        throw pg::Error(pg::sqlstate::wrong_state, "rolled back");
    });
    return out;
}

void plan_indexes(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish,
                  const pg::AnalysedQuery &query, Alterations &plan) {
    auto const existing = pg::indexes_of(relation.oid);
    auto const registered = registered_indexes(view);
    auto const live = view.live_version ? catalog::versions::get(view.id, *view.live_version)
                                        : std::optional<catalog::versions::Version>();
    // Altered by hand since, or what it is on was renamed: the registered text no longer tells what the index is.
    auto drifted = [&](const pg::IndexDescription &index) {
        if (!live || live->server_major != PG_VERSION_NUM / 10000)
            return false;
        auto const it = std::ranges::find(live->indexes, index.name, &catalog::versions::Index::name);
        return it != live->indexes.end() && it->canonical != index.canonical;
    };
    std::vector<bool> wanted(existing.size(), false);
    std::vector<pg::IndexText> unmatched;

    auto claim = [&](const pg::IndexText &text, auto &&texts_of) {
        for (std::size_t i = 0; i < existing.size(); ++i) {
            if (wanted[i] || (text.name() && *text.name() != existing[i].name))
                continue;
            for (const std::string &other : texts_of(existing[i]))
                if (text.same_index(pg::IndexText(other))) {
                    wanted[i] = true;
                    return true;
                }
        }
        return false;
    };
    for (const std::string &text : *wish.indexes) {
        pg::IndexText const index(text, relation.name);
        bool const found = claim(index, [&](const pg::IndexDescription &e) {
            std::vector<std::string> texts{e.canonical};
            if (auto const it = registered.find(e.name); it != registered.end() && it->second && !drifted(e))
                texts.push_back(*it->second);
            return texts;
        });
        if (!found)
            unmatched.push_back(index);
    }
    if (!unmatched.empty() && !existing.empty()) {
        auto const forms = printed(unmatched, query, relation);
        if (forms.size() == unmatched.size()) {
            std::vector<pg::IndexText> still;
            for (std::size_t i = 0; i < unmatched.size(); ++i) {
                // Printed names are invented where the text has none; only the rest is compared.
                bool found = false;
                for (std::size_t j = 0; j < existing.size() && !found; ++j)
                    if (!wanted[j] && (!unmatched[i].name() || *unmatched[i].name() == existing[j].name) &&
                        pg::IndexText(forms[i]).same_index_any_name(pg::IndexText(existing[j].canonical)))
                        found = wanted[j] = true;
                if (!found)
                    still.push_back(unmatched[i]);
            }
            unmatched = std::move(still);
        }
    }
    for (std::size_t i = 0; i < existing.size(); ++i) {
        if (wanted[i]) {
            if (!registered.contains(existing[i].name) || drifted(existing[i]))
                plan.take.push_back(existing[i].name);
            continue;
        }
        auto const clash = std::ranges::find_if(
            unmatched, [&](const pg::IndexText &text) { return text.name() && *text.name() == existing[i].name; });
        // An index made by hand is nobody's to drop, unless its name is wanted for another one.
        if (wish.drop_indexes && (registered.contains(existing[i].name) || clash != unmatched.end()))
            plan.drop.push_back(existing[i].name);
        else if (clash != unmatched.end())
            throw pg::Error(pg::sqlstate::duplicate_object, "index \"{}\" exists with another definition",
                            existing[i].name)
                .detail("It is: {}", existing[i].canonical)
                .hint("Pass drop_indexes => true to replace it, or give the new index another name.");
    }
    plan.create = std::move(unmatched);
}

std::string feature_hint(const pg::Relation &relation, const char *clause, const std::string &value) {
    return format("Run ALTER MATERIALIZED VIEW {} SET {} {}, then call mv_apply again.", relation.name.quoted(), clause,
                  pg::quote_identifier(value));
}

void plan_options(const pg::Relation &relation, const Wish &wish, Alterations &plan) {
    pg::Storage const now = pg::storage_of(relation.oid);
    auto find = [&](const std::string &name) {
        return std::ranges::find(now.reloptions, name, &model::Option::name);
    };
    for (const model::Option &option : wish.options.set) {
        // The server accepts it for a relation without TOAST table and keeps it nowhere.
        if (option.name.starts_with("toast.") && !now.has_toast)
            continue;
        if (auto const it = find(option.name); it == now.reloptions.end() || it->value != option.value)
            plan.set.push_back(option);
    }
    for (const std::string &name : wish.options.reset)
        if (find(name) != now.reloptions.end())
            plan.reset.push_back(name);
    if (wish.options.tablespace && !pg::is_tablespace_of(relation.oid, *wish.options.tablespace))
        throw pg::Error(pg::sqlstate::feature_not_supported,
                        "cannot move materialized view \"{}\" to another tablespace", relation.name.quoted())
            .hint("{}", feature_hint(relation, "TABLESPACE", *wish.options.tablespace));
    if (wish.options.access_method && *wish.options.access_method != now.access_method.value_or("heap"))
        throw pg::Error(pg::sqlstate::feature_not_supported,
                        "cannot change the access method of materialized view \"{}\"", relation.name.quoted())
            .hint("{}", feature_hint(relation, "ACCESS METHOD", *wish.options.access_method));
}

Alterations plan(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish,
                 const pg::AnalysedQuery &query) {
    Alterations plan;
    if (wish.indexes)
        plan_indexes(view, relation, wish, query, plan);
    plan_options(relation, wish, plan);
    plan.comment = wish.comment && pg::comment_of(relation.oid).value_or("") != *wish.comment;
    return plan;
}

// ---- and altered ------------------------------------------------------------------------------------------------------

std::string describe_alterations(const Alterations &done) {
    std::vector<std::string> parts;
    auto count = [&](std::size_t n, const char *one, const char *many) {
        if (n)
            parts.push_back(format("{} {}", n, n == 1 ? one : many));
    };
    count(done.create.size(), "index created", "indexes created");
    count(done.drop.size(), "index dropped", "indexes dropped");
    count(done.take.size(), "index registered", "indexes registered");
    count(done.set.size() + done.reset.size(), "option changed", "options changed");
    if (done.comment)
        parts.push_back("comment changed");
    return format("{}", join(parts, ", "));
}

Indexes execute(const Alterations &plan, const pg::Relation &relation, const Wish &wish, Indexes indexes) {
    for (const std::string &name : plan.drop) {
        pg::drop_index({relation.name.schema, name});
        indexes.erase(name);
    }
    for (const std::string &name : plan.take)
        indexes[name] = std::nullopt;
    for (const pg::IndexText &index : plan.create)
        indexes[pg::describe_relation(index.create(relation))->name.name] = index.text();
    pg::alter_reloptions(relation.name, plan.set, plan.reset);
    if (plan.comment)
        pg::set_comment(relation.name, wish.comment->empty() ? std::nullopt : wish.comment);
    return indexes;
}

Change unchanged(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish) {
    // The label's first row tells what it did; the same call again must not hide that.
    if (wish.label && !catalog::changes::find_label(view.id, *wish.label))
        catalog::changes::add(view.id, "unchanged", wish.label, view.live_version, view.live_version);
    return {.name = view.name,
            .view_id = view.id,
            .version = view.live_version,
            .action = "unchanged",
            .state = "live",
            .relation = relation.oid,
            .message = "nothing differs from what is live"};
}

} // namespace

Change apply(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish) {
    check_label(wish.label);
    pg::AnalysedQuery const query = pg::analyse_definition(wish.text);
    refuse_cycle(relation, query);
    check_label_is_free(view, wish.label, query.canonical, query.columns);
    if (!same_definition(query, pg::live_definition(relation.oid)))
        refuse_changed(view);
    if (plan(view, relation, wish, query).none())
        return unchanged(view, relation, wish);

    lock_view(view.id);
    auto const locked = pg::lock_materialized_view(view.name, pg::LockMode::share_update_exclusive, pg::Right::own);
    auto const current = catalog::views::get(view.id);
    if (!locked || !current || current->ended || locked->oid != relation.oid)
        throw pg::Error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists",
                        view.name.quoted());
    // Somebody else may have done it, or something else, while we waited.
    if (!same_definition(query, pg::live_definition(relation.oid)))
        refuse_changed(*current);
    Alterations const todo = plan(*current, *locked, wish, query);
    if (todo.none())
        return unchanged(*current, *locked, wish);

    auto const indexes = execute(todo, *locked, wish, registered_indexes(*current));
    auto const before = current->live_version;
    if (before)
        catalog::versions::set_state(view.id, *before, model::VersionState::pruned);
    int const number =
        catalog::versions::add(view.id, describe(*locked, wish.text, indexes, "altered"), model::VersionState::live);
    catalog::views::set_live(view.id, number);
    catalog::changes::add(view.id, "altered", wish.label, before, number);
    return {.name = view.name,
            .view_id = view.id,
            .version = number,
            .action = "altered",
            .state = "live",
            .relation = relation.oid,
            .message = describe_alterations(todo)};
}

} // namespace mvmanager::versioning
