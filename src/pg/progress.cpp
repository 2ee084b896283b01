#include "pg/progress.hpp"

#include <algorithm>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "commands/progress.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

namespace mvmanager::pg {
namespace {

static_assert(Progress::slots == PGSTAT_NUM_PROGRESS_PARAM);

// Far above the commands of any core, and a number no other extension is likely to have taken; the stamp makes sure.
constexpr int our_command = 0x6D76;
// Its last byte counts the changes of the slots and of the numbers in them: processes of another library are passed over.
constexpr std::int64_t our_stamp = 0x6D766D616E616701;

// Slots that neither an index build (8 to 12, 15, 16) nor a REFRESH of core's (1, 7) writes.
enum Slot : int {
    phase = 0,
    strategy = 2,
    rows_read = 3,
    rows_written = 4,
    rows_estimated = 5,
    blocked_by = 6,
    run = 8,
    indexes_total = 13,
    indexes_done = 14,
    started_at = 17,
    phase_started_at = 18,
    stamp = 19,
};
// What core writes whatever the command, by its own names.
constexpr int core_slots[] = {PROGRESS_CLUSTER_PHASE,         PROGRESS_CLUSTER_INDEX_REBUILD_COUNT,
                              PROGRESS_CREATEIDX_PHASE,       PROGRESS_CREATEIDX_SUBPHASE,
                              PROGRESS_CREATEIDX_TUPLES_DONE, PROGRESS_CREATEIDX_TUPLES_TOTAL,
                              PROGRESS_SCAN_BLOCKS_TOTAL,     PROGRESS_SCAN_BLOCKS_DONE};
constexpr std::int64_t not_told = -1;

// What this process reports; command is ours or 0.
Progress::State current{};

// The enum's values end far below: to the server this is a number, and GCC without -fstrict-enums keeps it one.
ProgressCommandType as_command(int number) { return static_cast<ProgressCommandType>(number); }

bool is_up() { return MyBEEntry && static_cast<int>(MyBEEntry->st_progress_command) == our_command; }

// Starting a command empties its slots, so that a reader could find no refresh: only where it is not there already.
void put_up(const Progress::State &state) {
    int slots[Progress::slots];
    for (int i = 0; i < Progress::slots; ++i)
        slots[i] = i;
    if (state.command != our_command || !is_up() || MyBEEntry->st_progress_command_target != state.relation)
        pgstat_progress_start_command(as_command(state.command), state.relation);
    pgstat_progress_update_multi_param(Progress::slots, slots, state.values);
}

void set(Slot slot, std::int64_t value) {
    current.values[slot] = value;
    if (is_up())
        pgstat_progress_update_param(slot, value);
    else
        put_up(current);
}

bool is_reporting() { return current.command == our_command; }

std::optional<std::int64_t> told(std::int64_t value) { return value == not_told ? std::nullopt : std::optional(value); }

// What mvmanager.visible lets through, for those who call the function below it.
bool may_see_unsafe(Oid relation, Oid runs_as) {
    Oid const user = GetUserId();
    if (has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) || has_privs_of_role(user, runs_as))
        return true;
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        return false;
    Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    bool sees = has_privs_of_role(user, owner);
    bool has_no_acl = true;
    Datum const acl = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &has_no_acl);
    if (!sees && !has_no_acl)
        sees = aclmask(DatumGetAclP(acl), user, owner, ACL_ALL_RIGHTS_RELATION, ACLMASK_ANY) != ACL_NO_RIGHTS;
    ReleaseSysCache(tuple);
    return sees || pg_attribute_aclcheck_all(relation, user, ACL_ALL_RIGHTS_COLUMN, ACLMASK_ANY) == ACLCHECK_OK;
}

PgBackendStatus *entry_unsafe(int index) {
#if PG_VERSION_NUM >= 160000
    LocalPgBackendStatus *const local = pgstat_get_local_beentry_by_index(index);
#else
    LocalPgBackendStatus *const local = pgstat_fetch_stat_local_beentry(index);
#endif
    return local ? &local->backendStatus : nullptr;
}

