#include "pg/renames.hpp"

#include <algorithm>
#include <cstring>

#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_target.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

// Before 16 the server declares walkers without arguments.
// The names of a query in the order in which they stand, taken out of its tree.
struct Names {
    List *tables, *columns, *functions, *types;
};

// A list of as many question marks; a * stays.
List *blank_unsafe(const List *names) {
    List *out = NIL;
    for (int i = 0; i < list_length(names); ++i) {
        auto *name = static_cast<Node *>(list_nth(names, i));
        out = lappend(out, IsA(name, String) ? reinterpret_cast<Node *>(makeString(pstrdup("?"))) : name);
    }
    return out;
}

bool take_unsafe(Node *node, void *context) {
    if (!node)
        return false;
    auto *names = static_cast<Names *>(context);
    switch (nodeTag(node)) {
    case T_RangeVar: {
        auto *table = reinterpret_cast<RangeVar *>(node);
        names->tables = lappend(names->tables, copyObjectImpl(table));
        table->schemaname = nullptr;
        table->relname = pstrdup("?");
        break;
    }
    case T_ColumnRef: {
        auto *column = reinterpret_cast<ColumnRef *>(node);
        names->columns = lappend(names->columns, column->fields);
        column->fields = blank_unsafe(column->fields);
        break;
    }
    case T_FuncCall: {
        auto *function = reinterpret_cast<FuncCall *>(node);
        names->functions = lappend(names->functions, function->funcname);
        function->funcname = blank_unsafe(function->funcname);
        break;
    }
    case T_TypeName: {
        auto *type = reinterpret_cast<TypeName *>(node);
        names->types = lappend(names->types, type->names);
        type->names = blank_unsafe(type->names);
        break;
    }
    case T_ResTarget: {
        // A column that is renamed below keeps its name here, written out from then on.
        auto *target = reinterpret_cast<ResTarget *>(node);
        if (!target->name && target->val)
            target->name = FigureColname(target->val);
        break;
    }
    default:
        break;
    }
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(take_unsafe));
    return raw_expression_tree_walker(node, walker, context);
}

Node *parse_unsafe(const char *text) {
    List *parsed = raw_parser(text, RAW_PARSE_DEFAULT);
    return list_length(parsed) == 1 ? linitial_node(RawStmt, parsed)->stmt : nullptr;
}

Oid relation_unsafe(const RangeVar *table) {
    Oid const schema = table->schemaname ? get_namespace_oid(table->schemaname, /* missing_ok */ true) : InvalidOid;
    return OidIsValid(schema) ? get_relname_relid(table->relname, schema) : InvalidOid;
}

const char *string_at_unsafe(const List *names, int i) {
    auto *name = static_cast<Node *>(list_nth(names, i));
    return IsA(name, String) ? strVal(name) : "*";
}

bool same(const char *a, const char *b) { return std::strcmp(a ? a : "", b ? b : "") == 0; }

List *note_unsafe(List *renames, char *text) {
    for (int i = 0; i < list_length(renames); ++i)
        if (same(static_cast<char *>(list_nth(renames, i)), text))
            return renames;
    return lappend(renames, text);
}

// False where a difference is no rename.
bool tables_unsafe(const List *before, const List *now, List **renames) {
    for (int i = 0; i < list_length(now); ++i) {
        auto *old_table = static_cast<RangeVar *>(list_nth(before, i)),
             *table = static_cast<RangeVar *>(list_nth(now, i));
        if (same(old_table->schemaname, table->schemaname) && same(old_table->relname, table->relname))
            continue;
        if (OidIsValid(relation_unsafe(old_table)) || !OidIsValid(relation_unsafe(table)))
            return false;
        *renames = note_unsafe(*renames, psprintf("%s is now %s",
                                                  quote_qualified_identifier(old_table->schemaname, old_table->relname),
                                                  quote_qualified_identifier(table->schemaname, table->relname)));
    }
    return true;
}

