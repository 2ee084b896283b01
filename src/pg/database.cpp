#include "pg/database.hpp"

#include <algorithm>

#include "format.hpp"
#include "model/time.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"
}

namespace mvmanager::pg {
namespace {

struct Plain {
    Oid oid;
    NameData name;
    bool allows_connections;
    bool is_template;
};

Plain plain_of(HeapTuple tuple) {
    auto *form = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    Plain plain{form->oid, form->datname, form->datallowconn, form->datistemplate};
    // A database whose DROP was interrupted.
    if (form->datconnlimit == -2)
        plain.allows_connections = false;
    return plain;
}

Database database_of(const Plain &plain) {
    return {plain.oid, NameStr(plain.name), plain.allows_connections, plain.is_template};
}

} // namespace

std::vector<Database> all_databases() {
    struct {
        Plain *items;
        int count;
    } found{};
    found = call([] {
        decltype(found) list{};
        int capacity = 16;
        list.items = static_cast<Plain *>(palloc(sizeof(Plain) * capacity));
        // pg_database is read as the autovacuum launcher does it: without a connection there is no index to rely on.
        Relation catalog = table_open(DatabaseRelationId, AccessShareLock);
        TableScanDesc scan = table_beginscan_catalog(catalog, 0, nullptr);
        while (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection)) {
            if (list.count == capacity)
                list.items = static_cast<Plain *>(repalloc(list.items, sizeof(Plain) * (capacity *= 2)));
            list.items[list.count++] = plain_of(tuple);
        }
        table_endscan(scan);
        table_close(catalog, AccessShareLock);
        return list;
    });
    std::vector<Database> databases;
    for (int i = 0; i < found.count; ++i)
        databases.push_back(database_of(found.items[i]));
    return databases;
}

std::optional<Database> find_database(Oid oid) {
    Plain const plain = call([&] {
        Plain found{};
        HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(oid));
        if (HeapTupleIsValid(tuple)) {
            found = plain_of(tuple);
            ReleaseSysCache(tuple);
        }
        return found;
    });
    return OidIsValid(plain.oid) ? std::optional(database_of(plain)) : std::nullopt;
}

Oid database_owner(Oid oid) {
    return call([&] {
        Oid owner = InvalidOid;
        HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(oid));
        if (HeapTupleIsValid(tuple)) {
            owner = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datdba;
            ReleaseSysCache(tuple);
        }
        return owner;
    });
}

bool is_open_for_connections(Oid oid) {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, oid, 0);
    // What a new connection takes. Not to be had while another holds a conflicting lock or waits for one.
    return call([&] {
        if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
            return false;
        LockRelease(&tag, RowExclusiveLock, true);
        return true;
    });
}

std::vector<std::string> split_names(const char *list) {
    struct {
        char **items;
        int count;
    } found{};
    found = call([&] {
        decltype(found) split{};
        List *names = NIL;
        if (!list || !SplitIdentifierString(pstrdup(list), ',', &names))
            return split;
        split.items = static_cast<char **>(palloc(sizeof(char *) * (list_length(names) + 1)));
        ListCell *cell;
        foreach (cell, names)
            split.items[split.count++] = static_cast<char *>(lfirst(cell));
        return split;
    });
    return {found.items, found.items + found.count};
}

bool is_listed(const char *list, const std::string &name) {
    const std::vector<std::string> names = split_names(list);
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

std::string server_generation() {
    model::LocalTime const start = model::from_as_if_utc(PgStartTime);
    return format("{}/{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", GetWALInsertionTimeLine(), start.year, start.month,
                  start.day, start.hour, start.minute, start.second, start.microsecond);
}

} // namespace mvmanager::pg
