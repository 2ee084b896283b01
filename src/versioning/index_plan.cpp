#include "versioning/index_plan.hpp"

#include <algorithm>
#include <utility>

#include "format.hpp"
#include "model/name.hpp"
#include "pg/error.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;
using pg::IndexText;

// One index of the live view, as it will be.
struct Existing {
    std::string name;
    std::string now;                    // as the server prints it
    std::string canonical;              // on the version's columns
    std::optional<std::string> written; // the text it was registered with
    bool is_registered = false;
    bool has_drifted = false; // altered by hand since, or what it is on was renamed
    bool is_wanted = false;
    std::optional<pg::Error> error; // it cannot be on the version's columns
};

std::vector<Existing> existing_indexes(const catalog::views::View &view, const pg::Relation &relation) {
    auto const live =
        view.live_version ? catalog::versions::get(view.id, *view.live_version) : std::optional<Version>();
    std::vector<Existing> found;
    if (!OidIsValid(relation.oid))
        return found;
    for (const auto &index : pg::indexes_of(relation.oid)) {
        Existing existing{.name = index.name, .now = index.canonical, .canonical = index.canonical};
        if (live) {
            auto const it = std::ranges::find(live->indexes, index.name, &catalog::versions::Index::name);
            if (it != live->indexes.end()) {
                existing.is_registered = true;
                existing.written = it->written;
                existing.has_drifted = live->server_major == PG_VERSION_NUM / 10000 &&
                                       !IndexText(it->canonical).same_index(IndexText(index.canonical));
            }
        }
        found.push_back(std::move(existing));
    }
    return found;
}

// Where columns keep number and name the server prints the same as now.
bool may_print_differently(const model::ColumnChange &change) {
    return !change.renames.empty() || change.kind == model::ColumnChangeKind::reshaped ||
           change.kind == model::ColumnChangeKind::trimmed;
}

void print_existing(std::vector<Existing> &indexes, const pg::Relation &relation, const VersionColumns &columns) {
    if (!may_print_differently(columns.change))
        return;
    std::vector<IndexText> texts;
    for (const Existing &index : indexes) {
        texts.emplace_back(index.now);
        texts.back().rename_columns(columns.change.renames);
    }
    auto printed = pg::print_indexes(relation.name, columns.query, relation.owner, texts);
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        indexes[i].canonical = printed[i].canonical;
        indexes[i].error = std::move(printed[i].error);
    }
}

bool claim(std::vector<Existing> &indexes, const IndexText &text) {
    for (Existing &index : indexes) {
        if (index.is_wanted || index.error || (text.name() && *text.name() != index.name))
            continue;
        bool const is_it = text.same_index(IndexText(index.canonical)) ||
                           (index.written && !index.has_drifted && text.same_index(IndexText(*index.written)));
        if (!is_it)
            continue;
        index.is_wanted = true;
        return true;
    }
    return false;
}

// The same by what the server prints: names are invented there where the text has none, so only the rest is compared.
bool claim_printed(std::vector<Existing> &indexes, const IndexText &text, const std::string &canonical) {
    for (Existing &index : indexes) {
        if (index.is_wanted || index.error || (text.name() && *text.name() != index.name))
            continue;
        if (!IndexText(canonical).same_index_any_name(IndexText(index.canonical)))
            continue;
        index.is_wanted = true;
        return true;
    }
    return false;
}

bool is_taken(const IndexPlan &plan, const pg::Relation &relation, const std::string &name) {
    return std::ranges::any_of(plan.added, [&](const IndexPlan::Added &added) { return added.name == name; }) ||
           pg::find_relation(pg::QualifiedName{relation.name.schema, name});
}

// The print under another name.
std::string renamed(std::string canonical, const std::string &from, const std::string &to) {
    std::string const old = " INDEX " + pg::quote_identifier(from) + " ON ";
    if (auto const at = canonical.find(old); at != std::string::npos)
        canonical.replace(at, old.size(), " INDEX " + pg::quote_identifier(to) + " ON ");
    return canonical;
}

std::string free_name(const IndexPlan &plan, const pg::Relation &relation, const std::string &wish) {
    std::string name = wish;
    for (int i = 1; is_taken(plan, relation, name); ++i) {
        auto const suffix = format("{}", i);
        name = std::string(model::cut_utf8(wish, model::max_name_bytes - suffix.size())) + suffix;
    }
    return name;
}

