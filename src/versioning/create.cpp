#include "versioning/create.hpp"

#include "catalog/changes.hpp"
#include "pg/values.hpp"
#include "pg/wait_point.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

const char *kind_of(char relkind) {
    switch (relkind) {
    case 'r':
    case 'p':
        return "a table";
    case 'v':
        return "a view";
    case 'i':
    case 'I':
        return "an index";
    case 'S':
        return "a sequence";
    case 'f':
        return "a foreign table";
    case 'c':
        return "a composite type";
    default:
        return "another relation";
    }
}

void require_free_name(const pg::QualifiedName &name) {
    auto const quoted = name.quoted();
    auto const literal = pg::quote_literal(quoted);
    auto const relation = pg::find_relation(name);
    auto const managed = catalog::views::find(name);
    if (relation && !relation->is_materialized_view())
        throw pg::Error(pg::sqlstate::wrong_object_type, "\"{}\" is not a materialized view", quoted)
            .detail("It is {}.", kind_of(relation->kind))
            .hint("Choose another name for the view, or rename what has it now.");
    if (relation && managed)
        throw pg::Error(pg::sqlstate::duplicate_object, "materialized view \"{}\" is already managed", quoted)
            .hint("Call mv_apply({}, ...) with the same arguments: it creates, alters or leaves the view as needed.",
                  literal);
    if (relation)
        throw pg::Error(pg::sqlstate::duplicate_table, "materialized view \"{}\" already exists", quoted)
            .hint("Call mv_adopt({}) to manage it as it is.", literal);
    if (managed)
        end_orphan(*managed);
}

// Somebody who does not ask for the name's lock (CREATE TABLE) can be faster; the server then sees two equal catalog rows.
Oid create_relation(const pg::QualifiedName &name, const pg::AnalysedQuery &query, const pg::Storage &storage) {
    try {
        return pg::create_materialized_view(name, query, storage);
    } catch (const pg::Error &error) {
        auto const &constraint = error.fields().constraint;
        if (constraint != "pg_class_relname_nsp_index" && constraint != "pg_type_typname_nsp_index")
            throw;
    }
    throw pg::Error(pg::sqlstate::duplicate_table, "relation \"{}\" already exists", name.quoted())
        .detail("Another session created it at the same time.");
}

} // namespace

Change create(const pg::WrittenName &written_name, const Definition &definition) {
    check_label(definition.label);
    pg::QualifiedName const name = pg::creation_name(written_name);
    require_ordinary_schema(name);
    lock_name(name);
    pg::wait_point("create-after-lock");
    require_free_name(name);

    std::vector<pg::IndexText> indexes;
    for (const std::string &text : definition.indexes)
        indexes.emplace_back(text, name);
    pg::AnalysedQuery const query = pg::analyse_definition(definition.text);
    Oid const oid = create_relation(name, query, definition.storage);
    auto const relation = pg::describe_relation(oid);
    if (!relation)
        throw pg::Error(pg::sqlstate::internal_error, "materialized view \"{}\" was not created", name.quoted());

    Indexes registered;
    for (const pg::IndexText &index : indexes) {
        Oid const index_oid = index.create(*relation);
        registered[pg::describe_relation(index_oid)->name.name] = index.text();
    }
    if (definition.comment)
        pg::set_comment(name, *definition.comment);

    Change change{.name = name, .action = "created", .state = "live", .relation = oid};
    change.view_id = catalog::views::add(name);
    lock_view(change.view_id);
    change.version = catalog::versions::add(change.view_id, describe(*relation, definition.text, registered, "created"),
                                            model::VersionState::live);
    catalog::views::set_live(change.view_id, *change.version);
    catalog::changes::add(change.view_id, change.action, definition.label, std::nullopt, change.version);
    return change;
}

} // namespace mvmanager::versioning
