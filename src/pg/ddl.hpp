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

struct IndexStmt;

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
// The same definition as an empty table, to look at indexes without touching the view: a temporary one of the view's name
// or, where the caller may not create any, one of another name beside the view. REQUIRES: it is rolled back.
// It belongs to `owner`, so that what an index on it calls runs as on the view itself.
Oid create_scratch_table(const QualifiedName &view, const AnalysedQuery &query, Oid owner);

void drop_materialized_view(const QualifiedName &name, bool cascade);
void set_comment(const QualifiedName &name, const std::optional<std::string> &comment);
// Sets the first list, resets the names of the second.
void alter_reloptions(const QualifiedName &name, const std::vector<model::Option> &set,
                      const std::vector<std::string> &reset);
void drop_index(const QualifiedName &name);

// One CREATE INDEX statement, parsed. Lives in the memory context in which it was parsed.
class IndexText {
public:
    // Raises 42P16 for what is no single CREATE INDEX on `view`, 0A000 for CONCURRENTLY.
    IndexText(std::string_view text, const QualifiedName &view);
    // Any relation, for what the server printed.
    explicit IndexText(std::string_view text);

    const std::string &text() const { return text_; }
    // The name in the text, if there is one.
    std::optional<std::string> name() const;
    // Equal but for the name of the relation, and for the index name where one of them has none.
    bool same_index(const IndexText &other) const;
    // Equal but for the names of relation and index.
    bool same_index_any_name(const IndexText &other) const;
    // Runs it on the relation. Returns the new index.
    Oid create(const Relation &relation) const;

private:
    void parse();
    bool equal_but_names(const IndexText &other, bool ignore_name) const;
    std::string text_;
    IndexStmt *statement_ = nullptr;
};

struct IndexDescription {
    Oid oid = InvalidOid;
    std::string name;
    std::string canonical; // pg_get_indexdef under an empty search_path
    bool valid = false;
};
// Indexes of a relation, by name.
std::vector<IndexDescription> indexes_of(Oid relation);

// Storage parameters, tablespace and access method where they are not the default, and the comment.
Storage storage_of(Oid relation);
std::optional<std::string> comment_of(Oid relation);
// True where the relation is in that tablespace. Raises 42704 when there is none of the name.
bool is_tablespace_of(Oid relation, const std::string &tablespace);

} // namespace mvmanager::pg
