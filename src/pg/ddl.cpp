#include "pg/ddl.hpp"

#include <algorithm>
#include <utility>

#include "pg/security.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "commands/tablespace.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

void execute_unsafe(Node *statement, const char *source) {
    ErrorPosition position(source);
    auto *planned = makeNode(PlannedStmt);
    planned->commandType = CMD_UTILITY;
    planned->canSetTag = false;
    planned->utilityStmt = statement;
    planned->stmt_location = 0;
    planned->stmt_len = 0;
    ProcessUtility(planned, source, /* readOnlyTree */ false, PROCESS_UTILITY_QUERY, nullptr, nullptr, None_Receiver,
                   nullptr);
    CommandCounterIncrement();
    position.leave();
}

RangeVar *range_var_unsafe(const QualifiedName &name) {
    return makeRangeVar(pstrdup(name.schema.c_str()), pstrdup(name.name.c_str()), -1);
}

List *name_list_unsafe(const QualifiedName &name) {
    return list_make2(makeString(pstrdup(name.schema.c_str())), makeString(pstrdup(name.name.c_str())));
}

// 'toast.autovacuum_enabled' has its namespace apart in a parse tree.
DefElem *option_unsafe(const char *name, const char *value) {
    char *copy = pstrdup(name);
    char *dot = strchr(copy, '.');
    Node *argument = value ? reinterpret_cast<Node *>(makeString(pstrdup(value))) : nullptr;
    if (!dot)
        return makeDefElem(copy, argument, -1);
    *dot = '\0';
    return makeDefElemExtended(copy, dot + 1, argument, DEFELEM_UNSPEC, -1);
}

IntoClause *into_unsafe(RangeVar *relation) {
    auto *into = makeNode(IntoClause);
    into->rel = relation;
    into->onCommit = ONCOMMIT_NOOP;
    into->skipData = true;
    return into;
}

Oid create_as_unsafe(ObjectType type, IntoClause *into, const AnalysedQuery &query) {
    auto *create = makeNode(CreateTableAsStmt);
    create->query = static_cast<Node *>(copyObjectImpl(query.query));
    create->objtype = type;
    create->into = into;
    if (type == OBJECT_MATVIEW) // the field is a Node before 18, a Query since
        into->viewQuery = reinterpret_cast<decltype(into->viewQuery)>(copyObjectImpl(query.query));
    execute_unsafe(reinterpret_cast<Node *>(create), query.text.c_str());
    return RangeVarGetRelid(into->rel, NoLock, false);
}

} // namespace

Oid create_materialized_view(const QualifiedName &name, const AnalysedQuery &query, const Storage &storage) {
    return call([&] {
        IntoClause *into = into_unsafe(range_var_unsafe(name));
        into->accessMethod = storage.access_method ? pstrdup(storage.access_method->c_str()) : nullptr;
        into->tableSpaceName = storage.tablespace ? pstrdup(storage.tablespace->c_str()) : nullptr;
        for (std::size_t i = 0; i < storage.reloptions.size(); ++i)
            into->options = lappend(
                into->options, option_unsafe(storage.reloptions[i].name.c_str(), storage.reloptions[i].value.c_str()));
        return create_as_unsafe(OBJECT_MATVIEW, into, query);
    });
}

Oid create_scratch_table(const QualifiedName &view, const AnalysedQuery &query, Oid owner) {
    bool const temporary = may_create_temporary(call([] { return GetUserId(); }));
    return call([&] {
        RangeVar *relation = makeRangeVar(pstrdup("pg_temp"), pstrdup(view.name.c_str()), -1);
        relation->relpersistence = RELPERSISTENCE_TEMP;
        if (!temporary) {
            Oid const schema = get_namespace_oid(view.schema.c_str(), false);
            char *name = ChooseRelationName(view.name.c_str(), nullptr, "scratch", schema, false);
            relation = makeRangeVar(pstrdup(view.schema.c_str()), name, -1);
        }
        Oid const table = create_as_unsafe(OBJECT_TABLE, into_unsafe(relation), query);
        CommandCounterIncrement();
        // Without the checks of a user's ALTER TABLE: the owner needs no right on the caller's temporary schema.
        ATExecChangeOwner(table, owner, /* recursing */ true, AccessExclusiveLock);
        CommandCounterIncrement();
        return table;
    });
}