bool column_unsafe(const List *old_tables, const List *tables, const List *before, const List *now, List **renames) {
    int const length = list_length(now);
    const char *const old_column = string_at_unsafe(before, length - 1), *const column =
                                                                             string_at_unsafe(now, length - 1);
    const char *const old_table = length > 1 ? string_at_unsafe(before, length - 2) : "";
    const char *const table = length > 1 ? string_at_unsafe(now, length - 2) : "";
    if (same(old_column, column) && same(old_table, table))
        return true;
    if (length != 2)
        return false;
    bool known = false;
    for (int i = 0; i < list_length(tables); ++i) {
        auto *candidate = static_cast<RangeVar *>(list_nth(tables, i));
        auto *old_candidate = static_cast<RangeVar *>(list_nth(old_tables, i));
        const char *const called = candidate->alias ? candidate->alias->aliasname : candidate->relname;
        const char *const old_called = old_candidate->alias ? old_candidate->alias->aliasname : old_candidate->relname;
        if (!same(called, table) || !same(old_called, old_table))
            continue;
        known = true;
        if (same(old_column, column))
            continue;
        Oid const relation = relation_unsafe(candidate);
        if (!OidIsValid(relation) || get_attnum(relation, column) == InvalidAttrNumber ||
            get_attnum(relation, old_column) != InvalidAttrNumber)
            return false;
        *renames = note_unsafe(*renames, psprintf("%s.%s is now %s",
                                                  quote_qualified_identifier(candidate->schemaname, candidate->relname),
                                                  quote_identifier(old_column), quote_identifier(column)));
    }
    return known;
}

bool exists_unsafe(const List *names, bool is_function) {
    int const length = list_length(names);
    if (length != 2)
        return true; // the server prints its own without a schema, and those are never renamed
    Oid const schema = get_namespace_oid(string_at_unsafe(names, 0), /* missing_ok */ true);
    if (!OidIsValid(schema))
        return false;
    const char *const name = string_at_unsafe(names, 1);
    if (!is_function)
        return OidIsValid(
            GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name), ObjectIdGetDatum(schema)));
    CatCList *found = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
    bool exists = false;
    for (int i = 0; i < found->n_members; ++i)
        exists |= reinterpret_cast<Form_pg_proc>(GETSTRUCT(&found->members[i]->tuple))->pronamespace == schema;
    ReleaseCatCacheList(found);
    return exists;
}

char *quoted_unsafe(const List *names) {
    return quote_qualified_identifier(string_at_unsafe(names, 0), string_at_unsafe(names, 1));
}

bool others_unsafe(const List *before, const List *now, bool are_functions, List **renames) {
    for (int i = 0; i < list_length(now); ++i) {
        auto *old_names = static_cast<List *>(list_nth(before, i)), *names = static_cast<List *>(list_nth(now, i));
        if (equal(old_names, names))
            continue;
        if (list_length(names) != 2 || list_length(old_names) != 2 || exists_unsafe(old_names, are_functions) ||
            !exists_unsafe(names, are_functions))
            return false;
        *renames = note_unsafe(*renames, psprintf("%s is now %s", quoted_unsafe(old_names), quoted_unsafe(names)));
    }
    return true;
}

// The renames, none where there is another difference.
List *compare_unsafe(const char *before, const char *now) {
    Names old_names{}, names{};
    Node *old_query = parse_unsafe(before), *query = parse_unsafe(now);
    if (!old_query || !query)
        return NIL;
    take_unsafe(old_query, &old_names);
    take_unsafe(query, &names);
    if (!equal(old_query, query))
        return NIL;
    List *renames = NIL;
    if (!tables_unsafe(old_names.tables, names.tables, &renames) ||
        !others_unsafe(old_names.functions, names.functions, true, &renames) ||
        !others_unsafe(old_names.types, names.types, false, &renames))
        return NIL;
    for (int i = 0; i < list_length(names.columns); ++i)
        if (!column_unsafe(old_names.tables, names.tables, static_cast<List *>(list_nth(old_names.columns, i)),
                           static_cast<List *>(list_nth(names.columns, i)), &renames))
            return NIL;
    return renames;
}

} // namespace

std::optional<std::vector<std::string>> renames_between(const std::string &before, const std::string &now) {
    const List *const found = call([&] { return compare_unsafe(before.c_str(), now.c_str()); });
    if (found == NIL)
        return std::nullopt;
    std::vector<std::string> out;
    for (int i = 0; i < list_length(found); ++i)
        out.emplace_back(static_cast<char *>(list_nth(found, i)));
    return out;
}

} // namespace mvmanager::pg
