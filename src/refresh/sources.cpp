#include "refresh/sources.hpp"

#include <unordered_set>
#include <vector>

#include "pg/dependency.hpp"
#include "pg/relation_lock.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

std::int64_t lock_sources(Oid view) {
    std::int64_t blocked = 0;
    std::unordered_set<Oid> seen{view};
    std::vector<Oid> to_expand{view};
    while (!to_expand.empty()) {
        Oid const reader = to_expand.back();
        to_expand.pop_back();
        for (Oid const source : pg::relations_read_by(reader)) {
            if (!seen.insert(source).second)
                continue;
            pg::check_for_interrupts();
            blocked += pg::lock_relation_timed(source, pg::LockMode::access_share);
            // Looked at under the lock: what is gone by now is for the query to complain of.
            auto const found = pg::describe_relation(source);
            if (found && found->kind == 'v')
                to_expand.push_back(source);
        }
    }
    return blocked;
}

} // namespace mvmanager::refresh
