#include "pg/statement.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "tcop/pquery.h"
#include "utils/portal.h"
}

namespace mvmanager::pg {
namespace {

// Before 16 the server declares walkers without arguments.
struct Calls {
    Oid function;
    int count;
};

bool count_unsafe(Node *node, void *context) {
    if (!node)
        return false;
    auto *calls = static_cast<Calls *>(context);
    if (IsA(node, FuncExpr) && reinterpret_cast<FuncExpr *>(node)->funcid == calls->function)
        ++calls->count;
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(count_unsafe));
    return expression_tree_walker(node, walker, context);
}

// (mv_refresh('v')).* is as many calls as it has columns; FROM mv_refresh('v') is one.
int calls_in_unsafe(const Plan *plan, Oid function) {
    Calls calls{function, 0};
    count_unsafe(reinterpret_cast<Node *>(plan->targetlist), &calls);
    if (IsA(plan, FunctionScan)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<const FunctionScan *>(plan)->functions)
            count_unsafe(lfirst_node(RangeTblFunction, cell)->funcexpr, &calls);
    }
    return calls.count;
}

bool under_spi_unsafe() {
    // Asks to forget a relation that is not there: without a connection that is another error.
    return SPI_unregister_relation("mvmanager") != SPI_ERROR_UNCONNECTED;
}

} // namespace

bool is_whole_statement(Oid function) {
    return call([&] {
        if (IsTransactionBlock() || GetCurrentTransactionNestLevel() > 1 || !ActivePortal || under_spi_unsafe())
            return false;
        List *const statements = ActivePortal->stmts;
        if (ActivePortal->strategy != PORTAL_ONE_SELECT || list_length(statements) != 1)
            return false;
        const auto *statement = linitial_node(PlannedStmt, statements);
        const Plan *plan = statement->planTree;
        if (!plan || statement->subplans || plan->lefttree || plan->righttree || plan->initPlan)
            return false;
        if (!IsA(plan, Result) && !IsA(plan, FunctionScan))
            return false;
        return calls_in_unsafe(plan, function) == 1;
    });
}

} // namespace mvmanager::pg
