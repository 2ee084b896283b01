#include "refresh/leftovers.hpp"

#include "catalog/data_schema.hpp"
#include "catalog/runs.hpp"
#include "format.hpp"
#include "pg/error.hpp"
#include "pg/lock.hpp"
#include "pg/relation_lock.hpp"
#include "pg/staged_relation.hpp"
#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

// True where there is nothing left to do about it.
bool drop(const catalog::runs::Staged &left) {
    auto const relation = pg::find_relation(pg::QualifiedName{catalog::data_schema_name, left.name});
    // Dropped, moved or renamed by its owner; or something that is not ours.
    if (!relation || !relation->is_materialized_view())
        return true;
    if (!pg::lock_relation(relation->oid, pg::LockMode::access_exclusive, pg::Wait::no))
        return false;
    if (pg::describe_relation(relation->oid))
        pg::drop_staged(relation->oid);
    return true;
}

} // namespace

int drop_leftovers(std::optional<std::int64_t> view_id) {
    int dropped = 0;
    for (catalog::runs::Staged const &left : catalog::runs::staged(view_id)) {
        auto const key = static_cast<std::uint64_t>(left.view_id);
        if (!pg::acquire(pg::LockSpace::view, key, pg::LockLevel::transaction, pg::Wait::no))
            continue;
        auto const error = pg::try_in_subtransaction([&] {
            if (!drop(left))
                return;
            catalog::runs::forget_staged(left.run_id);
            ++dropped;
        });
        if (error)
            pg::log(format("mvmanager could not drop {}.{}, left by run {}: {}", catalog::data_schema_name, left.name,
                           left.run_id, error->message()));
    }
    return dropped;
}

} // namespace mvmanager::refresh
