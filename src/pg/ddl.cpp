#include "pg/ddl.hpp"

#include <algorithm>
#include <utility>

#include "pg/own_ddl.hpp"
#include "pg/security.hpp"
#include "pg/utility.hpp"
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

} // namespace

Oid create_materialized_view(const QualifiedName &name, const AnalysedQuery &query, const Storage &storage) {
    OwnDdl const own;
    return call([&] {
        IntoClause *into = empty_into_unsafe(range_var_unsafe(name));
        into->accessMethod = storage.access_method ? pstrdup(storage.access_method->c_str()) : nullptr;
        into->tableSpaceName = storage.tablespace ? pstrdup(storage.tablespace->c_str()) : nullptr;
        for (std::size_t i = 0; i < storage.reloptions.size(); ++i)
            into->options = lappend(
                into->options, option_unsafe(storage.reloptions[i].name.c_str(), storage.reloptions[i].value.c_str()));
        return create_as_unsafe(CreatedKind::materialized_view, into, query);
    });
}

void drop_materialized_view(const QualifiedName &name, bool cascade) {
    OwnDdl const own;
    call([&] {
        auto *drop = makeNode(DropStmt);
        drop->objects = list_make1(name_list_unsafe(name));
        drop->removeType = OBJECT_MATVIEW;
        drop->behavior = cascade ? DROP_CASCADE : DROP_RESTRICT;
        execute_utility_unsafe(reinterpret_cast<Node *>(drop), "DROP MATERIALIZED VIEW");
    });
}

void drop_index(const QualifiedName &name) {
    OwnDdl const own;
    call([&] {
        auto *drop = makeNode(DropStmt);
        drop->objects = list_make1(name_list_unsafe(name));
        drop->removeType = OBJECT_INDEX;
        drop->behavior = DROP_RESTRICT;
        execute_utility_unsafe(reinterpret_cast<Node *>(drop), "DROP INDEX");
    });
}

void set_comment(const QualifiedName &name, const std::optional<std::string> &comment) {
    OwnDdl const own;
    call([&] {
        auto *statement = makeNode(CommentStmt);
        statement->objtype = OBJECT_MATVIEW;
        statement->object = reinterpret_cast<Node *>(name_list_unsafe(name));
        statement->comment = comment ? pstrdup(comment->c_str()) : nullptr;
        execute_utility_unsafe(reinterpret_cast<Node *>(statement), "COMMENT ON MATERIALIZED VIEW");
    });
}

void alter_reloptions(const QualifiedName &name, const std::vector<model::Option> &set,
                      const std::vector<std::string> &reset) {
    OwnDdl const own;
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
            execute_utility_unsafe(reinterpret_cast<Node *>(alter), "ALTER MATERIALIZED VIEW");
    });
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
