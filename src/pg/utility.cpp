#include "pg/utility.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "nodes/primnodes.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
}

namespace mvmanager::pg {

void execute_utility_unsafe(Node *statement, const char *source) {
    ErrorPosition position(source);
    auto *planned = makeNode(PlannedStmt);
    planned->commandType = CMD_UTILITY;
    planned->canSetTag = false;
    planned->utilityStmt = statement;
    planned->stmt_location = 0;
    planned->stmt_len = 0;
    ProcessUtility(planned, source, /* readOnlyTree */ false, PROCESS_UTILITY_QUERY, nullptr, nullptr, None_Receiver,
                   nullptr);
    CommandCounterIncrement();
    position.leave();
}

RangeVar *range_var_unsafe(const QualifiedName &name) {
    return makeRangeVar(pstrdup(name.schema.c_str()), pstrdup(name.name.c_str()), -1);
}

IntoClause *empty_into_unsafe(RangeVar *relation) {
    auto *into = makeNode(IntoClause);
    into->rel = relation;
    into->onCommit = ONCOMMIT_NOOP;
    into->skipData = true;
    return into;
}

Oid create_as_unsafe(CreatedKind kind, IntoClause *into, const AnalysedQuery &query) {
    auto *create = makeNode(CreateTableAsStmt);
    create->query = static_cast<Node *>(copyObjectImpl(query.query));
    create->objtype = kind == CreatedKind::table ? OBJECT_TABLE : OBJECT_MATVIEW;
    create->into = into;
    if (kind == CreatedKind::materialized_view) // the field is a Node before 18, a Query since
        into->viewQuery = reinterpret_cast<decltype(into->viewQuery)>(copyObjectImpl(query.query));
    execute_utility_unsafe(reinterpret_cast<Node *>(create), query.text.c_str());
    return RangeVarGetRelid(into->rel, NoLock, false);
}

} // namespace mvmanager::pg
