// Where each column of a relation goes when its columns change, and what is stored under a column's number.
#pragma once

#include "pg/postgres.hpp"

extern "C" {
#include "access/attnum.h"
#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"
}

namespace mvmanager::pg {

// Palloc'd, so that it can be held where an error may jump past. `to` and `retyped` are indexed by old number less one.
struct ColumnMap {
    int before = 0;
    AttrNumber *to = nullptr; // 0 where the column does not go on
    bool *retyped = nullptr;  // goes on with another type, type modifier or collation
    bool has_moved = false;   // some column goes on under another number, or does not go on
    bool has_retyped = false;

    AttrNumber of(int number) const { return number >= 1 && number <= before ? to[number - 1] : 0; }
    bool follows(int number) const { return of(number) != 0 && !retyped[number - 1]; }
};

// A NewColumn that a longjmp may skip.
struct PlainColumn {
    const char *name;
    Oid type;
    int32 typmod;
    Oid collation;
    int from;
};

struct ColumnChange {
    ::Relation relation;
    const PlainColumn *columns;
    int count;
    ColumnMap map;
    Oid *new_types;    // by old number less one
    int first_changed; // the first number under which there is another column than before
    bool rewrites;     // existing columns change in more than their names
};

// All for use inside pg::call. REQUIRES: AccessExclusiveLock on the relation.

TupleDesc descriptor_unsafe(const PlainColumn *columns, int count);

// The rows of the columns, how many there are, and the types they depend on.
void write_columns_unsafe(const ColumnChange &change);

// Comments, security labels, the roles named in grants, and what ANALYZE found: under the new numbers, gone with a column
// that does not go on. What ANALYZE found of a retyped column goes too.
void renumber_annotations_unsafe(Oid relation, const ColumnMap &map);

// Indexes, statistics objects and defaults under the new numbers. REQUIRES: visit_stuck_unsafe finds nothing.
void renumber_objects_unsafe(Oid relation, const ColumnMap &map);

// What the session keeps of an index is made anew only where its file is not of this transaction: the numbers of its columns
// never change otherwise. So around the end of the command that renumbers, the indexes of the relation pass for old ones.
// With wal_level = minimal the session must know afterwards which files are new; then a savepoint between the making of a
// file and now would bring the old numbers back to life when it is rolled back to, which is refused with 0A000.
List *pass_for_old_unsafe(Oid relation);
void end_passing_unsafe(List *passing);

// Those of the same objects that cannot follow: calls visit(class, object, old number) for each column of each, 0 for the
// whole row. `new_types` is indexed like `to`.
using VisitStuck = void (*)(void *context, Oid class_id, Oid object, int column);
void visit_stuck_unsafe(Oid relation, const ColumnMap &map, const Oid *new_types, VisitStuck visit, void *context);

} // namespace mvmanager::pg