void drop_materialized_view(const QualifiedName &name, bool cascade) {
    call([&] {
        auto *drop = makeNode(DropStmt);
        drop->objects = list_make1(name_list_unsafe(name));
        drop->removeType = OBJECT_MATVIEW;
        drop->behavior = cascade ? DROP_CASCADE : DROP_RESTRICT;
        execute_unsafe(reinterpret_cast<Node *>(drop), "DROP MATERIALIZED VIEW");
    });
}

void drop_index(const QualifiedName &name) {
    call([&] {
        auto *drop = makeNode(DropStmt);
        drop->objects = list_make1(name_list_unsafe(name));
        drop->removeType = OBJECT_INDEX;
        drop->behavior = DROP_RESTRICT;
        execute_unsafe(reinterpret_cast<Node *>(drop), "DROP INDEX");
    });
}

void set_comment(const QualifiedName &name, const std::optional<std::string> &comment) {
    call([&] {
        auto *statement = makeNode(CommentStmt);
        statement->objtype = OBJECT_MATVIEW;
        statement->object = reinterpret_cast<Node *>(name_list_unsafe(name));
        statement->comment = comment ? pstrdup(comment->c_str()) : nullptr;
        execute_unsafe(reinterpret_cast<Node *>(statement), "COMMENT ON MATERIALIZED VIEW");
    });
}

void alter_reloptions(const QualifiedName &name, const std::vector<model::Option> &set,
                      const std::vector<std::string> &reset) {
    call([&] {
        auto *alter = makeNode(AlterTableStmt);
        alter->relation = range_var_unsafe(name);
        alter->objtype = OBJECT_MATVIEW;
        if (!set.empty()) {
            auto *command = makeNode(AlterTableCmd);
            command->subtype = AT_SetRelOptions;
            List *options = NIL;
            for (std::size_t i = 0; i < set.size(); ++i)
                options = lappend(options, option_unsafe(set[i].name.c_str(), set[i].value.c_str()));
            command->def = reinterpret_cast<Node *>(options);
            alter->cmds = lappend(alter->cmds, command);
        }
        if (!reset.empty()) {
            auto *command = makeNode(AlterTableCmd);
            command->subtype = AT_ResetRelOptions;
            List *options = NIL;
            for (std::size_t i = 0; i < reset.size(); ++i)
                options = lappend(options, option_unsafe(reset[i].c_str(), nullptr));
            command->def = reinterpret_cast<Node *>(options);
            alter->cmds = lappend(alter->cmds, command);
        }
        if (alter->cmds != NIL)
            execute_unsafe(reinterpret_cast<Node *>(alter), "ALTER MATERIALIZED VIEW");
    });
}

IndexText::IndexText(std::string_view text) : text_(text) { parse(); }

IndexText::IndexText(std::string_view text, const QualifiedName &view) : text_(text) {
    parse();
    const RangeVar *on = statement_->relation;
    if (on->relname != view.name || (on->schemaname && on->schemaname != view.schema))
        throw Error(sqlstate::invalid_table_definition, "index is on \"{}\", not on materialized view \"{}\"",
                    on->relname, view.quoted())
            .hint("Write the index as you would for the view itself: CREATE INDEX ON {} (...).",
                  quote_identifier(view.name))
            .internal(text_, character_position(text_, on->location));
    if (statement_->concurrent)
        throw Error(sqlstate::feature_not_supported, "index cannot be created CONCURRENTLY here")
            .hint("Leave CONCURRENTLY out: a new view has no rows to index and no readers to wait for.");
}

void IndexText::parse() {
    List *statements = call([&] {
        ErrorPosition position(text_.c_str());
        List *parsed = raw_parser(text_.c_str(), RAW_PARSE_DEFAULT);
        position.leave();
        return parsed;
    });
    if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, IndexStmt))
        throw Error(sqlstate::invalid_table_definition, "index text is not exactly one CREATE INDEX statement")
            .hint("Pass one text per index: indexes => ARRAY['CREATE UNIQUE INDEX ON daily_usage (user_id)'].")
            .internal(text_, 1);
    statement_ = reinterpret_cast<IndexStmt *>(linitial_node(RawStmt, statements)->stmt);
}

std::optional<std::string> IndexText::name() const {
    if (!statement_->idxname)
        return std::nullopt;
    return std::string(statement_->idxname);
}

bool IndexText::same_index(const IndexText &other) const { return equal_but_names(other, false); }
bool IndexText::same_index_any_name(const IndexText &other) const { return equal_but_names(other, true); }