void add(IndexPlan &plan, std::vector<Existing> &indexes, const pg::Relation &relation, const IndexText &text,
         const pg::PrintedIndex &printed, bool drops_others) {
    if (!text.name()) {
        auto const chosen = free_name(plan, relation, printed.name);
        plan.added.push_back({chosen, renamed(printed.canonical, printed.name, chosen), text});
        return;
    }
    std::string const name = *text.name();
    auto const clash = std::ranges::find(indexes, name, &Existing::name);
    if (clash == indexes.end()) {
        if (is_taken(plan, relation, name))
            throw pg::Error(pg::sqlstate::duplicate_table, "relation \"{}\" already exists", name)
                .hint("Give the index another name.");
    } else if (clash->is_wanted || !drops_others) {
        throw pg::Error(pg::sqlstate::duplicate_object, "index \"{}\" exists with another definition", name)
            .detail("It is: {}", clash->now)
            .hint("Pass drop_indexes => true to replace it, or give the new index another name.");
    } else {
        plan.dropped.push_back(name);
    }
    plan.added.push_back({name, printed.canonical, text});
}

[[noreturn]] void refuse_lost(const Existing &index, const pg::Relation &relation) {
    throw pg::Error(pg::sqlstate::dependent_objects_exist, "index \"{}\" cannot be kept: {}", index.name,
                    index.error->message())
        .detail("It is: {}", index.now)
        .hint("{}", index.is_registered
                        ? std::string("Pass the indexes that the new definition is to have: indexes => ARRAY[...].")
                        : format("It was created by hand. Run DROP INDEX {}.{}; first.",
                                 pg::quote_identifier(relation.name.schema), pg::quote_identifier(index.name)));
}

} // namespace

bool IndexPlan::changes_nothing() const {
    return added.empty() && dropped.empty() && std::ranges::none_of(kept, &Kept::is_taken);
}

std::vector<catalog::versions::Index> IndexPlan::registered() const {
    std::vector<catalog::versions::Index> out;
    for (const Kept &index : kept)
        if (index.is_registered)
            out.push_back({index.name, index.written, index.canonical});
    for (const Added &index : added)
        out.push_back({index.name, index.text.text(), index.canonical});
    std::ranges::sort(out, {}, &catalog::versions::Index::name);
    return out;
}

IndexPlan plan_indexes(const catalog::views::View &view, const pg::Relation &relation, const VersionColumns &columns,
                       const IndexWish &wish) {
    auto indexes = existing_indexes(view, relation);
    print_existing(indexes, relation, columns);

    std::vector<IndexText> unmatched;
    if (wish.texts) {
        for (const std::string &text : *wish.texts) {
            IndexText const index(text, relation.name);
            if (!claim(indexes, index))
                unmatched.push_back(index);
        }
    }
    std::vector<std::pair<IndexText, pg::PrintedIndex>> to_add;
    auto printed = pg::print_indexes(relation.name, columns.query, relation.owner, unmatched);
    for (std::size_t i = 0; i < unmatched.size(); ++i) {
        if (printed[i].error)
            throw std::move(*printed[i].error);
        if (!claim_printed(indexes, unmatched[i], printed[i].canonical))
            to_add.emplace_back(unmatched[i], std::move(printed[i]));
    }

    IndexPlan plan;
    for (const auto &[text, print] : to_add)
        add(plan, indexes, relation, text, print, wish.drops_others);
    for (Existing &index : indexes) {
        bool const is_replaced = std::ranges::find(plan.dropped, index.name) != plan.dropped.end();
        if (is_replaced)
            continue;
        // An index made by hand is nobody's to drop.
        if (wish.texts && !index.is_wanted && index.is_registered && (wish.drops_others || index.error)) {
            plan.dropped.push_back(index.name);
            continue;
        }
        if (index.error)
            refuse_lost(index, relation);
        bool const is_taken = index.is_wanted && (!index.is_registered || index.has_drifted);
        plan.kept.push_back({.name = index.name,
                             .canonical = index.canonical,
                             .written = is_taken ? std::nullopt : index.written,
                             .is_registered = index.is_registered || index.is_wanted,
                             .is_named = index.is_wanted,
                             .is_taken = is_taken});
    }
    return plan;
}

} // namespace mvmanager::versioning
