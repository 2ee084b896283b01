#include "versioning/export.hpp"

#include <algorithm>
#include <cctype>
#include <ranges>

#include "catalog/changes.hpp"
#include "catalog/extension.hpp"
#include "catalog/schedules.hpp"
#include "format.hpp"
#include "model/sql_text.hpp"
#include "pg/ddl.hpp"
#include "pg/hash.hpp"
#include "pg/query.hpp"
#include "pg/relation_sql.hpp"
#include "pg/script.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "versioning/verify.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;
using model::migration::Argument;
using model::migration::Call;
using model::migration::Format;
using model::migration::Migration;
using model::migration::Type;

constexpr std::size_t longest_revision = 32; // alembic_version.version_num

// Our functions where they are called: qualified unless they are where every tool looks.
std::string function(const char *name) {
    std::string const schema = pg::call([] { return get_namespace_name(catalog::require_extension().schema); });
    return schema == "public" ? std::string(name) : pg::quote_identifier(schema) + "." + name;
}

bool is_revision(const std::string &label) {
    return !label.empty() && label.size() <= longest_revision && std::ranges::all_of(label, [](unsigned char c) {
        return std::isalnum(c) || c == '_' || c == '-' || c == '.';
    });
}

// Letters, digits and underscores of a name.
std::string slug(const pg::QualifiedName &name) {
    std::string out;
    for (unsigned char const c : name.schema == "public" ? name.name : name.schema + "_" + name.name)
        out += std::isalnum(c) && c < 0x80 ? static_cast<char>(std::tolower(c)) : '_';
    return out;
}

// The label that led to the version, if a tool can use it, else one made of name and number.
std::string revision_of(const Exported &exported) {
    auto const changes = catalog::changes::all(exported.view.id);
    for (const auto &change : changes | std::views::reverse)
        if (change.to_version == exported.version.number && change.label && is_revision(*change.label))
            return *change.label;
    auto const tail = format("_v{}", exported.version.number);
    auto head = slug(exported.view.name);
    if (head.size() + tail.size() > longest_revision) {
        auto const mark = "_" + hexadecimal(pg::sha256(exported.view.name.quoted())).substr(0, 8);
        head = head.substr(0, longest_revision - tail.size() - mark.size()) + mark;
    }
    return head + tail;
}

// ---- what is written --------------------------------------------------------------------------------------------------

// The query, frozen: as its author wrote it where that means the same whatever search_path is and however tables grow, else
// as the server prints it.
struct Query {
    std::string text, canonical;
    bool as_written = false;
};

bool has_semicolon(std::string_view sql) {
    for (std::size_t at = 0; at < sql.size();) {
        model::Token const token = model::token_at(sql, at);
        if (token.kind == model::TokenKind::symbol && sql[at] == ';')
            return true;
        at += token.length;
    }
    return false;
}

Query query_of(const Exported &exported) {
    const Version &version = exported.version;
    std::string canonical = version.canonical;
    // What it reads may have been renamed since.
    if (exported.view.live_version == version.number)
        canonical = pg::live_definition(exported.relation.oid).canonical;
    bool same = false;
    pg::try_in_subtransaction([&] {
        pg::EmptySearchPath const path;
        same = !pg::has_star(version.definition) && pg::analyse_definition(version.definition).canonical == canonical;
    });
    return {same ? version.definition : canonical, canonical, same};
}

