// CREATE INDEX as text: parsed, compared, run, and printed as the server would.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/column_change.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

struct IndexStmt;

namespace mvmanager::pg {

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
    // The tablespace in the text, if there is one.
    std::optional<std::string> tablespace() const;
    // Renames columns wherever it names them. The text stays as it was.
    void rename_columns(const std::vector<model::Rename> &renames);
    // Runs it on the relation, under that name where one is given. Returns the new index.
    Oid create(const Relation &relation, const std::optional<std::string> &name = std::nullopt) const;
    // Makes it on the relation under that name with an empty file, as the server does for an index that it builds later.
    // REQUIRES: a SecurityScope of the relation's owner; the search_path the text was written for.
    Oid create_empty(Oid relation, const std::string &name, const std::optional<std::string> &tablespace) const;

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

// What the server would print for indexes on a materialized view of that query, which need not exist: they are created on an
// empty table of its columns and rolled back. One result a text, in order: name and print, or the error.
struct PrintedIndex {
    std::string name;
    std::string canonical;
    std::optional<Error> error;
};
std::vector<PrintedIndex> print_indexes(const QualifiedName &view, const AnalysedQuery &query, Oid owner,
                                        const std::vector<IndexText> &texts);

} // namespace mvmanager::pg
