// mv_diff: what differs between two versions.

#include "versioning/diff.hpp"
#include "api/managed_view.hpp"
#include "catalog/versions.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

using namespace mvmanager;

MV_FUNCTION(mvm_diff) {
    pg::Arguments const arguments(fcinfo);
    auto const managed = api::require_managed_view(arguments.require<std::string>(0, "name"), pg::Right::own);
    auto const before = api::require_version(managed, arguments.require<std::int32_t>(1, "from_version"));
    auto const after = api::require_version(managed, arguments.get<std::int32_t>(2));
    pg::RowSink out(fcinfo);
    for (const auto &difference : versioning::diff(managed.view.name, before, after))
        out.add({pg::Value::text(difference.kind), pg::Value::text(difference.item), pg::Value::text(difference.before),
                 pg::Value::text(difference.after)});
    return static_cast<Datum>(0);
}
