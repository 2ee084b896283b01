#include "pg/substituted_query.hpp"

#include <cstring>

#include "pg/execution.hpp"
#include "pg/query.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
}

namespace mvmanager::pg {
namespace {

struct Substitution {
    const char *schema, *name;
    const char *to_schema, *to_name;
};

bool substitute_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(substitute_unsafe));
    if (!node)
        return false;
    if (!IsA(node, RangeVar))
        return raw_expression_tree_walker(node, walker, context);
    auto *variable = reinterpret_cast<RangeVar *>(node);
    const auto *wish = static_cast<const Substitution *>(context);
    if (strcmp(variable->relname, wish->name) != 0 ||
        (variable->schemaname && strcmp(variable->schemaname, wish->schema) != 0))
        return false;
    if (!variable->alias)
        variable->alias = makeAlias(wish->name, NIL);
    variable->schemaname = pstrdup(wish->to_schema);
    variable->relname = pstrdup(wish->to_name);
    return false;
}

struct FirstAnswer {
    RowReceiver receiver;
    int rows = 0;
    bool is_null = true;
    bool value = false;
};

void take_unsafe(RowReceiver *receiver, TupleTableSlot *slot) {
    auto *answer = reinterpret_cast<FirstAnswer *>(receiver);
    ++answer->rows;
    answer->value = DatumGetBool(slot_getattr(slot, 1, &answer->is_null));
}

PlannedStmt *plan_unsafe(RawStmt *statement, const char *text) {
    ErrorPosition position(text);
    auto *copy = static_cast<RawStmt *>(copyObjectImpl(statement));
    Query *query = parse_analyze_fixedparams(copy, text, nullptr, 0, nullptr);
    auto *first = query->targetList == NIL ? nullptr : linitial_node(TargetEntry, query->targetList);
    if (query->commandType != CMD_SELECT || !first || ExecCleanTargetListLength(query->targetList) != 1 ||
        exprType(reinterpret_cast<Node *>(first->expr)) != BOOLOID)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("validation query does not return one boolean"),
                        errhint("Pass for example: SELECT count(*) > 0 FROM the_view.")));
    List *const rewritten = pg_rewrite_query(query);
    PlannedStmt *plan = pg_plan_query(linitial_node(Query, rewritten), text, CURSOR_OPT_PARALLEL_OK, nullptr);
    position.leave();
    return plan;
}

} // namespace

SubstitutedQuery::SubstitutedQuery(const std::string &text) : text_(text) {
    List *const statements = call([&] {
        ErrorPosition position(text_.c_str());
        List *parsed = raw_parser(text_.c_str(), RAW_PARSE_DEFAULT);
        position.leave();
        return parsed;
    });
    if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
        throw Error(sqlstate::syntax_error, "validation is not exactly one query")
            .hint("Pass a query that returns true, for example 'SELECT count(*) > 0 FROM daily_usage'.");
    statement_ = linitial_node(RawStmt, statements);
}

void SubstitutedQuery::substitute(const QualifiedName &name, const QualifiedName &instead) {
    Substitution wish{name.schema.c_str(), name.name.c_str(), instead.schema.c_str(), instead.name.c_str()};
    call([&] { substitute_unsafe(statement_->stmt, &wish); });
}

std::optional<bool> SubstitutedQuery::ask() const {
    FirstAnswer answer{.receiver = {take_unsafe}};
    PlannedStmt *const plan = call([&] { return plan_unsafe(statement_, text_.c_str()); });
    execute_plan(plan, text_.c_str(), answer.receiver);
    if (answer.rows != 1 || answer.is_null)
        return std::nullopt;
    return answer.value;
}

} // namespace mvmanager::pg
