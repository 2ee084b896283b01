#include "pg/script.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "pg/memory.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/reloptions.h"
#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
}

namespace mvmanager::pg {
namespace {

using model::lint::Kind;
using model::lint::Name;
using model::lint::Statement;

// Before 16 the server declares walkers without arguments.
// Whether psql's variables were replaced by their names.
enum class Variables { none, named };

bool has_parameter_unsafe(Node *node, void *) {
    if (!node)
        return false;
    if (IsA(node, ParamRef))
        return true;
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(has_parameter_unsafe));
    return raw_expression_tree_walker(node, walker, nullptr);
}

bool has_star_unsafe(Node *node, void *) {
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) // the walker does not look into it
        return IsA(llast(reinterpret_cast<ColumnRef *>(node)->fields), A_Star);
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(has_star_unsafe));
    return raw_expression_tree_walker(node, walker, nullptr);
}

Name name_of(const char *schema, const char *name) {
    if (!schema || !*schema)
        return {"", name, quote_identifier(name)};
    return {schema, name, quote_identifier(schema) + "." + quote_identifier(name)};
}

Name name_of(const RangeVar *relation) { return name_of(relation->schemaname, relation->relname); }

// A name as DROP has it: a list of strings, a plain string, a type, or a routine with its arguments.
Name name_of(const Node *object) {
    const List *parts = NIL;
    if (IsA(object, List))
        parts = reinterpret_cast<const List *>(object);
    else if (IsA(object, TypeName))
        parts = reinterpret_cast<const TypeName *>(object)->names;
    else if (IsA(object, ObjectWithArgs))
        parts = reinterpret_cast<const ObjectWithArgs *>(object)->objname;
    else if (IsA(object, String))
        return name_of(nullptr, strVal(const_cast<Node *>(object)));
    int const length = list_length(parts);
    auto part = [&](int i) -> const char * {
        auto *node = static_cast<Node *>(list_nth(parts, i));
        return IsA(node, String) ? strVal(node) : "";
    };
    if (length == 0)
        return {};
    return name_of(length > 1 ? part(length - 2) : nullptr, part(length - 1));
}

struct DropKind {
    ObjectType type;
    const char *words;
};
constexpr DropKind drop_kinds[] = {
    {OBJECT_MATVIEW, "MATERIALIZED VIEW"},
    {OBJECT_VIEW, "VIEW"},
    {OBJECT_TABLE, "TABLE"},
    {OBJECT_FOREIGN_TABLE, "FOREIGN TABLE"},
    {OBJECT_SEQUENCE, "SEQUENCE"},
    {OBJECT_INDEX, "INDEX"},
    {OBJECT_SCHEMA, "SCHEMA"},
    {OBJECT_EXTENSION, "EXTENSION"},
    {OBJECT_FUNCTION, "FUNCTION"},
    {OBJECT_PROCEDURE, "PROCEDURE"},
    {OBJECT_ROUTINE, "ROUTINE"},
    {OBJECT_AGGREGATE, "AGGREGATE"},
    {OBJECT_TYPE, "TYPE"},
    {OBJECT_DOMAIN, "DOMAIN"},
    {OBJECT_COLLATION, "COLLATION"},
    {OBJECT_FOREIGN_SERVER, "SERVER"},
    {OBJECT_FDW, "FOREIGN DATA WRAPPER"},
};

Statement drop_of(const DropStmt *drop) {
    Statement out{.kind = Kind::drop, .cascade = drop->behavior == DROP_CASCADE};
    auto const *const kind = std::ranges::find(drop_kinds, drop->removeType, &DropKind::type);
    out.dropped_kind = kind == std::end(drop_kinds) ? "object" : kind->words;
    out.drops_schema = drop->removeType == OBJECT_SCHEMA;
    out.drops_relation = drop->removeType == OBJECT_MATVIEW;
    for (int i = 0; i < list_length(drop->objects); ++i)
        out.dropped.push_back(name_of(static_cast<const Node *>(list_nth(drop->objects, i))));
    if (drop->removeType == OBJECT_INDEX && drop->concurrent)
        return {.kind = Kind::concurrently,
                .name = out.dropped.empty() ? Name{} : out.dropped.front(),
                .problem = "DROP INDEX CONCURRENTLY"};
    return out;
}