std::string json_of(const std::vector<std::pair<std::string, std::optional<std::string>>> &fields) {
    auto quoted = [](const std::string &text) {
        std::string out = "\"";
        for (char const c : text) {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
        return out + "\"";
    };
    std::vector<std::string> parts;
    for (const auto &[name, value] : fields)
        parts.push_back(quoted(name) + ": " + (value ? quoted(*value) : "null"));
    return "{" + join(parts, ", ") + "}";
}

Argument text(std::string name, std::string value) { return {std::move(name), Type::text, {std::move(value)}}; }

// mv_apply with all the version says; with `from`, also what it no longer says.
Call apply_call(const Exported &exported, const Query &query, const std::string &revision, const Version *from) {
    const Version &version = exported.version;
    Call call{function("mv_apply"), {text("", exported.view.name.quoted()), {"", Type::query, {query.text}}}};
    std::vector<std::string> indexes;
    for (const auto &index : version.indexes)
        indexes.push_back(model::index_on(index.canonical, exported.view.name.quoted()));
    if (!indexes.empty() || (from && !from->indexes.empty()))
        call.arguments.push_back({"indexes", Type::texts, indexes});
    call.arguments.push_back(text("label", revision));
    if (version.comment)
        call.arguments.push_back(text("comment", *version.comment));
    else if (from && from->comment)
        call.arguments.push_back(text("comment", ""));
    std::vector<std::pair<std::string, std::optional<std::string>>> options;
    for (const auto &option : version.options.reloptions)
        options.emplace_back(option.name, option.value);
    if (from)
        for (const auto &option : from->options.reloptions)
            if (std::ranges::find(version.options.reloptions, option.name, &model::Option::name) ==
                version.options.reloptions.end())
                options.emplace_back(option.name, std::nullopt);
    if (!from && version.options.tablespace)
        options.emplace_back("tablespace", version.options.tablespace);
    if (!from && version.options.access_method)
        options.emplace_back("access_method", version.options.access_method);
    if (!options.empty())
        call.arguments.push_back({"options", Type::json, {json_of(options)}});
    // One that is no longer there, or has another definition.
    auto const text_of = [&](const catalog::versions::Index &index) {
        return model::index_on(index.canonical, exported.view.name.quoted());
    };
    bool const drops = from && std::ranges::any_of(from->indexes, [&](const catalog::versions::Index &index) {
                           return std::ranges::find(version.indexes, text_of(index), text_of) == version.indexes.end();
                       });
    if (drops)
        call.arguments.push_back({"drop_indexes", Type::boolean, {"true"}});
    return call;
}

// Core's own SQL for a version. Of the live one with everything that hangs on the relation, made by hand or not.
std::vector<std::string> core_statements(const Exported &exported, const Query &query) {
    const Version &version = exported.version;
    std::string const name = exported.view.name.quoted();
    bool const is_live = exported.view.live_version == version.number;
    pg::RelationSql const around = pg::relation_sql(exported.relation.oid);

    std::string create = "CREATE MATERIALIZED VIEW " + name;
    if (version.options.access_method)
        create += "\nUSING " + pg::quote_identifier(*version.options.access_method);
    std::vector<std::string> options;
    for (const auto &option : version.options.reloptions) {
        auto const dot = option.name.find('.');
        options.push_back((dot == std::string::npos
                               ? pg::quote_identifier(option.name)
                               : option.name.substr(0, dot + 1) + pg::quote_identifier(option.name.substr(dot + 1))) +
                          " = " + pg::quote_literal(option.value));
    }
    if (!options.empty())
        create += "\nWITH (" + join(options, ", ") + ")";
    if (version.options.tablespace)
        create += "\nTABLESPACE " + pg::quote_identifier(*version.options.tablespace);
    const std::string &body = has_semicolon(query.text) ? query.canonical : query.text;
    std::vector<std::string> out{create + "\nAS\n" + body + "\nWITH NO DATA"};

    auto append = [&](const std::vector<std::string> &statements) {
        out.insert(out.end(), statements.begin(), statements.end());
    };
    if (is_live) {
        append(around.indexes);
        append(around.settings);
        append(around.statistics);
    } else {
        for (const auto &index : version.indexes)
            out.push_back(model::index_on(index.canonical, name));
    }
    auto const comment = is_live ? pg::comment_of(exported.relation.oid) : version.comment;
    if (comment)
        out.push_back("COMMENT ON MATERIALIZED VIEW " + name + " IS " + pg::quote_literal(*comment));
    if (is_live)
        append(around.comments);
    append(around.owner);
    append(around.grants);
    if (is_live)
        append(around.column_grants);
    if (!is_live || exported.relation.populated)
        out.push_back("REFRESH MATERIALIZED VIEW " + name);
    return out;
}

void add_notes(const Exported &exported, const Query &query, Migration &migration) {
    if (!query.as_written)
        migration.notes.push_back(format("{}: the query is as the server prints it, every name qualified; as it was "
                                         "written it depends on search_path or on a *.",
                                         exported.view.name.quoted()));
}

bool keeps_columns(const Version &from, const Version &to) {
    return from.columns.size() <= to.columns.size() &&
           std::ranges::equal(from.columns, to.columns | std::views::take(from.columns.size()),
                              [](const model::Column &a, const model::Column &b) {
                                  return a.name == b.name && a.type == b.type && a.collation == b.collation;
                              });
}

void add_view(const Exported &exported, const Version *from, const std::string &revision, Format format,
              Migration &migration) {
    pg::check_for_interrupts();
    Query const query = query_of(exported);
    add_notes(exported, query, migration);
    std::string const name = exported.view.name.quoted();
    if (format == Format::plain) {
        if (from)
            migration.statements.push_back("DROP MATERIALIZED VIEW " + name);
        auto const statements = core_statements(exported, query);
        migration.statements.insert(migration.statements.end(), statements.begin(), statements.end());
        return;
    }
    migration.up.push_back(apply_call(exported, query, revision, from));
    if (!from)
        if (auto const schedule = catalog::schedules::get(exported.view.id))
            migration.up.push_back(
                {function("mv_schedule"),
                 {text("", name), text("", schedule->text), text("time_zone", schedule->time_zone)}});
    migration.down.insert(migration.down.begin(),
                          Call{function("mv_rollback"), {text("", name), text("undo_label", revision)}});
    migration.verify.push_back({function("mv_history"), {text("", name), text("label", revision)}});
}

} // namespace

std::string export_creation(const std::vector<Exported> &views, Format format_wanted) {
    Migration migration;
    if (views.size() == 1) {
        migration.revision = revision_of(views.front());
        migration.title =
            format("Materialized view {}, version {}", views.front().view.name.quoted(), views.front().version.number);
    } else {
        std::string all;
        for (const Exported &exported : views)
            all += exported.view.name.quoted() + exported.version.chain_hash;
        migration.revision = "mv_" + hexadecimal(pg::sha256(all)).substr(0, 12);
        migration.title = format("{} materialized views", views.size());
    }
    for (const Exported &exported : views)
        add_view(exported, nullptr, migration.revision, format_wanted, migration);
    return model::migration::write(migration, format_wanted);
}

std::string export_change(const Exported &view, const Version &from, Format format_wanted) {
    Migration migration;
    migration.revision = revision_of(view);
    migration.title = format("Materialized view {}, from version {} to {}", view.view.name.quoted(), from.number,
                             view.version.number);
    add_view(view, &from, migration.revision, format_wanted, migration);
    if (format_wanted == Format::plain)
        migration.notes.push_back(
            "Core can only drop and create: run it in one transaction, and readers wait for its end.");
    else if (!keeps_columns(from, view.version))
        migration.notes.push_back(
            "Columns are dropped, moved, renamed or of another type: where something uses them, add "
            "dependents => 'recreate' or rename_columns.");
    return model::migration::write(migration, format_wanted);
}

} // namespace mvmanager::versioning
