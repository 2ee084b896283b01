#include "pg/security.hpp"

#include <exception>

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_database.h"
#include "utils/acl.h"
#include "utils/guc.h"
}

namespace mvmanager::pg {

SecurityScope::SecurityScope(Oid user, RunAs mode) : exceptions_(std::uncaught_exceptions()) {
    GetUserIdAndSecContext(&saved_user_, &saved_context_);
    int const added = mode == RunAs::catalog_owner ? SECURITY_LOCAL_USERID_CHANGE
                                                   : SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION;
    SetUserIdAndSecContext(user, saved_context_ | added);
    nest_level_ = NewGUCNestLevel();
    if (mode != RunAs::view_owner_keeping_path)
        set_local("search_path", "pg_catalog, pg_temp");
}

SecurityScope::~SecurityScope() {
    if (std::uncaught_exceptions() != exceptions_)
        return;
    AtEOXact_GUC(false, nest_level_);
    SetUserIdAndSecContext(saved_user_, saved_context_);
}

void set_local(const char *name, const char *value) {
    call([&] { set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false); });
}

bool is_member_of(Oid role) {
    return call([&] { return has_privs_of_role(GetUserId(), role); });
}

bool is_member_of(const std::string &member, Oid role) {
    return call([&] {
        Oid const found = get_role_oid(member.c_str(), true);
        return OidIsValid(found) && has_privs_of_role(found, role);
    });
}

bool may_create_temporary(Oid role) {
    return call([&] {
#if PG_VERSION_NUM >= 160000
        return object_aclcheck(DatabaseRelationId, MyDatabaseId, role, ACL_CREATE_TEMP) == ACLCHECK_OK;
#else
        return pg_database_aclcheck(MyDatabaseId, role, ACL_CREATE_TEMP) == ACLCHECK_OK;
#endif
    });
}

std::string role_name(Oid role) {
    char *name = call([&] { return GetUserNameFromId(role, true); });
    return name ? std::string(name) : std::string();
}

std::string session_user_name() { return role_name(GetSessionUserId()); }

} // namespace mvmanager::pg
