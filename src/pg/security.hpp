// Who the following code runs as.
#pragma once

#include <exception>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

enum class RunAs {
    // The owner of a view, for everything a view's query, index or predicate can call: security-restricted, so that
    // it can neither change roles nor leave deferred work behind, and with search_path = pg_catalog, pg_temp.
    view_owner,
    // The same without touching search_path: on 15 and 16 native REFRESH plans an adopted view under the caller's path.
    view_owner_keeping_path,
    // The extension's owner, around the fixed statements of src/catalog only. No user expression is evaluated here.
    catalog_owner,
};

// From 17 on core's own REFRESH looks names up in pg_catalog alone; before that along the caller's search_path, and a view
// that was made without us may rely on it.
inline constexpr bool core_keeps_search_path = PG_VERSION_NUM < 170000;

// Switches user, security context and GUC nest level until the scope ends.
//
// REQUIRES: scopes are left in the order opposite to that in which they were entered.
// While unwinding nothing is done here: the abort of the (sub)transaction restores user and settings.
class SecurityScope {
public:
    SecurityScope(Oid user, RunAs mode);
    ~SecurityScope();
    SecurityScope(const SecurityScope &) = delete;
    SecurityScope &operator=(const SecurityScope &) = delete;

private:
    Oid saved_user_ = InvalidOid;
    int saved_context_ = 0;
    int nest_level_ = 0;
    int exceptions_;
};

// Sets a configuration parameter for the innermost open SecurityScope or transaction, as a SET LOCAL of the system.
void set_local(const char *name, const char *value);

// True when the current user is `role` or a member of it (superusers are members of every role).
bool is_member_of(Oid role);
// The same of the role with that name; false where there is none.
bool is_member_of(const std::string &member, Oid role);
// Whether a role may create temporary tables in this database.
bool may_create_temporary(Oid role);
// The name of a role; empty when it no longer exists.
std::string role_name(Oid role);
// Who is logged in, whatever SET ROLE or a security-definer function made of it since.
std::string session_user_name();

} // namespace mvmanager::pg