bool IndexText::equal_but_names(const IndexText &other, bool ignore_name) const {
    return call([&] {
        auto *a = static_cast<IndexStmt *>(copyObjectImpl(statement_));
        auto *b = static_cast<IndexStmt *>(copyObjectImpl(other.statement_));
        a->relation = b->relation = nullptr;
        if (ignore_name || !a->idxname || !b->idxname)
            a->idxname = b->idxname = nullptr;
        a->if_not_exists = b->if_not_exists = false;
        return equal(a, b);
    });
}

std::vector<IndexDescription> indexes_of(Oid relation) {
    EmptySearchPath path;
    std::vector<IndexDescription> out;
    List *oids = call([&] {
        ::Relation opened = RelationIdGetRelation(relation);
        if (!RelationIsValid(opened))
            elog(ERROR, "relation %u does not exist", relation);
        List *list = RelationGetIndexList(opened);
        RelationClose(opened);
        return list;
    });
    for (int i = 0; i < list_length(oids); ++i) {
        Oid const oid = list_nth_oid(oids, i);
        struct Plain {
            char *name, *canonical;
            bool valid;
        } const plain = call([&]() -> Plain {
            Datum const definition = OidFunctionCall1(F_PG_GET_INDEXDEF_OID, ObjectIdGetDatum(oid));
            return {get_rel_name(oid), TextDatumGetCString(definition), get_index_isvalid(oid)};
        });
        out.push_back({oid, plain.name, plain.canonical, plain.valid});
    }
    std::ranges::sort(out, {}, &IndexDescription::name);
    return out;
}

Oid IndexText::create(const Relation &relation) const {
    std::vector<IndexDescription> const before = indexes_of(relation.oid);
    call([&] {
        auto *statement = static_cast<IndexStmt *>(copyObjectImpl(statement_));
        statement->relation = range_var_unsafe(relation.name);
        // A name that is taken is an error whoever has it: the new index must be the one that was asked for.
        statement->if_not_exists = false;
        execute_unsafe(reinterpret_cast<Node *>(statement), text_.c_str());
    });
    for (const IndexDescription &index : indexes_of(relation.oid))
        if (std::ranges::find(before, index.oid, &IndexDescription::oid) == before.end())
            return index.oid;
    throw Error(sqlstate::internal_error, "index was not created");
}

Storage storage_of(Oid relation) {
    struct Plain {
        List *options, *toast;
        char *tablespace, *access_method;
        bool has_toast;
    } const plain = call([&]() -> Plain {
        Plain p{};
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "relation %u does not exist", relation);
        auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        bool is_null = false;
        Datum options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &is_null);
        if (!is_null)
            p.options = untransformRelOptions(options);
        if (OidIsValid(form->reltablespace))
            p.tablespace = get_tablespace_name(form->reltablespace);
        if (form->relam != HEAP_TABLE_AM_OID)
            p.access_method = get_am_name(form->relam);
        p.has_toast = OidIsValid(form->reltoastrelid);
        HeapTuple toast =
            OidIsValid(form->reltoastrelid) ? SearchSysCache1(RELOID, ObjectIdGetDatum(form->reltoastrelid)) : nullptr;
        if (HeapTupleIsValid(toast)) {
            Datum toast_options = SysCacheGetAttr(RELOID, toast, Anum_pg_class_reloptions, &is_null);
            if (!is_null)
                p.toast = untransformRelOptions(toast_options);
            ReleaseSysCache(toast);
        }
        ReleaseSysCache(tuple);
        return p;
    });
    Storage out;
    out.has_toast = plain.has_toast;
    for (const auto &[list, prefix] : {std::pair{plain.options, ""}, std::pair{plain.toast, "toast."}})
        for (int i = 0; i < list_length(list); ++i) {
            auto *option = static_cast<DefElem *>(list_nth(list, i));
            char *value = call([&] { return defGetString(option); });
            out.reloptions.push_back({std::string(prefix) + option->defname, value});
        }
    std::ranges::sort(out.reloptions, {}, &model::Option::name);
    if (plain.tablespace)
        out.tablespace = plain.tablespace;
    if (plain.access_method)
        out.access_method = plain.access_method;
    return out;
}

bool is_tablespace_of(Oid relation, const std::string &tablespace) {
    return call([&] {
        Oid const wanted = get_tablespace_oid(tablespace.c_str(), false);
        Oid const is = get_rel_tablespace(relation);
        return wanted == (OidIsValid(is) ? is : MyDatabaseTableSpace);
    });
}

std::optional<std::string> comment_of(Oid relation) {
    char *comment = call([&] { return GetComment(relation, RelationRelationId, 0); });
    if (!comment)
        return std::nullopt;
    return std::string(comment);
}

} // namespace mvmanager::pg
