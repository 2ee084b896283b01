#include "versioning/diff.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "format.hpp"
#include "model/sql_text.hpp"
#include "model/text_diff.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "versioning/verify.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;
using Differences = std::vector<Difference>;
using Texts = std::map<std::string, std::string>;

std::optional<std::string> lines_of(const std::vector<std::string_view> &lines, std::size_t first, std::size_t count) {
    if (count == 0)
        return std::nullopt;
    std::string text;
    for (std::size_t i = first - 1; i < first - 1 + count; ++i)
        text.append(i == first - 1 ? "" : "\n").append(lines[i]);
    return text;
}

Differences text_differences(const char *kind, const std::string &before, const std::string &after) {
    Differences out;
    if (before == after)
        return out;
    auto const old_lines = model::query_lines(before), new_lines = model::query_lines(after);
    for (const model::Hunk &hunk : model::diff(old_lines, new_lines)) {
        pg::check_for_interrupts();
        out.push_back({kind, model::heading(hunk), lines_of(old_lines, hunk.before_line, hunk.before_count),
                       lines_of(new_lines, hunk.after_line, hunk.after_count)});
    }
    return out;
}

std::size_t bytes_of(const Differences &differences) {
    std::size_t bytes = 0;
    for (const Difference &difference : differences)
        bytes += difference.before.value_or("").size() + difference.after.value_or("").size();
    return bytes;
}

// What the author wrote, unless that was laid out anew or once printed by the server: then its lines tell nothing.
Differences of_definitions(const Version &before, const Version &after) {
    auto written = text_differences("definition", before.definition, after.definition);
    auto printed = text_differences("canonical", before.canonical, after.canonical);
    bool const is_clearer = !printed.empty() && (written.empty() || 2 * bytes_of(printed) < bytes_of(written));
    return is_clearer ? printed : written;
}

// ---- columns ----------------------------------------------------------------------------------------------------------

using Columns = std::vector<model::Column>;

std::string described(const model::Column &column) {
    auto text = format("{} {}", pg::quote_identifier(column.name), column.type);
    if (!column.collation.empty() && column.collation != "pg_catalog.\"default\"")
        text += " COLLATE " + column.collation;
    return text;
}

bool same_type(const model::Column &a, const model::Column &b) {
    return a.type == b.type && a.collation == b.collation;
}

// Of the columns that both have, those that need not move for the rest to be in order: a longest rising run.
std::set<std::string> in_order(const Columns &before, const std::map<std::string, std::size_t> &after) {
    std::vector<std::pair<std::string, std::size_t>> shared;
    for (const model::Column &column : before)
        if (auto const it = after.find(column.name); it != after.end())
            shared.emplace_back(column.name, it->second);
    std::vector<std::size_t> best(shared.size(), 1), previous(shared.size());
    std::size_t last = 0;
    for (std::size_t i = 0; i < shared.size(); ++i) {
        previous[i] = i;
        for (std::size_t j = 0; j < i; ++j)
            if (shared[j].second < shared[i].second && best[j] + 1 > best[i]) {
                best[i] = best[j] + 1;
                previous[i] = j;
            }
        if (best[i] > best[last])
            last = i;
    }
    std::set<std::string> names;
    for (std::size_t i = last; i < shared.size(); i = previous[i]) {
        names.insert(shared[i].first);
        if (previous[i] == i)
            break;
    }
    return names;
}

std::map<std::string, std::size_t> positions(const Columns &columns) {
    std::map<std::string, std::size_t> out;
    for (std::size_t i = 0; i < columns.size(); ++i)
        out.emplace(columns[i].name, i);
    return out;
}