std::optional<Statement> alter_of(const AlterTableStmt *alter) {
    Statement out{.kind = Kind::drop, .cascade = true};
    for (int i = 0; i < list_length(alter->cmds); ++i) {
        auto *command = static_cast<AlterTableCmd *>(list_nth(alter->cmds, i));
        bool const column = command->subtype == AT_DropColumn;
        if ((!column && command->subtype != AT_DropConstraint) || command->behavior != DROP_CASCADE || !command->name)
            continue;
        out.dropped_kind = column ? "COLUMN" : "CONSTRAINT";
        Name name = name_of(alter->relation);
        name.written += "." + quote_identifier(command->name);
        out.dropped.push_back(std::move(name));
    }
    if (out.dropped.empty())
        return std::nullopt;
    return out;
}

Statement create_of(const CreateTableAsStmt *create, Variables variables) {
    Statement out{.kind = Kind::create_view,
                  .name = name_of(create->into->rel),
                  .if_not_exists = create->if_not_exists,
                  .with_data = !create->into->skipData};
    out.has_parameter = call([&] { return has_parameter_unsafe(create->query, nullptr); });
    // Another access method has options of its own, and a variable may be any value.
    if (create->into->options && !create->into->accessMethod && variables == Variables::none) {
        auto const refused = try_in_subtransaction([&] {
            call([&] {
                char toast_name[] = "toast";
                char *namespaces[] = {toast_name, nullptr};
                Datum const options = transformRelOptions(static_cast<Datum>(0), create->into->options, nullptr,
                                                          namespaces, false, false);
                heap_reloptions(RELKIND_MATVIEW, options, true);
                Datum const toast = transformRelOptions(static_cast<Datum>(0), create->into->options, "toast",
                                                        namespaces, false, false);
                heap_reloptions(RELKIND_TOASTVALUE, toast, true);
            });
        });
        if (refused)
            out.problem = refused->message();
    }
    return out;
}

std::optional<Statement> index_of(const IndexStmt *index, bool &both) {
    if (index->concurrent) {
        both = true;
        return Statement{
            .kind = Kind::concurrently, .name = name_of(index->relation), .problem = "CREATE INDEX CONCURRENTLY"};
    }
    if (!index->unique || index->whereClause)
        return std::nullopt;
    for (int i = 0; i < list_length(index->indexParams); ++i)
        if (!static_cast<IndexElem *>(list_nth(index->indexParams, i))->name)
            return std::nullopt;
    return Statement{.kind = Kind::create_index, .name = name_of(index->relation), .identifies_rows = true};
}

// The first call of a function of ours in SELECT f('view', ...) or SELECT ... FROM f('view', ...).
std::optional<Statement> call_of(const SelectStmt *select) {
    auto read = [](const Node *node) -> std::optional<Statement> {
        if (!node || !IsA(node, FuncCall))
            return std::nullopt;
        const auto *function = reinterpret_cast<const FuncCall *>(node);
        const char *const name = strVal(static_cast<Node *>(llast(function->funcname)));
        constexpr std::string_view makers[] = {"mv_create", "mv_apply", "mv_replace", "mv_refresh"};
        if (std::ranges::find(makers, name) == std::end(makers) || function->args == NIL)
            return std::nullopt;
        auto *argument = static_cast<Node *>(linitial(function->args));
        if (IsA(argument, NamedArgExpr))
            argument = reinterpret_cast<Node *>(reinterpret_cast<NamedArgExpr *>(argument)->arg);
        if (!IsA(argument, A_Const))
            return std::nullopt;
        auto *constant = reinterpret_cast<A_Const *>(argument);
        if (constant->isnull || !IsA(&constant->val, String))
            return std::nullopt;
        Statement out{.kind = Kind::call, .name = {"", name, name}};
        const char *const view = strVal(&constant->val);
        auto const unreadable = try_in_subtransaction([&] {
            auto const written = parse_name(view);
            out.new_name = name_of(written.schema ? written.schema->c_str() : nullptr, written.name.c_str());
        });
        return unreadable ? std::nullopt : std::optional(out);
    };
    for (int i = 0; i < list_length(select->targetList); ++i) {
        Node *value = static_cast<ResTarget *>(list_nth(select->targetList, i))->val;
        if (value && IsA(value, A_Indirection))
            value = reinterpret_cast<A_Indirection *>(value)->arg;
        if (auto found = read(value))
            return found;
    }
    for (int i = 0; i < list_length(select->fromClause); ++i) {
        auto *item = static_cast<Node *>(list_nth(select->fromClause, i));
        if (!IsA(item, RangeFunction))
            continue;
        const List *functions = reinterpret_cast<RangeFunction *>(item)->functions;
        for (int j = 0; j < list_length(functions); ++j)
            if (auto found = read(static_cast<Node *>(linitial(static_cast<List *>(list_nth(functions, j))))))
                return found;
    }
    return std::nullopt;
}

