#include "pg/predicate.hpp"

#include <cstring>

#include "pg/query.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parse_target.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace mvmanager::pg {
namespace {

bool is_star(const Node *value) {
    return IsA(value, ColumnRef) && IsA(llast(reinterpret_cast<const ColumnRef *>(value)->fields), A_Star);
}

// The grammar of an expression alone takes a SELECT's tail as well ("a > 1 ORDER BY b").
bool is_single_expression(const SelectStmt *select) {
    if (list_length(select->targetList) != 1 || select->distinctClause || select->intoClause || select->fromClause ||
        select->whereClause || select->groupClause || select->havingClause || select->windowClause ||
        select->valuesLists || select->sortClause || select->limitOffset || select->limitCount ||
        select->lockingClause || select->withClause || select->op != SETOP_NONE)
        return false;
    const auto *target = linitial_node(ResTarget, select->targetList);
    return !target->name && !target->indirection && !is_star(target->val);
}

// Null where the text is no single expression.
Node *parse_unsafe(const char *text) {
    ErrorPosition position(text);
    List *parsed = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
    position.leave();
    auto *select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
    return is_single_expression(select) ? linitial_node(ResTarget, select->targetList)->val : nullptr;
}

// Before 16 the server declares walkers without arguments.
template <typename F> Walker walker(F *function) {
    return reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(function));
}

bool is_elsewhere(List *name) {
    return list_length(name) > 1 && std::strcmp(strVal(linitial(name)), "pg_catalog") != 0;
}

// Whether the expression as it was written names anything that is not the server's own. Looks names up and runs nothing.
bool names_foreign_unsafe(Node *node, void *context) {
    if (!node)
        return false;
    if (IsA(node, TypeName)) {
        Oid const type = LookupTypeNameOid(nullptr, reinterpret_cast<TypeName *>(node), /* missing_ok */ true);
        if (OidIsValid(type) && type >= FirstUnpinnedObjectId)
            return true;
    }
    if (IsA(node, FuncCall) && is_elsewhere(reinterpret_cast<FuncCall *>(node)->funcname))
        return true;
    if (IsA(node, A_Expr) && is_elsewhere(reinterpret_cast<A_Expr *>(node)->name))
        return true;
    if (IsA(node, SubLink) && is_elsewhere(reinterpret_cast<SubLink *>(node)->operName))
        return true;
    return raw_expression_tree_walker(node, walker(names_foreign_unsafe), context);
}

struct Analysed {
    Query *query;
    bool has_subquery, has_system_column, has_column, is_volatile;
};

Analysed analyse_unsafe(Oid view, Node *expression, const char *text) {
    ErrorPosition position(text);
    Relation relation = table_open(view, AccessShareLock);
    ParseState *state = make_parsestate(nullptr);
    state->p_sourcetext = text;
    ParseNamespaceItem *item =
        addRangeTableEntryForRelation(state, relation, AccessShareLock, nullptr, /* inh */ false, /* inFromCl */ true);
    addNSItemToQuery(state, item, /* list */ true, /* relation name */ true, /* columns */ true);
    Node *condition = transformWhereClause(state, expression, EXPR_KIND_WHERE, "predicate");
    assign_expr_collations(state, condition);
    position.leave();

    Analysed out{};
    if (state->p_hasSubLinks) {
        out.has_subquery = true;
        table_close(relation, AccessShareLock);
        return out;
    }
    Bitmapset *columns = nullptr;
    pull_varattnos(condition, 1, &columns);
    int column = -1;
    while ((column = bms_next_member(columns, column)) >= 0) {
        if (column + FirstLowInvalidHeapAttributeNumber > 0)
            out.has_column = true;
        else
            out.has_system_column = true; // attribute 0 is the row itself
    }
    out.is_volatile = contain_volatile_functions(condition);

    auto *query = makeNode(Query);
    query->commandType = CMD_SELECT;
    query->querySource = QSRC_ORIGINAL;
    query->canSetTag = true;
    query->targetList = expandNSItemAttrs(state, item, 0, /* require_col_privs */ false, -1);
    query->rtable = state->p_rtable;
#if PG_VERSION_NUM >= 160000
    query->rteperminfos = state->p_rteperminfos;
#endif
    query->jointree = makeFromExpr(state->p_joinlist, condition);
    out.query = query;
    table_close(relation, AccessShareLock);
    free_parsestate(state);
    return out;
}

