#include "pg/view_query.hpp"

#include "pg/execution.hpp"
#include "pg/query.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
}

namespace mvmanager::pg {
namespace {

// The condition's query selects from the view by itself; here the view stands for its own query.
Query *with_condition_unsafe(const Predicate &predicate, Query *rows) {
    auto *query = static_cast<Query *>(copyObjectImpl(predicate.query()));
    auto *entry = linitial_node(RangeTblEntry, query->rtable);
    entry->rtekind = RTE_SUBQUERY;
    entry->subquery = rows;
    entry->relid = InvalidOid;
    entry->relkind = 0;
    entry->rellockmode = 0;
    entry->inh = false;
#if PG_VERSION_NUM >= 160000
    entry->perminfoindex = 0;
    query->rteperminfos = NIL;
#else
    entry->requiredPerms = 0;
    entry->checkAsUser = InvalidOid;
    entry->selectedCols = nullptr;
#endif
    return query;
}

PlannedStmt *plan_unsafe(Oid view, const Predicate *predicate) {
    Query *query = rule_query_unsafe(view);
    if (predicate)
        query = with_condition_unsafe(*predicate, query);
    // Locks everything the query reads, which planning takes for granted.
    AcquireRewriteLocks(query, true, false);
    List *const rewritten = QueryRewrite(query);
    if (list_length(rewritten) != 1)
        elog(ERROR, "unexpected rewrite result for a materialized view");
    CHECK_FOR_INTERRUPTS();
    return pg_plan_query(linitial_node(Query, rewritten), "", CURSOR_OPT_PARALLEL_OK, nullptr);
}

} // namespace

ViewQuery::ViewQuery(Oid view, const Predicate *predicate)
    : name_(call([&] { return psprintf("REFRESH MATERIALIZED VIEW %s", get_rel_name(view)); })),
      plan_(call([&] { return plan_unsafe(view, predicate); })) {}

double ViewQuery::estimated_rows() const { return plan_->planTree->plan_rows; }

bool ViewQuery::is_parallel() const { return plan_->parallelModeNeeded; }

std::int64_t ViewQuery::run(RowReceiver &receiver) { return execute_plan(plan_, name_, receiver); }

} // namespace mvmanager::pg
