#include "pg/query.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include "pg/relation.hpp"
#include "pg/security.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_rewrite.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "rewrite/rewriteSupport.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

void move_position(void *text) {
    int const position = geterrposition();
    if (position > 0) {
        errposition(0);
        internalerrposition(position);
        internalerrquery(static_cast<const char *>(text));
    }
}

const char *kind_of_statement(const Node *statement) {
    switch (nodeTag(statement)) {
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
        return "a statement that changes data";
    case T_CreateTableAsStmt:
        return "a CREATE statement";
    default:
        return "not a query";
    }
}

// The one SelectStmt of the text.
Node *parse_single_query(const std::string &text) {
    List *statements = call([&] {
        ErrorPosition position(text.c_str());
        List *parsed = raw_parser(text.c_str(), RAW_PARSE_DEFAULT);
        position.leave();
        return parsed;
    });
    if (statements == NIL)
        throw Error(sqlstate::syntax_error, "definition is empty")
            .hint("Pass the query that computes the rows, for example 'SELECT user_id, count(*) FROM usages GROUP BY "
                  "user_id'.");
    if (list_length(statements) > 1) {
        auto *second = static_cast<RawStmt *>(lsecond(statements));
        // The location of a statement includes the white space before it.
        auto const start = text.find_first_not_of(" \t\r\n", static_cast<std::size_t>(second->stmt_location));
        int const position = character_position(text, static_cast<int>(start));
        throw Error(sqlstate::syntax_error, "definition contains more than one statement")
            .hint("Pass exactly one query. Indexes go into the argument \"indexes\".")
            .internal(text, position);
    }
    Node *statement = linitial_node(RawStmt, statements)->stmt;
    if (!IsA(statement, SelectStmt))
        throw Error(sqlstate::syntax_error, "definition is {}", kind_of_statement(statement))
            .hint("Pass the query alone: SELECT, VALUES, TABLE or WITH ... SELECT.");
    auto *leftmost = reinterpret_cast<SelectStmt *>(statement);
    while (leftmost->op != SETOP_NONE)
        leftmost = leftmost->larg;
    if (leftmost->intoClause)
        throw Error(sqlstate::syntax_error, "definition contains INTO")
            .hint("Remove INTO: the materialized view itself takes the rows.")
            .internal(text, character_position(text, leftmost->intoClause->rel->location));
    return statement;
}

// What to do about a refusal of the server, known by its untranslated message.
void add_hint(Error &error) {
    auto &f = error.fields();
    if (!f.hint.empty())
        return;
    std::string_view const id = f.message_id ? f.message_id : "";
    // `?` rewritten to $1 is where an operator was, or where a value was.
    if (f.sqlstate == sqlstate::undefined_parameter ||
        (f.sqlstate == sqlstate::syntax_error && f.message.find("\"$") != std::string::npos))
        f.hint = "A definition cannot have parameters. Did your migration tool rewrite ? or :name? Escape it there, or "
                 "write the value itself.";
    else if (id == "materialized views must not use temporary tables or views")
        f.hint = "Use a permanent table: a temporary one is gone at the end of the session.";
    else if (id == "materialized views must not use data-modifying statements in WITH")
        f.hint = "Run INSERT, UPDATE, DELETE or MERGE on its own, and pass a query that only reads.";
}

// As for CREATE MATERIALIZED VIEW, so that everything refused there is refused here.
Query *analyse_unsafe(Node *select, const char *text) {
    ErrorPosition position(text);
    auto *create = makeNode(CreateTableAsStmt);
    create->query = select;
    create->objtype = OBJECT_MATVIEW;
    create->into = makeNode(IntoClause);
    create->into->rel = makeRangeVar(nullptr, pstrdup("?"), -1);
    create->into->skipData = true;
    auto *raw = makeNode(RawStmt);
    raw->stmt = reinterpret_cast<Node *>(create);
    Query *wrapped = parse_analyze_fixedparams(raw, text, nullptr, 0, nullptr);
    position.leave();
    return castNode(Query, castNode(CreateTableAsStmt, wrapped->utilityStmt)->query);
}

// An entry that is in no FROM clause, as a rule's query has for OLD and NEW, but of a relation that is always there.
RangeTblEntry *bystander_unsafe(int number) {
    auto *entry = makeNode(RangeTblEntry);
    entry->rtekind = RTE_RELATION;
    entry->relid = RelationRelationId;
    entry->relkind = RELKIND_RELATION;
    entry->rellockmode = AccessShareLock;
    entry->alias = entry->eref = makeAlias(psprintf("\001%d", number), NIL);
    entry->inFromCl = false;
    return entry;
}