// Of the server's functions those that are immutable read no table, and of the others these.
bool is_clock(Oid function) {
    switch (function) {
    case F_NOW:
    case F_TRANSACTION_TIMESTAMP:
    case F_STATEMENT_TIMESTAMP:
    case F_DATE_TIMESTAMPTZ:
    case F_TIMESTAMPTZ_DATE:
    case F_TIMESTAMPTZ_TIMESTAMP:
    case F_TIMESTAMP_TIMESTAMPTZ:
    case F_TIMESTAMPTZ_PL_INTERVAL:
    case F_TIMESTAMPTZ_MI_INTERVAL:
    case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
        return true;
    default:
        return false;
    }
}

bool is_harmful_function_unsafe(Oid function, void *) {
    if (function >= FirstUnpinnedObjectId)
        return true;
    return !get_func_leakproof(function) && func_volatile(function) != PROVOLATILE_IMMUTABLE && !is_clock(function);
}

bool calls_harmful_unsafe(Node *node, void *context) {
    if (!node)
        return false;
    if (IsA(node, CoerceToDomain) || check_functions_in_node(node, is_harmful_function_unsafe, context))
        return true;
    return expression_tree_walker(node, walker(calls_harmful_unsafe), context);
}

[[noreturn]] void throw_harmful() {
    throw Error(sqlstate::insufficient_privilege, "predicate calls a function that only the owner of the view may use")
        .detail("It would run with the owner's privileges.")
        .hint("Use comparison operators of built-in types, which are leakproof, or ask the owner.");
}

} // namespace

Predicate::Predicate(Oid view, std::string_view given, Author author) {
    std::string const text(given);
    Node *const expression = call([&] { return parse_unsafe(text.c_str()); });
    if (!expression)
        throw Error(sqlstate::syntax_error, "predicate is not a single expression")
            .hint("Pass what would follow WHERE, for example 'day >= current_date - 2'.");
    if (author == Author::other && call([&] { return names_foreign_unsafe(expression, nullptr); }))
        throw_harmful();
    Analysed const analysed = call([&] { return analyse_unsafe(view, expression, text.c_str()); });
    if (analysed.has_subquery)
        throw Error(sqlstate::feature_not_supported, "cannot use a subquery in a predicate")
            .hint("Compare columns of the view with constants or with stable functions, for example 'day >= "
                  "current_date - 2'.");
    if (analysed.has_system_column)
        throw Error(sqlstate::feature_not_supported, "cannot use system columns or the whole row in a predicate")
            .hint("Name columns of the view.");
    if (!analysed.has_column)
        throw Error(sqlstate::invalid_argument, "predicate is on no column of the view")
            .hint("Leave predicate and strategy out to refresh the whole view.");
    if (analysed.is_volatile)
        throw Error(sqlstate::invalid_object_definition, "cannot use a volatile function in a predicate")
            .detail("It is evaluated on the rows of the view and on those of its query, and must say the same of equal "
                    "rows.")
            .hint("Use stable or immutable functions, such as now() and current_date.");
    query_ = analysed.query;
    if (author == Author::other && call([&] {
            Node *const quals = query_->jointree->quals;
            return calls_harmful_unsafe(quals, nullptr) || contain_leaked_vars(quals);
        }))
        throw_harmful();
}

Node *Predicate::condition() const { return query_->jointree->quals; }

} // namespace mvmanager::pg