ProgressRow read_entry(const PgBackendStatus &entry) {
    const std::int64_t *const values = entry.st_progress_param;
    ProgressRow row{.pid = entry.st_procpid,
                    .relation = entry.st_progress_command_target,
                    .run = told(values[Slot::run]),
                    .strategy = static_cast<model::Strategy>(values[Slot::strategy]),
                    .phase = static_cast<Phase>(values[Slot::phase]),
                    .started_at = values[Slot::started_at],
                    .phase_started_at = values[Slot::phase_started_at],
                    .rows_read = told(values[Slot::rows_read]),
                    .rows_written = told(values[Slot::rows_written]),
                    .rows_estimated = told(values[Slot::rows_estimated]),
                    .indexes_done = told(values[Slot::indexes_done]),
                    .indexes_total = told(values[Slot::indexes_total])};
    if (values[Slot::blocked_by] > 0)
        row.blocked_by = static_cast<int>(values[Slot::blocked_by]);
    // The last steps of core's REFRESH are ours too, and it numbers them.
    if (row.phase == Phase::core_refresh) {
        switch (values[PROGRESS_CLUSTER_PHASE]) {
        case PROGRESS_CLUSTER_PHASE_REBUILD_INDEX:
            row.phase = Phase::building_indexes;
            row.indexes_done = values[PROGRESS_CLUSTER_INDEX_REBUILD_COUNT];
            break;
        case PROGRESS_CLUSTER_PHASE_SWAP_REL_FILES:
        case PROGRESS_CLUSTER_PHASE_FINAL_CLEANUP:
            row.phase = Phase::swapping;
            break;
        default:
            break;
        }
    }
    if (row.phase == Phase::building_indexes && values[PROGRESS_CREATEIDX_PHASE] == PROGRESS_CREATEIDX_PHASE_BUILD) {
        row.blocks_done = values[PROGRESS_SCAN_BLOCKS_DONE];
        row.blocks_total = values[PROGRESS_SCAN_BLOCKS_TOTAL];
        row.tuples_done = values[PROGRESS_CREATEIDX_TUPLES_DONE];
        row.tuples_total = values[PROGRESS_CREATEIDX_TUPLES_TOTAL];
    }
    return row;
}

bool is_ours(const PgBackendStatus &entry) {
    return entry.st_procpid > 0 && static_cast<int>(entry.st_progress_command) == our_command &&
           entry.st_progress_param[Slot::stamp] == our_stamp && entry.st_databaseid == MyDatabaseId;
}

} // namespace

Progress::Progress(Oid view, model::Strategy strategy, std::optional<std::int64_t> run) : before_(current) {
    // Core's entry is copied rather than remembered, since core wrote it.
    if (!is_reporting() && MyBEEntry && MyBEEntry->st_progress_command != PROGRESS_COMMAND_INVALID) {
        before_.command = MyBEEntry->st_progress_command;
        before_.relation = MyBEEntry->st_progress_command_target;
        std::copy_n(MyBEEntry->st_progress_param, slots, before_.values);
    }
    current = {.command = our_command, .relation = view, .values = {}};
    for (Slot const slot :
         {Slot::rows_read, Slot::rows_written, Slot::rows_estimated, Slot::indexes_done, Slot::indexes_total})
        current.values[slot] = not_told;
    current.values[Slot::phase] = static_cast<std::int64_t>(Phase::waiting_for_locks);
    current.values[Slot::strategy] = static_cast<std::int64_t>(strategy);
    current.values[Slot::run] = run.value_or(not_told);
    current.values[Slot::started_at] = current.values[Slot::phase_started_at] = GetCurrentTimestamp();
    current.values[Slot::stamp] = our_stamp;
    put_up(current);
}

Progress::~Progress() {
    current = before_.command == our_command ? before_ : State{};
    if (before_.command != 0)
        put_up(before_);
    else if (is_up())
        pgstat_progress_end_command();
}

// What core asks before it reports a command. Setting it by its name would need a superuser and tell the client.
KeepProgress::KeepProgress() : saved_(pgstat_track_activities) {
    if (is_reporting())
        pgstat_track_activities = false;
}

KeepProgress::~KeepProgress() { pgstat_track_activities = saved_; }

void progress_strategy(model::Strategy strategy) {
    if (is_reporting())
        set(Slot::strategy, static_cast<std::int64_t>(strategy));
}

void progress_phase(Phase phase, std::optional<std::int64_t> estimate) {
    if (!is_reporting())
        return;
    auto &values = current.values;
    values[Slot::phase] = static_cast<std::int64_t>(phase);
    values[Slot::phase_started_at] = GetCurrentTimestamp();
    values[Slot::rows_estimated] = estimate && *estimate >= 0 ? *estimate : not_told;
    values[Slot::blocked_by] = 0;
    if (phase == Phase::scanning_view || phase == Phase::running_query || phase == Phase::comparing_partitions ||
        phase == Phase::filling_storage)
        values[Slot::rows_read] = 0;
    if (phase == Phase::writing_rows || phase == Phase::filling_storage)
        values[Slot::rows_written] = 0;
    for (int const slot : core_slots)
        values[slot] = 0;
    put_up(current);
}

void progress_rows_read(std::int64_t so_far) {
    if (is_reporting())
        set(Slot::rows_read, so_far);
}

void progress_rows_written(std::int64_t so_far) {
    if (is_reporting())
        set(Slot::rows_written, so_far);
}

void progress_indexes(int done, int total) {
    if (!is_reporting())
        return;
    set(Slot::indexes_total, total);
    set(Slot::indexes_done, done);
}

void progress_blocked_by(int pid) {
    if (is_reporting())
        set(Slot::blocked_by, pid);
}

std::vector<ProgressRow> read_progress() {
    std::vector<ProgressRow> rows;
    int const entries = call(pgstat_fetch_stat_numbackends);
    for (int i = 1; i <= entries; ++i) {
        const PgBackendStatus *const entry = call([&] { return entry_unsafe(i); });
        if (entry && is_ours(*entry) &&
            call([&] { return may_see_unsafe(entry->st_progress_command_target, entry->st_userid); }))
            rows.push_back(read_entry(*entry));
    }
    return rows;
}

} // namespace mvmanager::pg
