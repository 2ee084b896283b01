#include "pg/namespace.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

void note_foreign_creator_unsafe(HeapTuple tuple, Namespace &found) {
    bool is_null = false;
    Datum const stored = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &is_null);
    if (is_null)
        return;
    Acl *acl = DatumGetAclP(stored);
    for (int i = 0; i < ACL_NUM(acl); ++i) {
        AclItem const &item = ACL_DAT(acl)[i];
        if (item.ai_grantee != found.owner && (ACLITEM_GET_PRIVS(item) & ACL_CREATE)) {
            found.has_foreign_creator = true;
            found.foreign_creator = item.ai_grantee;
        }
    }
}

// Everything to the owner, USAGE to PUBLIC.
void set_acl_unsafe(Oid schema, Oid owner) {
    AclItem usage = {};
    usage.ai_grantee = ACL_ID_PUBLIC;
    usage.ai_grantor = owner;
    ACLITEM_SET_PRIVS_GOPTIONS(usage, ACL_USAGE, ACL_NO_RIGHTS);
    Acl *acl = aclupdate(acldefault(OBJECT_SCHEMA, owner), &usage, ACL_MODECHG_ADD, owner, DROP_RESTRICT);

    ::Relation catalog = table_open(NamespaceRelationId, RowExclusiveLock);
    HeapTuple tuple = SearchSysCacheCopy1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for schema %u", schema);
    bool is_null = false;
    Datum const before = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &is_null);
    Oid *old_members = nullptr;
    int const old_count = is_null ? 0 : aclmembers(DatumGetAclPCopy(before), &old_members);
    Oid *new_members = nullptr;
    int const new_count = aclmembers(acl, &new_members);

    Datum values[Natts_pg_namespace] = {};
    bool nulls[Natts_pg_namespace] = {};
    bool replaces[Natts_pg_namespace] = {};
    values[Anum_pg_namespace_nspacl - 1] = PointerGetDatum(acl);
    replaces[Anum_pg_namespace_nspacl - 1] = true;
    HeapTuple changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaces);
    CatalogTupleUpdate(catalog, &changed->t_self, changed);
    updateAclDependencies(NamespaceRelationId, schema, 0, owner, old_count, old_members, new_count, new_members);
    table_close(catalog, RowExclusiveLock);
}

} // namespace

std::optional<Namespace> find_namespace(const char *name) {
    Namespace found;
    call([&] {
        found.oid = get_namespace_oid(name, /* missing_ok */ true);
        if (!OidIsValid(found.oid))
            return;
        HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(found.oid));
        if (!HeapTupleIsValid(tuple)) {
            found.oid = InvalidOid;
            return;
        }
        found.owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
        note_foreign_creator_unsafe(tuple, found);
        ReleaseSysCache(tuple);
    });
    return OidIsValid(found.oid) ? std::optional(found) : std::nullopt;
}

Oid create_namespace(const char *name, Oid owner) {
    return call([&] {
        Oid const schema = NamespaceCreate(name, owner, /* isTemp */ false);
        CommandCounterIncrement();
        set_acl_unsafe(schema, owner);
        CommandCounterIncrement();
        // While an extension's script runs, everything becomes its member.
        deleteDependencyRecordsForClass(NamespaceRelationId, schema, ExtensionRelationId, DEPENDENCY_EXTENSION);
        return schema;
    });
}

} // namespace mvmanager::pg
