// A condition on a materialized view's own columns, as text from a caller.
#pragma once

#include <string>
#include <string_view>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

struct Node;
struct Query;

namespace mvmanager::pg {

// Lives in the memory context that was current when it was made.
//
// REQUIRES: a SecurityScope of the view's owner, since whatever the condition calls runs as the owner, and a lock on the
// view. Names in the text are looked up under that scope's search_path.
// Refused: text that is no single expression (42601), another type than boolean (42804), subqueries, system columns and whole
// rows (0A000), aggregates, window and set-returning functions (42803, 42P20, 0A000), parameters (42P02), functions that are volatile
// (42P17), and a condition on no column at all (22023).
class Predicate {
public:
    // `other`: somebody who may refresh the view but is not its owner, and must come to nothing that the owner could. Refused
    // for them (42501), before anything of theirs could run as the owner: types, functions and operators that are not the
    // server's own, since even reading a literal runs the checks of a domain; functions that could tell values of the view
    // by their errors or otherwise (leakproof); and those that could read tables.
    enum class Author { owner, other };
    Predicate(Oid view, std::string_view text, Author author);

    // SELECT every column FROM the view WHERE the condition; the view is range table entry 1.
    const Query *query() const { return query_; }
    // The condition on Vars of relation 1, as it came out of analysis.
    Node *condition() const;

private:
    Query *query_ = nullptr;
};

} // namespace mvmanager::pg
