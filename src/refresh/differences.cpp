#include "refresh/differences.hpp"

#include "pg/analyze.hpp"
#include "pg/error.hpp"
#include "pg/progress.hpp"
#include "pg/relation_scan.hpp"
#include "pg/row_pairs.hpp"
#include "pg/snapshot.hpp"
#include "pg/wait_point.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

pg::RowMatcher::Limits memory_limits(pg::Lifetime lifetime) {
    return {.memory_bytes = static_cast<std::size_t>(settings::diff_memory_kilobytes()) * 1024, .lifetime = lifetime};
}

void require_comparable(const Target &target) {
    pg::require_unused(target.relation.oid, core_command);
    if (pg::one_snapshot_per_transaction() && !pg::active_snapshot_is_current(target.relation.oid))
        throw pg::Error(pg::sqlstate::serialization_failure, "could not serialize access due to concurrent update")
            .detail("Materialized view \"{}\" was refreshed after this transaction took its snapshot.",
                    target.relation.name.quoted())
            .hint("Run the transaction again, or refresh under READ COMMITTED.");
}

Effect apply_differences(const Target &target, pg::RowMatcher &matcher, const pg::Predicate *compared) {
    Oid const relation = target.relation.oid;
    pg::wait_point("diff-before-apply");
    Effect effect{.rows_inserted = 0, .rows_updated = 0, .rows_deleted = 0, .rows_total = matcher.view_rows()};
    if (matcher.deletions().count() > 0 || matcher.insertions().count() > 0) {
        pg::RowPairs pairs(relation, matcher.deletions(), matcher.insertions(), memory_limits().memory_bytes / 2);
        pg::RelationWriter writer(relation, compared);
        pg::progress_phase(pg::Phase::writing_rows,
                           static_cast<std::int64_t>(pairs.deletions().count()) + matcher.insertions().count());
        writer.remove(pairs.deletions());
        writer.write(matcher.insertions(), pairs.partners());
        writer.finish();
        effect.rows_inserted = writer.inserted();
        effect.rows_updated = writer.updated();
        effect.rows_deleted = writer.deleted() + writer.replaced();
        effect.rows_total = matcher.view_rows() + *effect.rows_inserted - *effect.rows_deleted;
        std::int64_t const written = *effect.rows_inserted + *effect.rows_updated + *effect.rows_deleted;
        if (pg::analyze_is_due(relation, written)) {
            pg::progress_phase(pg::Phase::analyzing);
            pg::analyze(relation);
        }
    }
    pg::wait_point("diff-after-apply");
    return effect;
}

} // namespace mvmanager::refresh
