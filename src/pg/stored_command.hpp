// Objects that keep a parsed text, written out as the command that stores them anew under their OID, with their owner,
// grants and comments as they are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct StoredCommand {
    std::string text; // every name qualified
    Oid owner = InvalidOid;
    Oid relation = InvalidOid; // that the command locks exclusively: the table of a policy or rule
};

// A rule other than a view's query, a function with a body BEGIN ATOMIC, or a policy. nullopt for anything else: it keeps no
// parsed text.
std::optional<StoredCommand> stored_command(Oid class_id, Oid object);

// An index, a statistics object, or the default of a column: its owner is its relation's. The first command creates it, the others
// tell it its statistics targets, CLUSTER ON and comment.
struct IndexCommand {
    std::vector<std::string> drop;
    std::vector<std::string> create;
};
IndexCommand index_command(Oid class_id, Oid object);

// Runs commands as that role, security-restricted and with search_path = pg_catalog, pg_temp.
void run_as(Oid role, const std::vector<std::string> &commands);

// 'view public.v', 'function public.f(integer)': as DROP names what depends on something, always qualified.
std::string description_of(Oid class_id, Oid object, int column = 0);

} // namespace mvmanager::pg
