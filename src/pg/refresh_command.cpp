#include "pg/refresh_command.hpp"

#include "format.hpp"
#include "pg/own_ddl.hpp"
#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "nodes/makefuncs.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
}

namespace mvmanager::pg {

std::int64_t refresh_materialized_view(const Relation &relation, Concurrently concurrently) {
    OwnRefresh const own(relation.oid);
    // Shown by what looks at statements (pg_stat_statements, auto_explain); executed is the tree below.
    std::string const shown = format("REFRESH MATERIALIZED VIEW {}{}",
                                     concurrently == Concurrently::yes ? "CONCURRENTLY " : "", relation.name.quoted());
    return call([&] {
        auto *statement = makeNode(RefreshMatViewStmt);
        statement->concurrent = concurrently == Concurrently::yes;
        statement->skipData = false;
        statement->relation =
            makeRangeVar(pstrdup(relation.name.schema.c_str()), pstrdup(relation.name.name.c_str()), -1);

        auto *wrapper = makeNode(PlannedStmt);
        wrapper->commandType = CMD_UTILITY;
        wrapper->canSetTag = false;
        wrapper->utilityStmt = reinterpret_cast<Node *>(statement);
        wrapper->stmt_location = -1;
        wrapper->stmt_len = 0;

        QueryCompletion completion;
        InitializeQueryCompletion(&completion);
        ProcessUtility(wrapper, shown.c_str(), /* readOnlyTree */ false, PROCESS_UTILITY_QUERY, nullptr, nullptr,
                       None_Receiver, &completion);
        CommandCounterIncrement();
        return static_cast<std::int64_t>(completion.nprocessed);
    });
}

} // namespace mvmanager::pg
