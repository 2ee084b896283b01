#include "refresh/fill.hpp"

#include "pg/heap_writer.hpp"
#include "pg/progress.hpp"
#include "pg/view_query.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

std::int64_t fill(Oid view, Oid into, Oid owner, pg::RunAs run_as) {
    pg::SecurityScope const as_owner(owner, run_as);
    pg::progress_phase(pg::Phase::planning);
    pg::ViewQuery query(view);
    pg::progress_phase(pg::Phase::filling_storage, static_cast<std::int64_t>(query.estimated_rows()));
    pg::HeapWriter rows(into);
    query.run(rows);
    return rows.finish();
}

} // namespace mvmanager::refresh
