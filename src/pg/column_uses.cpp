#include "pg/column_uses.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

struct Walk {
    Oid relation;
    Oid row_type, row_array;
    Oid outer; // what variables outside of any query belong to: the table of a policy or of a rule's condition
    List *queries = NIL; // innermost first
    bool in_join_list = false;
    Bitmapset *used = nullptr, *listed = nullptr;
    List *joined = NIL, *joined_as = NIL; // numbers, and the names of USING for them
    bool whole_row = false, by_position = false;
};

bool walk_unsafe(Node *node, void *context);

Walker walker() { return reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(walk_unsafe)); }

void note_unsafe(Walk &walk, int number) {
    if (number == 0)
        walk.whole_row = true;
    if (number <= 0)
        return;
    Bitmapset *&set = walk.in_join_list ? walk.listed : walk.used;
    set = bms_add_member(set, number);
}

void walk_var_unsafe(Walk &walk, const Var *var) {
    int const level = static_cast<int>(var->varlevelsup);
    if (level >= list_length(walk.queries)) {
        if (walk.outer == walk.relation)
            note_unsafe(walk, var->varattno);
        return;
    }
    auto *query = static_cast<Query *>(list_nth(walk.queries, level));
    RangeTblEntry *entry = rt_fetch(var->varno, query->rtable);
    if (entry->rtekind == RTE_RELATION && entry->relid == walk.relation) {
        note_unsafe(walk, var->varattno);
    } else if (entry->rtekind == RTE_JOIN && !walk.in_join_list) {
        // A column of a named join is one of its inputs, seen from the join's own query.
        if (var->varattno == 0) {
            walk.whole_row = true;
            return;
        }
        List *const saved = walk.queries;
        walk.queries = list_copy_tail(saved, level);
        walk_unsafe(static_cast<Node *>(list_nth(entry->joinaliasvars, var->varattno - 1)), &walk);
        walk.queries = saved;
    }
}

bool is_row_type_unsafe(const Walk &walk, Oid type) {
    type = getBaseType(type);
    return type == walk.row_type || (OidIsValid(walk.row_array) && type == walk.row_array);
}

// A join with a name of its own gives names to columns of its inputs by place, where it gives any.
void walk_join_list_unsafe(Walk &walk, const RangeTblEntry *join) {
    Bitmapset *const listed = walk.listed;
    walk.listed = nullptr;
    walk.in_join_list = true;
    walk_unsafe(reinterpret_cast<Node *>(join->joinaliasvars), &walk);
    walk.in_join_list = false;
    if (walk.listed && join->alias && join->alias->colnames != NIL)
        walk.by_position = true;
    walk.listed = bms_add_members(walk.listed, listed);
}

void walk_entries_unsafe(Walk &walk, const Query *query) {
    ListCell *cell;
    foreach (cell, query->rtable) {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && entry->relid == walk.relation && entry->alias &&
            entry->alias->colnames != NIL)
            walk.by_position = true;
        ListCell *inner;
        foreach (inner, entry->functions) {
            if (!is_row_type_unsafe(walk, exprType(lfirst_node(RangeTblFunction, inner)->funcexpr)))
                continue;
            walk.whole_row = true;
            walk.by_position = walk.by_position || (entry->alias && entry->alias->colnames != NIL);
        }
        if (entry->rtekind == RTE_JOIN)
            walk_join_list_unsafe(walk, entry);
    }
}

// The conditions of USING are in the order of its names; each compares the two columns of that name.
void walk_using_unsafe(Walk &walk, const JoinExpr *join) {
    auto *query = static_cast<Query *>(linitial(walk.queries));
    List *conditions = IsA(join->quals, BoolExpr) && list_length(join->usingClause) > 1
                           ? reinterpret_cast<BoolExpr *>(join->quals)->args
                           : list_make1(join->quals);
    ListCell *condition, *name;
    forboth(condition, conditions, name, join->usingClause) {
        ListCell *cell;
        foreach (cell, pull_var_clause(static_cast<Node *>(lfirst(condition)), 0)) {
            auto *var = lfirst_node(Var, cell);
            RangeTblEntry *entry = var->varlevelsup == 0 ? rt_fetch(var->varno, query->rtable) : nullptr;
            if (!entry || entry->rtekind != RTE_RELATION || entry->relid != walk.relation)
                continue;
            walk.joined = lappend_int(walk.joined, var->varattno);
            walk.joined_as = lappend(walk.joined_as, lfirst(name));
        }
    }
}