// Columns of the second and later queries of a set operation have names that nobody can refer to. The server prints
// there the names of the first query or those as written, as it is asked; here they are always those of the first.
bool name_arms_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(name_arms_unsafe));
    if (!node)
        return false;
    if (!IsA(node, Query))
        return expression_tree_walker(node, walker, context);
    auto *query = reinterpret_cast<Query *>(node);
    List *open = query->setOperations ? list_make1(query->setOperations) : NIL;
    while (open != NIL) {
        auto *operand = static_cast<Node *>(llast(open));
        open = list_delete_last(open);
        if (IsA(operand, SetOperationStmt)) {
            auto *operation = reinterpret_cast<SetOperationStmt *>(operand);
            open = lappend(lappend(open, operation->larg), operation->rarg);
            continue;
        }
        Query *arm = rt_fetch(castNode(RangeTblRef, operand)->rtindex, query->rtable)->subquery;
        ListCell *of_arm, *of_all;
        forboth(of_arm, arm->targetList, of_all, query->targetList) {
            if (!lfirst_node(TargetEntry, of_arm)->resjunk)
                lfirst_node(TargetEntry, of_arm)->resname = lfirst_node(TargetEntry, of_all)->resname;
        }
    }
    return query_tree_walker(query, walker, context, 0);
}

// Up to 15 a rule's query begins with entries for OLD and NEW on the view itself. Printed, they would lock the view and
// rename a table that the query calls so; without any such entry columns of a single table are printed without its name.
// So every query is printed with two bystanders: new texts and live rules alike, on every server.
char *print_unsafe(const Query *original, Oid relation) {
    auto *query = static_cast<Query *>(copyObjectImpl(original));
    name_arms_unsafe(reinterpret_cast<Node *>(query), nullptr);
    int own = 0;
    ListCell *cell;
    foreach (cell, query->rtable) {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        if (!OidIsValid(relation) || entry->rtekind != RTE_RELATION || entry->relid != relation || entry->inFromCl)
            break;
        lfirst(cell) = bystander_unsafe(++own);
    }
    if (own == 0) {
        OffsetVarNodes(reinterpret_cast<Node *>(query), 2, 0);
        query->rtable = lcons(bystander_unsafe(1), lcons(bystander_unsafe(2), query->rtable));
    }
    return pg_get_querydef(query, false);
}

std::string print(const Query *query, Oid relation = InvalidOid) {
    EmptySearchPath path;
    std::string const printed = call([&] { return print_unsafe(query, relation); });
    return printed.substr(std::min(printed.find_first_not_of(' '), printed.size()));
}

std::vector<model::Column> columns_of(const Query *query) {
    EmptySearchPath path;
    std::vector<model::Column> columns;
    for (int i = 0; i < list_length(query->targetList); ++i) {
        auto *entry = static_cast<TargetEntry *>(list_nth(query->targetList, i));
        if (entry->resjunk)
            continue;
        struct Plain {
            const char *type;
            const char *schema;
            const char *collation;
        } const plain = call([&]() -> Plain {
            Node *expression = reinterpret_cast<Node *>(entry->expr);
            Plain p{format_type_with_typemod(exprType(expression), exprTypmod(expression)), nullptr, nullptr};
            Oid const collation = exprCollation(expression);
            HeapTuple tuple = OidIsValid(collation) ? SearchSysCache1(COLLOID, ObjectIdGetDatum(collation)) : nullptr;
            if (HeapTupleIsValid(tuple)) {
                auto *form = reinterpret_cast<Form_pg_collation>(GETSTRUCT(tuple));
                p.schema = quote_identifier(get_namespace_name(form->collnamespace));
                p.collation = quote_identifier(pstrdup(NameStr(form->collname)));
                ReleaseSysCache(tuple);
            }
            return p;
        });
        std::string collation;
        if (plain.collation)
            collation = std::string(plain.schema) + "." + plain.collation;
        columns.push_back({entry->resname ? entry->resname : "", plain.type, collation});
    }
    return columns;
}

// The column names of a set operation are those of its leftmost query.
void name_columns_unsafe(Query *query, Oid relation) {
    for (;;) {
        ListCell *cell;
        foreach (cell, query->targetList) {
            auto *entry = lfirst_node(TargetEntry, cell);
            if (!entry->resjunk)
                entry->resname = get_attname(relation, entry->resno, false);
        }
        if (!query->setOperations)
            return;
        Node *node = query->setOperations;
        while (IsA(node, SetOperationStmt))
            node = reinterpret_cast<SetOperationStmt *>(node)->larg;
        query = rt_fetch(castNode(RangeTblRef, node)->rtindex, query->rtable)->subquery;
        if (!query)
            return;
    }
}

struct Walked {
    List *relations;
};

bool collect_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(collect_unsafe));
    if (!node)
        return false;
    if (IsA(node, RangeTblEntry)) {
        auto *entry = reinterpret_cast<RangeTblEntry *>(node);
        auto *walked = static_cast<Walked *>(context);
        if (entry->rtekind == RTE_RELATION)
            walked->relations = list_append_unique_oid(walked->relations, entry->relid);
        return false; // the walker goes on into subqueries by itself
    }
    if (IsA(node, Query))
        return query_tree_walker(reinterpret_cast<Query *>(node), walker, context, QTW_EXAMINE_RTES_BEFORE);
    return expression_tree_walker(node, walker, context);
}

struct Names {
    List *variables; // RangeVars
    List *withs;     // names of WITH queries
};

