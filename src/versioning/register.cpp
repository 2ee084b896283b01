#include "versioning/register.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "format.hpp"
#include "pg/dependency.hpp"
#include "pg/hash.hpp"
#include "pg/lock.hpp"
#include "pg/security.hpp"
#include "pg/values.hpp"
#include "versioning/retention.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

std::vector<model::Parent> managed_parents(const std::vector<Oid> &relations) {
    std::vector<model::Parent> parents;
    for (Oid const oid : pg::stored_relations(relations)) {
        auto const read = pg::describe_relation(oid);
        if (!read || !read->is_materialized_view())
            continue;
        if (auto const view = catalog::views::find(read->name); view && view->live_version)
            parents.push_back({view->id, catalog::versions::data_hash_of(view->id, *view->live_version)});
    }
    return parents;
}

} // namespace

void lock_name(const pg::QualifiedName &name) {
    auto const key = pg::hash64(name.schema + '\0' + name.name);
    pg::acquire(pg::LockSpace::registration, key, pg::LockLevel::transaction, pg::Wait::yes);
}

void lock_versions(std::int64_t view_id) {
    pg::acquire(pg::LockSpace::versions, static_cast<std::uint64_t>(view_id), pg::LockLevel::transaction,
                pg::Wait::yes);
}

void lock_view(std::int64_t view_id) {
    pg::acquire(pg::LockSpace::view, static_cast<std::uint64_t>(view_id), pg::LockLevel::transaction, pg::Wait::yes);
}

void require_ordinary_schema(const pg::QualifiedName &name) {
    if (name.schema == "mvmanager" || name.schema == "mvmanager_data")
        throw pg::Error(pg::make_sqlstate("42939"), "schema \"{}\" is reserved for mvmanager", name.schema)
            .hint("Use another schema.");
    if (name.schema.starts_with("pg_temp"))
        throw pg::Error(pg::sqlstate::invalid_table_definition, "a managed view cannot be temporary")
            .hint("Use a permanent schema.");
}

void check_label(const std::optional<std::string> &label) {
    if (label && label->empty())
        throw pg::Error(pg::sqlstate::invalid_argument, "label must not be empty")
            .hint("Leave it out, or pass the revision of the migration.");
    constexpr std::size_t longest = 1024; // what an index takes, however badly it compresses
    if (label && label->size() > longest)
        throw pg::Error(pg::sqlstate::invalid_argument, "label must not be longer than {} bytes", longest)
            .detail("It has {}.", label->size())
            .hint("Pass the revision of the migration.");
}

void check_label_is_free(const catalog::views::View &view, const std::optional<std::string> &label,
                         const std::string &canonical, const std::vector<model::Column> &columns) {
    if (!label)
        return;
    auto const change = catalog::changes::find_label(view.id, *label);
    if (!change || !change->to_version || change->action == "rolled_back")
        return; // never used, or undone
    auto const version = catalog::versions::get(view.id, *change->to_version);
    if (!version || version->server_major != PG_VERSION_NUM / 10000 ||
        version->data_hash == catalog::versions::data_hash(canonical, columns))
        return;
    throw pg::Error(pg::sqlstate::duplicate_object, "label \"{}\" of materialized view \"{}\" names another definition",
                    *label, view.name.quoted())
        .detail("It led to version {}.", version->number)
        .hint("{}", view.ended ? std::string("Use a new label, or none.")
                               : format("Use a new label, or call mv_definition({}, {}) to see what this one names.",
                                        pg::quote_literal(view.name.quoted()), version->number));
}

void end_orphan(const catalog::views::View &view) {
    retire(view, Archives::drop);
    catalog::views::end(view.id, catalog::views::Ended::dropped);
    catalog::changes::add(view.id, "dropped", std::nullopt, view.live_version, std::nullopt);
}

std::vector<model::Parent> parents_of(const pg::AnalysedQuery &query) {
    return managed_parents(pg::relations_read(query.query));
}

catalog::versions::NewVersion describe(const pg::Relation &relation, std::string text, const Indexes &indexes,
                                       const char *origin) {
    pg::AnalysedQuery const live = pg::live_definition(relation.oid);
    pg::Storage const storage = pg::storage_of(relation.oid);
    catalog::versions::NewVersion version{
        .definition = std::move(text),
        .canonical = live.canonical,
        .columns = live.columns,
        .options = {storage.reloptions, storage.tablespace, storage.access_method},
        .comment = pg::comment_of(relation.oid),
        .parents = managed_parents(pg::relations_read_by(relation.oid)),
        .owner_name = pg::role_name(relation.owner),
        .author = pg::role_name(pg::call([] { return GetSessionUserId(); })),
        .origin = origin,
    };
    for (const auto &index : pg::indexes_of(relation.oid))
        if (auto const it = indexes.find(index.name); it != indexes.end())
            version.indexes.push_back({index.name, it->second, index.canonical});
    return version;
}

Indexes registered_indexes(const catalog::views::View &view) {
    Indexes indexes;
    if (view.live_version)
        if (auto const version = catalog::versions::get(view.id, *view.live_version))
            for (const auto &index : version->indexes)
                indexes[index.name] = index.written;
    return indexes;
}

} // namespace mvmanager::versioning
