// Commands as parse trees, run as the current user through ProcessUtility, so that the server's own checks, event triggers and
// auditing see them. For use inside pg::call, below a pg::OwnDdl.
#pragma once

#include "pg/guard.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

struct IntoClause;
struct Node;
struct RangeVar;

namespace mvmanager::pg {

// `source` is what the statement's positions point into.
void execute_utility_unsafe(Node *statement, const char *source);
RangeVar *range_var_unsafe(const QualifiedName &name);

// CREATE MATERIALIZED VIEW or TABLE ... AS ... WITH NO DATA.
enum class CreatedKind { materialized_view, table };
IntoClause *empty_into_unsafe(RangeVar *relation);
Oid create_as_unsafe(CreatedKind kind, IntoClause *into, const AnalysedQuery &query);

} // namespace mvmanager::pg