void add_columns(const Columns &before, const Columns &after, Differences &out) {
    auto const old_places = positions(before), new_places = positions(after);
    auto const steady = in_order(before, new_places);
    std::set<std::string> renamed; // new names
    for (std::size_t i = 0; i < before.size(); ++i) {
        const model::Column &column = before[i];
        auto const it = new_places.find(column.name);
        if (it == new_places.end()) {
            // Another column of the type in the same place: most likely the same one.
            if (i < after.size() && !old_places.contains(after[i].name) && same_type(column, after[i])) {
                out.push_back({"column", column.name, described(column), described(after[i])});
                renamed.insert(after[i].name);
            } else {
                out.push_back({"column", column.name, described(column), std::nullopt});
            }
            continue;
        }
        if (!same_type(column, after[it->second]))
            out.push_back({"column", column.name, described(column), described(after[it->second])});
        if (!steady.contains(column.name))
            out.push_back({"column", column.name, format("position {}", i + 1), format("position {}", it->second + 1)});
    }
    for (const model::Column &column : after)
        if (!old_places.contains(column.name) && !renamed.contains(column.name))
            out.push_back({"column", column.name, std::nullopt, described(column)});
}

// ---- the rest ---------------------------------------------------------------------------------------------------------

void add_texts(const char *kind, const Texts &before, const Texts &after, Differences &out) {
    auto look_up = [](const Texts &texts, const std::string &name) -> std::optional<std::string> {
        auto const it = texts.find(name);
        return it == texts.end() ? std::nullopt : std::optional(it->second);
    };
    std::set<std::string> names;
    for (const Texts *texts : {&before, &after})
        for (const auto &[name, text] : *texts)
            names.insert(name);
    for (const std::string &name : names)
        if (auto const old_text = look_up(before, name), new_text = look_up(after, name); old_text != new_text)
            out.push_back({kind, name, old_text, new_text});
}

// Printed on the present name of the view, which may have had another, or stood beside it when the index was looked at.
Texts indexes_of(const Version &version, const std::string &view) {
    Texts texts;
    for (const auto &index : version.indexes)
        texts[index.name] = model::index_on(index.canonical, view);
    return texts;
}

Texts options_of(const Version &version) {
    Texts texts;
    for (const auto &option : version.options.reloptions)
        texts[option.name] = option.value;
    if (version.options.tablespace)
        texts["tablespace"] = *version.options.tablespace;
    if (version.options.access_method)
        texts["access_method"] = *version.options.access_method;
    return texts;
}

// What the version reads; nullopt where it could not be built any more.
std::optional<Texts> parents_of(const Version &version) {
    Texts names;
    auto const error = pg::try_in_subtransaction([&] {
        pg::EmptySearchPath const path;
        for (Oid const oid : pg::relations_read(pg::analyse_definition(version.canonical).query))
            if (auto const relation = pg::describe_relation(oid))
                names[relation->name.quoted()] = relation->name.quoted();
    });
    return error ? std::nullopt : std::optional(names);
}

void add_parents(const Version &before, const Version &after, Differences &out) {
    if (before.canonical != after.canonical) {
        auto const old_parents = parents_of(before), new_parents = parents_of(after);
        if (old_parents && new_parents)
            add_texts("parent", *old_parents, *new_parents, out);
    }
    if (before.parents_hash != after.parents_hash)
        out.push_back({"parent", "definitions of managed views", hexadecimal(before.parents_hash),
                       hexadecimal(after.parents_hash)});
}

} // namespace

std::vector<Difference> diff(const pg::QualifiedName &view, const Version &before, const Version &after) {
    if (before.view_id == after.view_id && before.number == after.number)
        return {};
    Differences out = of_definitions(before, after);
    add_columns(before.columns, after.columns, out);
    add_texts("index", indexes_of(before, view.quoted()), indexes_of(after, view.quoted()), out);
    add_texts("option", options_of(before), options_of(after), out);
    if (before.comment != after.comment)
        out.push_back({"comment", "comment", before.comment, after.comment});
    if (before.owner_name != after.owner_name)
        out.push_back({"owner", "owner", before.owner_name, after.owner_name});
    add_parents(before, after, out);
    return out;
}

} // namespace mvmanager::versioning
