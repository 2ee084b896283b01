#include "catalog/data_schema.hpp"

#include "catalog/extension.hpp"
#include "pg/namespace.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog {
namespace {

void require_ours(const pg::Namespace &schema, Oid owner) {
    if (schema.owner != owner)
        throw pg::Error(pg::sqlstate::insufficient_privilege, "schema \"{}\" does not belong to the owner of mvmanager",
                        data_schema_name)
            .detail("It belongs to {}, the extension to {}.", pg::role_name(schema.owner), pg::role_name(owner))
            .hint("Rename it, or run ALTER SCHEMA {} OWNER TO {}.", data_schema_name,
                  pg::quote_identifier(pg::role_name(owner)));
    if (schema.has_foreign_creator) {
        auto const grantee = OidIsValid(schema.foreign_creator)
                                 ? pg::quote_identifier(pg::role_name(schema.foreign_creator))
                                 : std::string("PUBLIC");
        throw pg::Error(pg::sqlstate::insufficient_privilege, "schema \"{}\" lets others create objects in it",
                        data_schema_name)
            .hint("Run REVOKE CREATE ON SCHEMA {} FROM {}.", data_schema_name, grantee);
    }
}

} // namespace

Oid find_data_schema() {
    auto const schema = pg::find_namespace(data_schema_name);
    return schema ? schema->oid : InvalidOid;
}

Oid require_data_schema() {
    Oid const owner = require_extension().owner;
    auto schema = pg::find_namespace(data_schema_name);
    if (!schema) {
        // Somebody else may do so at the same moment; then it is there, committed.
        auto const error = pg::try_in_subtransaction([&] { pg::create_namespace(data_schema_name, owner); });
        schema = pg::find_namespace(data_schema_name);
        if (!schema) {
            if (error)
                throw *error;
            throw pg::Error(pg::sqlstate::internal_error, "schema \"{}\" is gone", data_schema_name);
        }
    }
    require_ours(*schema, owner);
    return schema->oid;
}

} // namespace mvmanager::catalog
