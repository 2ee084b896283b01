#include "pg/rule.hpp"

#include "pg/relation.hpp"
#include "pg/security.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/view.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
}

namespace mvmanager::pg {
namespace {

// The rule of a plain view must name its columns as the view does.
void name_columns_unsafe(Oid view, Query *query) {
    ListCell *cell;
    foreach (cell, query->targetList) {
        auto *entry = lfirst_node(TargetEntry, cell);
        if (entry->resjunk)
            continue;
        if (char *name = get_attname(view, entry->resno, /* missing_ok */ true))
            entry->resname = name;
    }
}

} // namespace

void replace_rule(Oid view, const AnalysedQuery &query) {
    auto const relation = describe_relation(view);
    if (!relation)
        throw Error(sqlstate::undefined_table, "relation with OID {} does not exist", view);
    SecurityScope const as_owner(relation->owner, RunAs::view_owner);
    call([&] {
        auto *copy = static_cast<Query *>(copyObjectImpl(query.query));
        name_columns_unsafe(view, copy);
        StoreViewQuery(view, copy, /* replace */ true);
        CommandCounterIncrement();
    });
}

} // namespace mvmanager::pg