bool collect_names_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(collect_names_unsafe));
    if (!node)
        return false;
    auto *names = static_cast<Names *>(context);
    if (IsA(node, RangeVar)) {
        names->variables = lappend(names->variables, node);
        return false;
    }
    if (IsA(node, CommonTableExpr))
        names->withs = lappend(names->withs, makeString(reinterpret_cast<CommonTableExpr *>(node)->ctename));
    return raw_expression_tree_walker(node, walker, context);
}

} // namespace

Query *rule_query_unsafe(Oid relation) {
    HeapTuple tuple = SearchSysCache2(RULERELNAME, ObjectIdGetDatum(relation), PointerGetDatum(ViewSelectRuleName));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "materialized view %u has no rule", relation);
    bool is_null = false;
    Datum action = SysCacheGetAttr(RULERELNAME, tuple, Anum_pg_rewrite_ev_action, &is_null);
    auto *actions = static_cast<List *>(stringToNode(TextDatumGetCString(action)));
    ReleaseSysCache(tuple);
    return linitial_node(Query, actions);
}

Query *live_query_unsafe(Oid relation) {
    Query *query = rule_query_unsafe(relation);
    name_columns_unsafe(query, relation);
    return query;
}

std::string printed(const Query *query, Oid relation) { return print(query, relation); }

EmptySearchPath::EmptySearchPath() : nest_level_(NewGUCNestLevel()), exceptions_(std::uncaught_exceptions()) {
    set_local("search_path", "pg_catalog, pg_temp");
}

EmptySearchPath::~EmptySearchPath() {
    if (std::uncaught_exceptions() == exceptions_)
        AtEOXact_GUC(false, nest_level_);
}

FaithfulText::FaithfulText() {
    set_local("extra_float_digits", "3");
    set_local("DateStyle", "ISO");
    set_local("IntervalStyle", "postgres");
    set_local("array_nulls", "on");
    set_local("transform_null_equals", "off");
}

ErrorPosition::ErrorPosition(const char *text)
    : callback_{error_context_stack, move_position, const_cast<char *>(text)} {
    error_context_stack = &callback_;
}

int character_position(const std::string &text, int offset) {
    if (offset < 0)
        return 0;
    return call([&] { return pg_mbstrlen_with_len(text.c_str(), offset); }) + 1;
}

AnalysedQuery analyse_definition(std::string_view text) {
    AnalysedQuery out;
    out.text = text;
    try {
        Node *select = parse_single_query(out.text);
        out.query = call([&] { return analyse_unsafe(select, out.text.c_str()); });
    } catch (Error &error) {
        add_hint(error);
        throw;
    }
    out.canonical = print(out.query);
    out.columns = columns_of(out.query);
    return out;
}

AnalysedQuery analyse_view(std::string_view text) {
    AnalysedQuery out;
    out.text = text;
    Node *select = parse_single_query(out.text);
    out.query = call([&] {
        ErrorPosition position(out.text.c_str());
        auto *raw = makeNode(RawStmt);
        raw->stmt = select;
        Query *query = parse_analyze_fixedparams(raw, out.text.c_str(), nullptr, 0, nullptr);
        position.leave();
        return query;
    });
    out.canonical = print(out.query);
    out.columns = columns_of(out.query);
    return out;
}

AnalysedQuery live_definition(Oid relation) {
    AnalysedQuery out;
    out.query = call([&] { return live_query_unsafe(relation); });
    out.canonical = print(out.query, relation);
    out.columns = columns_of(out.query);
    return out;
}

std::string definition_text(Oid relation) {
    EmptySearchPath path;
    std::string printed = call([&] {
        Datum const datum =
            OidFunctionCall2(F_PG_GET_VIEWDEF_OID_BOOL, ObjectIdGetDatum(relation), BoolGetDatum(false));
        return TextDatumGetCString(datum);
    });
    if (printed.ends_with(';'))
        printed.pop_back();
    return printed.substr(std::min(printed.find_first_not_of(' '), printed.size()));
}

std::vector<WrittenName> names_read(const std::string &text) {
    Node *select = parse_single_query(text);
    Names names{};
    call([&] { collect_names_unsafe(select, &names); });
    std::vector<WrittenName> out;
    for (int i = 0; i < list_length(names.variables); ++i) {
        const auto *variable = static_cast<const RangeVar *>(list_nth(names.variables, i));
        if (variable->schemaname)
            out.push_back({std::string(variable->schemaname), variable->relname});
        else if (!list_member(names.withs, makeString(variable->relname)))
            out.push_back({std::nullopt, variable->relname});
    }
    return out;
}

std::vector<Oid> relations_read(const Query *query) {
    Walked walked{};
    call([&] {
        collect_unsafe(reinterpret_cast<Node *>(const_cast<Query *>(query)), &walked);
        return 0;
    });
    std::vector<Oid> out;
    for (int i = 0; i < list_length(walked.relations); ++i)
        out.push_back(list_nth_oid(walked.relations, i));
    std::ranges::sort(out);
    return out;
}

} // namespace mvmanager::pg
