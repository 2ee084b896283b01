#include "pg/text_by_name.hpp"

#include "pg/query.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
}

namespace mvmanager::pg {
namespace {

void forget_join_name_unsafe(Node *node, int number) {
    ListCell *cell;
    if (IsA(node, FromExpr)) {
        foreach (cell, reinterpret_cast<FromExpr *>(node)->fromlist)
            forget_join_name_unsafe(static_cast<Node *>(lfirst(cell)), number);
    } else if (IsA(node, JoinExpr)) {
        auto *join = reinterpret_cast<JoinExpr *>(node);
        if (join->rtindex == number)
            join->alias = nullptr;
        forget_join_name_unsafe(join->larg, number);
        forget_join_name_unsafe(join->rarg, number);
    }
}

// What the join's columns stand for, in the place of each reference to one. Nobody can name its inputs as long as it has a
// name.
void open_join_unsafe(Query *query, int number) {
    RangeTblEntry *entry = rt_fetch(number, query->rtable);
    List *columns = NIL;
    ListCell *cell;
    foreach (cell, entry->joinaliasvars)
        columns = lappend(columns, makeTargetEntry(static_cast<Expr *>(lfirst(cell)),
                                                   static_cast<AttrNumber>(foreach_current_index(cell) + 1), nullptr,
                                                   /* resjunk */ false));
    bool has_sublinks = query->hasSubLinks;
    Node *opened = ReplaceVarsFromTargetList(reinterpret_cast<Node *>(query), number, 0, entry, columns,
#if PG_VERSION_NUM >= 180000
                                             /* result_relation */ 0,
#endif
                                             REPLACEVARS_REPORT_ERROR, 0, &has_sublinks);
    *query = *reinterpret_cast<Query *>(opened);
    rt_fetch(number, query->rtable)->alias = nullptr;
    forget_join_name_unsafe(reinterpret_cast<Node *>(query->jointree), number);
}

bool reads_any(const Query *query, const List *relations) {
    ListCell *cell;
    foreach (cell, query->rtable) {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && list_member_oid(relations, entry->relid))
            return true;
    }
    return false;
}

void forget_in_query_unsafe(Query *query, const List *relations) {
    if (!reads_any(query, relations))
        return;
    for (int number = 1; number <= list_length(query->rtable); ++number) {
        RangeTblEntry *entry = rt_fetch(number, query->rtable);
        if (entry->rtekind == RTE_JOIN && entry->alias)
            open_join_unsafe(query, number);
        else if (entry->rtekind == RTE_RELATION && entry->alias && list_member_oid(relations, entry->relid))
            entry->alias->colnames = NIL;
    }
}

bool forget_places_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(forget_places_unsafe));
    if (!node)
        return false;
    if (!IsA(node, Query))
        return expression_tree_walker(node, walker, context);
    auto *query = reinterpret_cast<Query *>(node);
    forget_in_query_unsafe(query, static_cast<List *>(context));
    return query_tree_walker(query, walker, context, 0);
}

} // namespace

std::string text_by_name(Oid view, const std::vector<Oid> &renumbered) {
    Query *query = call([&] {
        Query *live = live_query_unsafe(view);
        List *relations = NIL;
        for (std::size_t i = 0; i < renumbered.size(); ++i)
            relations = lappend_oid(relations, renumbered[i]);
        forget_places_unsafe(reinterpret_cast<Node *>(live), relations);
        return live;
    });
    return printed(query, view);
}

} // namespace mvmanager::pg