std::optional<Statement> transaction_of(const TransactionStmt *statement) {
    switch (statement->kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
        return Statement{.kind = Kind::begin};
    case TRANS_STMT_COMMIT:
    case TRANS_STMT_ROLLBACK:
    case TRANS_STMT_PREPARE:
        return Statement{.kind = statement->chain ? Kind::begin : Kind::end};
    default:
        return std::nullopt;
    }
}

void add(const Node *parsed, Variables variables, std::vector<Statement> &out) {
    std::optional<Statement> found;
    switch (nodeTag(parsed)) {
    case T_TransactionStmt:
        found = transaction_of(reinterpret_cast<const TransactionStmt *>(parsed));
        break;
    case T_CreateTableAsStmt:
        if (reinterpret_cast<const CreateTableAsStmt *>(parsed)->objtype == OBJECT_MATVIEW)
            found = create_of(reinterpret_cast<const CreateTableAsStmt *>(parsed), variables);
        break;
    case T_RefreshMatViewStmt: {
        const auto *refresh = reinterpret_cast<const RefreshMatViewStmt *>(parsed);
        found = Statement{.kind = Kind::refresh,
                          .name = name_of(refresh->relation),
                          .with_data = !refresh->skipData,
                          .concurrently = refresh->concurrent};
        break;
    }
    case T_DropStmt:
        found = drop_of(reinterpret_cast<const DropStmt *>(parsed));
        break;
    case T_DropOwnedStmt: {
        const auto *drop = reinterpret_cast<const DropOwnedStmt *>(parsed);
        if (drop->behavior != DROP_CASCADE)
            break;
        found = Statement{.kind = Kind::drop, .dropped_kind = "OWNED BY", .cascade = true};
        for (int i = 0; i < list_length(drop->roles); ++i) {
            const char *const role = static_cast<RoleSpec *>(list_nth(drop->roles, i))->rolename;
            found->dropped.push_back(name_of(nullptr, role ? role : "current_user"));
        }
        break;
    }
    case T_AlterTableStmt:
        found = alter_of(reinterpret_cast<const AlterTableStmt *>(parsed));
        break;
    case T_RenameStmt: {
        const auto *rename = reinterpret_cast<const RenameStmt *>(parsed);
        if (rename->renameType != OBJECT_MATVIEW || !rename->relation)
            break;
        found = Statement{.kind = Kind::rename,
                          .name = name_of(rename->relation),
                          .new_name = name_of(rename->relation->schemaname, rename->newname)};
        break;
    }
    case T_IndexStmt: {
        bool both = false;
        found = index_of(reinterpret_cast<const IndexStmt *>(parsed), both);
        if (both) { // the index is there afterwards as well
            auto plain = *reinterpret_cast<const IndexStmt *>(parsed);
            plain.concurrent = false;
            if (auto index = index_of(&plain, both))
                out.push_back(std::move(*index));
        }
        break;
    }
    case T_ReindexStmt: {
        const auto *reindex = reinterpret_cast<const ReindexStmt *>(parsed);
        for (int i = 0; i < list_length(reindex->params); ++i)
            if (std::strcmp(static_cast<DefElem *>(list_nth(reindex->params, i))->defname, "concurrently") == 0)
                found = Statement{.kind = Kind::concurrently,
                                  .name = reindex->relation ? name_of(reindex->relation) : Name{},
                                  .problem = "REINDEX CONCURRENTLY"};
        break;
    }
    case T_SelectStmt:
        found = call_of(reinterpret_cast<const SelectStmt *>(parsed));
        break;
    default:
        break;
    }
    if (found)
        out.push_back(std::move(*found));
}

