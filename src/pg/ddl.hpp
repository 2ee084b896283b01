// Commands on materialized views, put together as parse trees and run as the current user through ProcessUtility, so
// that the server's own checks, event triggers and auditing see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/definition.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct Storage {
    std::vector<model::Option> reloptions; // 'toast.' in front of a name as in SQL
    std::optional<std::string> tablespace;
    std::optional<std::string> access_method;
    bool has_toast = false; // of storage_of: whether options of the TOAST table mean anything
};

// CREATE MATERIALIZED VIEW ... WITH NO DATA. Returns the new relation, locked as core leaves it.
// Raises what core raises: 42P07 for a name that is taken, positions inside the definition.
Oid create_materialized_view(const QualifiedName &name, const AnalysedQuery &query, const Storage &storage);
void drop_materialized_view(const QualifiedName &name, bool cascade);
void set_comment(const QualifiedName &name, const std::optional<std::string> &comment);
// Sets the first list, resets the names of the second.
void alter_reloptions(const QualifiedName &name, const std::vector<model::Option> &set,
                      const std::vector<std::string> &reset);
void drop_index(const QualifiedName &name);

// Storage parameters, tablespace and access method where they are not the default, and the comment.
Storage storage_of(Oid relation);
std::optional<std::string> comment_of(Oid relation);
// True where the relation is in that tablespace. Raises 42704 when there is none of the name.
bool is_tablespace_of(Oid relation, const std::string &tablespace);

} // namespace mvmanager::pg
