// What creating, adopting and altering share: the locks that make a name belong to one caller, and a relation described
// as a version.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "pg/ddl.hpp"
#include "pg/index_text.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// What a mutator answers; api turns it into a row of type mv_change.
struct Change {
    pg::QualifiedName name;
    std::int64_t view_id = 0;
    std::optional<int> version;
    std::string action;
    std::string state;
    Oid relation = InvalidOid;
    std::string message;
};

// Held to the end of the transaction: nobody else creates, adopts or ends a view of that name meanwhile.
// REQUIRES: taken before any lock of a view or relation.
void lock_name(const pg::QualifiedName &name);
// One registration of a version at a time. Never taken by who holds the view's lock already: who builds or refreshes holds that
// for long, and a migration is not to wait for it.
// REQUIRES: taken after lock_name, before lock_view.
void lock_versions(std::int64_t view_id);
// One refresh or change of a view at a time. REQUIRES: taken before any lock on its relation.
void lock_view(std::int64_t view_id);

// Raises 42939 for names in the schemas of the extension and 42P16 for temporary ones.
void require_ordinary_schema(const pg::QualifiedName &name);
// Raises 22023 for an empty label.
void check_label(const std::optional<std::string> &label);

// Raises 42710 where the label led to a version of another definition: it means one.
void check_label_is_free(const catalog::views::View &view, const std::optional<std::string> &label,
                         const std::string &canonical, const std::vector<model::Column> &columns);

// Ends a view whose relation is gone or about to go, with all rows of its versions, so that its name is free again.
void end_orphan(const catalog::views::View &view);

// The indexes that belong to a version, by name, with the text as written where there is one. Others of the relation were
// made by hand: they are left alone and are no part of a version.
using Indexes = std::map<std::string, std::optional<std::string>>;

// The managed views that the query reads, and what their rows are made of.
std::vector<model::Parent> parents_of(const pg::AnalysedQuery &query);

// The relation as it is now, with those of its indexes. The definition is `text`.
catalog::versions::NewVersion describe(const pg::Relation &relation, std::string text, const Indexes &indexes,
                                       const char *origin);

// Those of the version that is live.
Indexes registered_indexes(const catalog::views::View &view);

} // namespace mvmanager::versioning