// Raises what the parser raises.
std::vector<Statement> parse(const std::string &text, Variables variables) {
    std::vector<Statement> out;
    const List *parsed = call([&] {
        ErrorPosition position(text.c_str());
        List *statements = raw_parser(text.c_str(), RAW_PARSE_DEFAULT);
        position.leave();
        return statements;
    });
    for (int i = 0; i < list_length(parsed); ++i)
        add(static_cast<RawStmt *>(list_nth(parsed, i))->stmt, variables, out);
    return out;
}

// Where in the script the parser stopped: `text` began in line `line`.
std::string place_of(const Error &error, const std::string &text, std::size_t line) {
    int const position = error.fields().internal_position;
    if (position <= 0)
        return {};
    std::size_t const at = call([&] {
        const char *p = text.c_str();
        for (int i = 1; i < position && *p; ++i)
            p += pg_mblen(p);
        return static_cast<std::size_t>(p - text.c_str());
    });
    std::size_t const before =
        static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    return before == 0 ? std::string() : "The parser stopped in line " + std::to_string(line + before) + ".";
}

// The server quotes what it stopped at, which may be the rest of the script.
std::string clipped(const std::string &message) {
    constexpr int longest = 300;
    int const size = static_cast<int>(message.size());
    if (size <= longest)
        return message;
    return message.substr(
               0, static_cast<std::size_t>(call([&] { return pg_mbcliplen(message.c_str(), size, longest); }))) +
           "...";
}

} // namespace

bool has_star(std::string_view sql) {
    std::string const text(sql);
    return call([&] {
        List *parsed = raw_parser(text.c_str(), RAW_PARSE_DEFAULT);
        for (int i = 0; i < list_length(parsed); ++i)
            if (has_star_unsafe(static_cast<RawStmt *>(list_nth(parsed, i))->stmt, nullptr))
                return true;
        return false;
    });
}

std::vector<Statement> read_script(std::string_view sql) {
    std::vector<Statement> out;
    model::Script script(sql);
    MemoryScope memory("mvmanager script");
    std::optional<model::ScriptStatement> current;
    bool done = false;
    auto keep = [&](std::vector<Statement> found) {
        for (Statement &statement : found) {
            statement.line = current->line;
            out.push_back(std::move(statement));
        }
    };
    while (!done) {
        // One subtransaction until something does not parse, not one a statement.
        auto const error = try_in_subtransaction([&] {
            MemorySwitch const here(memory.context());
            while ((current = script.next())) {
                check_for_interrupts();
                if (current->refused.empty())
                    keep(parse(current->text, Variables::none));
                else
                    out.push_back({.kind = Kind::broken, .line = current->line, .problem = current->refused});
                memory.reset();
            }
            done = true;
        });
        if (!error)
            continue;
        memory.reset();
        // With psql's variables it may be good.
        std::string const named = model::with_variables_named(current->text);
        std::optional<Error> still = error;
        if (named != current->text)
            still = try_in_subtransaction([&] {
                MemorySwitch const here(memory.context());
                keep(parse(named, Variables::named));
            });
        memory.reset();
        if (still)
            out.push_back({.kind = Kind::broken,
                           .line = current->line,
                           .problem = clipped(error->message()),
                           .where = place_of(*error, current->text, current->line)});
    }
    return out;
}

} // namespace mvmanager::pg
