// The rule of a view, which is its query.
#pragma once

#include "pg/query.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Makes `query` the query of a materialized or plain view, under the OID the rule has; what the rule depends on is recorded
// anew. Runs as the view's owner, who must be allowed what CREATE VIEW asks for. Options of a plain view stay as they are.
// The names of the query's columns become those of the view's.
// REQUIRES: AccessExclusiveLock on the view; the query has the view's columns, types and collations, in order. Ends with
// CommandCounterIncrement. Raises 42P17 where the columns differ.
void replace_rule(Oid view, const AnalysedQuery &query);

} // namespace mvmanager::pg
