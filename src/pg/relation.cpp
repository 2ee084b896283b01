#include "pg/relation.hpp"

#include "pg/values.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "commands/dbcommands.h"
#include "commands/tablecmds.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

bool owns_unsafe(Oid relation) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, relation, GetUserId());
#else
    return pg_class_ownercheck(relation, GetUserId());
#endif
}

bool has_right_unsafe(Oid relation, Right right) {
    if (right == Right::none || owns_unsafe(relation))
        return true;
#if PG_VERSION_NUM >= 170000
    if (right == Right::maintain)
        return pg_class_aclcheck(relation, GetUserId(), ACL_MAINTAIN) == ACLCHECK_OK;
#endif
    return false;
}

void require_right_unsafe(Oid relation, char kind, const char *name, Right right) {
    if (!has_right_unsafe(relation, right))
        aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(kind), name);
}

// Runs before each attempt to lock, while the name may still change its meaning.
void check_before_lock_unsafe(const RangeVar *name, Oid relation, Oid, void *argument) {
    if (!OidIsValid(relation))
        return;
    char const kind = get_rel_relkind(relation);
    if (kind == '\0')
        return;
    if (kind != RELKIND_MATVIEW)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a materialized view", name->relname)));
    require_right_unsafe(relation, kind, name->relname, *static_cast<Right *>(argument));
}

RangeVar *range_var_unsafe(const char *schema, const char *name) {
    return makeRangeVar(schema ? pstrdup(schema) : nullptr, pstrdup(name), -1);
}

std::optional<Relation> lock_by(const char *schema, const std::string &name, LockMode mode, Right right) {
    Oid const oid = call([&] {
        return RangeVarGetRelidExtended(range_var_unsafe(schema, name.c_str()), static_cast<LOCKMODE>(mode),
                                        RVR_MISSING_OK, check_before_lock_unsafe, &right);
    });
    if (!OidIsValid(oid))
        return std::nullopt;
    return describe_relation(oid);
}

std::optional<Relation> find_by(const char *schema, const std::string &name) {
    Oid const oid =
        call([&] { return RangeVarGetRelid(range_var_unsafe(schema, name.c_str()), NoLock, /* missing_ok */ true); });
    if (!OidIsValid(oid))
        return std::nullopt;
    return describe_relation(oid);
}

} // namespace

std::string QualifiedName::quoted() const { return quote_identifier(schema) + "." + quote_identifier(name); }

WrittenName parse_name(std::string_view text) {
    std::string const copy(text);
    RangeVar *var = call([&] {
        List *names = stringToQualifiedNameList(copy.c_str()
#if PG_VERSION_NUM >= 160000
                                                    ,
                                                nullptr
#endif
        );
        return makeRangeVarFromNameList(names);
    });
    if (var->catalogname) {
        std::string const database = var->catalogname;
        std::string const current = call([] { return get_database_name(MyDatabaseId); });
        if (database != current)
            throw Error(sqlstate::feature_not_supported, "cross-database references are not implemented: \"{}\"", copy);
    }
    WrittenName out;
    if (var->schemaname)
        out.schema = var->schemaname;
    out.name = var->relname;
    return out;
}

std::optional<Relation> lock_materialized_view(const WrittenName &name, LockMode mode, Right right) {
    return lock_by(name.schema ? name.schema->c_str() : nullptr, name.name, mode, right);
}
std::optional<Relation> lock_materialized_view(const QualifiedName &name, LockMode mode, Right right) {
    return lock_by(name.schema.c_str(), name.name, mode, right);
}
std::optional<Relation> find_relation(const WrittenName &name) {
    return find_by(name.schema ? name.schema->c_str() : nullptr, name.name);
}
std::optional<Relation> find_relation(const QualifiedName &name) {
    Oid const oid = call([&] {
        Oid const schema = get_namespace_oid(name.schema.c_str(), /* missing_ok */ true);
        return OidIsValid(schema) ? get_relname_relid(name.name.c_str(), schema) : InvalidOid;
    });
    if (!OidIsValid(oid))
        return std::nullopt;
    return describe_relation(oid);
}

std::optional<Relation> describe_relation(Oid oid) {
    struct Plain {
        bool found;
        Oid owner;
        char kind, persistence;
        bool populated;
        char *schema, *name;
    } const plain = call([&]() -> Plain {
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
        if (!HeapTupleIsValid(tuple))
            return {};
        auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        Plain p{true,
                form->relowner,
                form->relkind,
                form->relpersistence,
                form->relispopulated,
                get_namespace_name(form->relnamespace),
                pstrdup(NameStr(form->relname))};
        ReleaseSysCache(tuple);
        return p;
    });
    if (!plain.found || !plain.schema)
        return std::nullopt;
    return Relation{oid, plain.owner, plain.kind, plain.persistence, plain.populated, {plain.schema, plain.name}};
}

Oid relation_of_index(Oid index) {
    return call([&] { return IndexGetRelation(index, /* missing_ok */ true); });
}

QualifiedName creation_name(const WrittenName &name) {
    char *schema = call([&] {
        Oid const oid = RangeVarGetCreationNamespace(
            range_var_unsafe(name.schema ? name.schema->c_str() : nullptr, name.name.c_str()));
        return get_namespace_name(oid);
    });
    return {schema, name.name};
}

bool has_right(Oid relation, Right right) {
    return call([&] { return has_right_unsafe(relation, right); });
}

void require_right(const Relation &relation, Right right) {
    call([&] { require_right_unsafe(relation.oid, relation.kind, relation.name.name.c_str(), right); });
}

void require_unused(Oid relation, const char *command) {
    call([&] {
        auto *const opened = table_open(relation, NoLock);
        CheckTableNotInUse(opened, command);
        table_close(opened, NoLock);
    });
}

} // namespace mvmanager::pg
