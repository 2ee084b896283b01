#include "pg/analyze.hpp"

#include "pg/progress.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "commands/vacuum.h"
#include "pgstat.h"
#include "postmaster/autovacuum.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace mvmanager::pg {
namespace {

bool has_statistics_unsafe(Relation relation) {
    for (int i = 1; i <= RelationGetNumberOfAttributes(relation); ++i) {
        if (SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(RelationGetRelid(relation)), Int16GetDatum(i),
                                  BoolGetDatum(false)))
            return true;
    }
    return false;
}

bool is_due_unsafe(Relation relation, std::int64_t rows_written) {
    double scale = autovacuum_anl_scale, threshold = autovacuum_anl_thresh;
    if (relation->rd_options) {
        const AutoVacOpts &own = reinterpret_cast<StdRdOptions *>(relation->rd_options)->autovacuum;
        if (!own.enabled)
            return false;
        if (own.analyze_scale_factor >= 0)
            scale = own.analyze_scale_factor;
        if (own.analyze_threshold >= 0)
            threshold = own.analyze_threshold;
    }
    std::int64_t before = 0, times = 0;
    if (const PgStat_StatTabEntry *const known = pgstat_fetch_stat_tabentry(RelationGetRelid(relation))) {
#if PG_VERSION_NUM >= 160000
        before = known->mod_since_analyze;
        times = known->analyze_count + known->autoanalyze_count;
#else
        before = known->changes_since_analyze;
        times = known->analyze_count + known->autovac_analyze_count;
#endif
    }
    // A relation whose columns all have statistics target 0 was analyzed and has none.
    if (times == 0 && !has_statistics_unsafe(relation))
        return true;
    double const rows = relation->rd_rel->reltuples > 0 ? relation->rd_rel->reltuples : 0;
    return static_cast<double>(before + rows_written) > threshold + scale * rows;
}

} // namespace

bool analyze_is_due(Oid relation, std::int64_t rows_written) {
    return call([&] {
        Relation const opened = table_open(relation, NoLock);
        bool const due = is_due_unsafe(opened, rows_written);
        table_close(opened, NoLock);
        return due;
    });
}

void analyze(Oid relation) {
    KeepProgress const keep;
    call([&] {
        VacuumParams parameters = {};
        parameters.options = VACOPT_ANALYZE;
        parameters.log_min_duration = -1;
        analyze_rel(relation, nullptr, &parameters, NIL, /* in_outer_xact */ true, GetAccessStrategy(BAS_VACUUM));
        CommandCounterIncrement();
    });
}

bool has_statistics_objects(Oid relation) {
    return call([&] {
        ::Relation open = table_open(relation, AccessShareLock);
        bool const has = RelationGetStatExtList(open) != NIL;
        table_close(open, NoLock);
        return has;
    });
}

} // namespace mvmanager::pg