bool walk_unsafe(Node *node, void *context) {
    auto &walk = *static_cast<Walk *>(context);
    if (!node)
        return false;
    if (IsA(node, Query)) {
        auto *query = reinterpret_cast<Query *>(node);
        List *const saved = walk.queries;
        walk.queries = lcons(query, list_copy(saved));
        walk_entries_unsafe(walk, query);
        query_tree_walker(query, walker(), context, QTW_IGNORE_JOINALIASES);
        walk.queries = saved;
        return false;
    }
    if (IsA(node, Var))
        walk_var_unsafe(walk, reinterpret_cast<Var *>(node));
    if (IsA(node, JoinExpr) && reinterpret_cast<JoinExpr *>(node)->usingClause != NIL)
        walk_using_unsafe(walk, reinterpret_cast<JoinExpr *>(node));
    if (IsA(node, FieldSelect)) {
        auto *select = reinterpret_cast<FieldSelect *>(node);
        if (is_row_type_unsafe(walk, exprType(reinterpret_cast<Node *>(select->arg))))
            note_unsafe(walk, select->fieldnum);
    }
    if (IsA(node, FieldStore) || IsA(node, RowExpr) || IsA(node, ConvertRowtypeExpr) || IsA(node, Const) ||
        IsA(node, Param) || IsA(node, FuncExpr))
        walk.whole_row = walk.whole_row || is_row_type_unsafe(walk, exprType(node));
    return expression_tree_walker(node, walker(), context);
}

void walk_stored_unsafe(Walk &walk, Datum tree, bool is_null) {
    if (!is_null)
        walk_unsafe(static_cast<Node *>(stringToNode(TextDatumGetCString(tree))), &walk);
}

// The row of pg_rewrite or pg_policy with that OID.
void walk_row_unsafe(Walk &walk, Oid catalog, Oid index, AttrNumber oid_column, Oid object, AttrNumber relation_column,
                     AttrNumber first, AttrNumber second) {
    ::Relation table = table_open(catalog, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
    SysScanDesc scan = systable_beginscan(table, index, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        bool is_null = false;
        walk.outer = DatumGetObjectId(heap_getattr(tuple, relation_column, RelationGetDescr(table), &is_null));
        for (AttrNumber const column : {first, second}) {
            Datum const tree = heap_getattr(tuple, column, RelationGetDescr(table), &is_null);
            walk_stored_unsafe(walk, tree, is_null);
        }
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
}

void walk_function_unsafe(Walk &walk, Oid function) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        return;
    bool is_null = false;
    Datum const body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &is_null);
    walk_stored_unsafe(walk, body, is_null);
    ReleaseSysCache(tuple);
}

// What pg_depend knows: columns, and the row type or its array.
void walk_dependencies_unsafe(Walk &walk, Oid class_id, Oid object) {
    ::Relation table = table_open(DependRelationId, AccessShareLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(class_id));
    ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
    SysScanDesc scan = systable_beginscan(table, DependDependerIndexId, true, nullptr, 2, keys);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        auto *form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
        if (form->refclassid == RelationRelationId && form->refobjid == walk.relation && form->refobjsubid > 0)
            note_unsafe(walk, form->refobjsubid);
        if (form->refclassid == TypeRelationId && (form->refobjid == walk.row_type || form->refobjid == walk.row_array))
            walk.whole_row = true;
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
}

Walk uses_unsafe(Oid class_id, Oid object, Oid relation) {
    Walk walk{relation, get_rel_type_id(relation), InvalidOid, InvalidOid};
    walk.row_array = get_array_type(walk.row_type);
    walk_dependencies_unsafe(walk, class_id, object);
    if (class_id == RewriteRelationId)
        walk_row_unsafe(walk, class_id, RewriteOidIndexId, Anum_pg_rewrite_oid, object, Anum_pg_rewrite_ev_class,
                        Anum_pg_rewrite_ev_action, Anum_pg_rewrite_ev_qual);
    else if (class_id == PolicyRelationId)
        walk_row_unsafe(walk, class_id, PolicyOidIndexId, Anum_pg_policy_oid, object, Anum_pg_policy_polrelid,
                        Anum_pg_policy_polqual, Anum_pg_policy_polwithcheck);
    else if (class_id == ProcedureRelationId)
        walk_function_unsafe(walk, object);
    return walk;
}

std::set<int> numbers(const Bitmapset *set) {
    std::set<int> out;
    for (int member = -1; (member = bms_next_member(set, member)) >= 0;)
        out.insert(member);
    return out;
}

} // namespace

ColumnUses column_uses(Oid class_id, Oid object, Oid relation) {
    Walk const walk = call([&] { return uses_unsafe(class_id, object, relation); });
    ColumnUses uses{numbers(walk.used), numbers(walk.listed), walk.whole_row, walk.by_position, {}};
    for (int i = 0; i < list_length(walk.joined); ++i)
        uses.joined_as.emplace(list_nth_int(walk.joined, i), strVal(list_nth(walk.joined_as, i)));
    return uses;
}

} // namespace mvmanager::pg
