// A view's definition: parsed as exactly one query, analysed, and printed in one canonical form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/definition.hpp"
#include "pg/guard.hpp"

#include "pg/postgres.hpp"

struct Query;

namespace mvmanager::pg {

struct WrittenName;

// search_path = pg_catalog, pg_temp until the scope ends: what is printed inside is qualified.
class EmptySearchPath {
public:
    EmptySearchPath();
    ~EmptySearchPath();
    EmptySearchPath(const EmptySearchPath &) = delete;
    EmptySearchPath &operator=(const EmptySearchPath &) = delete;

private:
    int nest_level_;
    int exceptions_;
};

// The same, and constants are printed so that they read as the same values again, whatever the session has set.
class FaithfulText : public EmptySearchPath {
public:
    FaithfulText();
};

// Lives in the memory context that was current when it was made.
struct AnalysedQuery {
    std::string text; // as written
    Query *query = nullptr;
    std::string canonical;
    std::vector<model::Column> columns;
};

// Parses `text` as exactly one SELECT, VALUES, TABLE or WITH query and analyses it with the search_path in force.
// Raises what the server raises for a materialized view of that query, positions inside `text`, and 42601 for what is
// no single query, 0A000 for data-modifying WITH and temporary relations, 42P02 for $1.
AnalysedQuery analyse_definition(std::string_view text);

// The same for a plain view, which may do more: read temporary relations and lock rows.
AnalysedQuery analyse_view(std::string_view text);

// The query a materialized view has now, with the view's present column names. Takes no lock on the view.
// REQUIRES: `relation` is a materialized or plain view. Raises XX000 if its rule is gone.
AnalysedQuery live_definition(Oid relation);

// What the materialized view's rule holds, its column names as they were when it was made. For use inside pg::call. Raises
// XX000 if the rule is gone.
Query *rule_query_unsafe(Oid relation);

// The same with the view's present column names.
Query *live_query_unsafe(Oid relation);

// A query as its canonical text; of a rule, with the relation that has it.
std::string printed(const Query *query, Oid relation);

// pg_get_viewdef without pretty printing, leading space and closing semicolon, every name qualified.
std::string definition_text(Oid relation);

// The names of relations in the text of a query, as written, without those of its WITH queries. Nothing is looked up. Raises
// what parse errors raise.
std::vector<WrittenName> names_read(const std::string &text);

// Every relation the query names, subqueries included, each once.
std::vector<Oid> relations_read(const Query *query);

// 1-based character position of a byte offset; 0 for a negative one (unknown).
int character_position(const std::string &text, int offset);

// Errors raised below the scope point into `text` rather than into the client's statement.
// For use inside pg::call: trivially destructible, and unwound with it.
struct ErrorPosition {
    explicit ErrorPosition(const char *text);
    void leave() { error_context_stack = callback_.previous; }

private:
    ErrorContextCallback callback_;
};

} // namespace mvmanager::pg
