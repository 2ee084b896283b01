#include "pg/columns.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "pg/column_map.hpp"
#include "pg/row_type.hpp"
#include "pg/stored_command.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/toast_compression.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "catalog/toasting.h"
#include "commands/tablecmds.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace mvmanager::pg {
namespace {

std::vector<PlainColumn> plain(const std::vector<NewColumn> &columns) {
    std::vector<PlainColumn> out;
    for (const NewColumn &column : columns)
        out.push_back({column.name.c_str(), column.type, column.typmod, column.collation, column.from});
    return out;
}

bool is_other_type(Form_pg_attribute old, const PlainColumn &now) {
    return old->atttypid != now.type || old->atttypmod != now.typmod || old->attcollation != now.collation;
}

ColumnChange change_unsafe(::Relation relation, const PlainColumn *columns, int count) {
    TupleDesc const descriptor = RelationGetDescr(relation);
    ColumnChange change{relation, columns, count, {}, nullptr, count + 1, false};
    ColumnMap &map = change.map;
    map.before = descriptor->natts;
    map.to = static_cast<AttrNumber *>(palloc0(sizeof(AttrNumber) * static_cast<Size>(map.before + 1)));
    map.retyped = static_cast<bool *>(palloc0(sizeof(bool) * static_cast<Size>(map.before + 1)));
    change.new_types = static_cast<Oid *>(palloc0(sizeof(Oid) * static_cast<Size>(map.before + 1)));
    for (int i = count - 1; i >= 0; --i) {
        int const from = columns[i].from;
        if (from < 0 || from > map.before || (from > 0 && map.to[from - 1] != 0))
            elog(ERROR, "column %d of relation %u cannot be continued", from, RelationGetRelid(relation));
        bool const is_retyped = from > 0 && is_other_type(TupleDescAttr(descriptor, from - 1), columns[i]);
        if (from > 0) {
            map.to[from - 1] = static_cast<AttrNumber>(i + 1);
            map.retyped[from - 1] = is_retyped;
            change.new_types[from - 1] = columns[i].type;
        }
        map.has_retyped = map.has_retyped || is_retyped;
        if (from != i + 1 || is_retyped)
            change.first_changed = i + 1;
    }
    for (int number = 1; number <= map.before; ++number) {
        if (TupleDescAttr(descriptor, number - 1)->attisdropped)
            elog(ERROR, "relation %u has a dropped column", RelationGetRelid(relation));
        map.has_moved = map.has_moved || map.to[number - 1] != number;
    }
    change.rewrites = map.has_moved || map.has_retyped;
    return change;
}

// A value that is stored with fewer columns reads as null in the others, which a domain may forbid.
bool has_new_constraint_unsafe(const ColumnChange &change) {
    for (int i = 0; i < change.count; ++i)
        if (change.columns[i].from == 0 && DomainHasConstraints(change.columns[i].type))
            return true;
    return false;
}

void require_type_usage_unsafe(const ColumnChange &change) {
    Oid const owner = change.relation->rd_rel->relowner;
    for (int i = 0; i < change.count; ++i) {
        const PlainColumn &column = change.columns[i];
        if (column.from > 0 && !change.map.retyped[column.from - 1])
            continue;
#if PG_VERSION_NUM >= 160000
        AclResult const result = object_aclcheck(TypeRelationId, column.type, owner, ACL_USAGE);
#else
        AclResult const result = pg_type_aclcheck(column.type, owner, ACL_USAGE);
#endif
        if (result != ACLCHECK_OK)
            aclcheck_error_type(result, column.type);
    }
}

// What CREATE and ALTER TABLE check.
void check_unsafe(const ColumnChange &change) {
    ::Relation const relation = change.relation;
    char const kind = relation->rd_rel->relkind;
    if (kind != RELKIND_MATVIEW && kind != RELKIND_VIEW)
        elog(ERROR, "relation %u is no view", RelationGetRelid(relation));
    CheckTableNotInUse(relation, kind == RELKIND_VIEW ? "CREATE OR REPLACE VIEW" : "ALTER MATERIALIZED VIEW");
    for (int i = 0; i < change.count; ++i)
        CheckAttributeType(change.columns[i].name, change.columns[i].type, change.columns[i].collation,
                           list_make1_oid(relation->rd_rel->reltype), 0);
    require_type_usage_unsafe(change);
}

const char *stuck_name_unsafe(Oid class_id, Oid object) {
    ObjectAddress address;
    ObjectAddressSet(address, class_id, object);
    return getObjectDescription(&address, false);
}

void raise_stuck_unsafe(void *context, Oid class_id, Oid object, int number) {
    ::Relation const relation = static_cast<const ColumnChange *>(context)->relation;
    const char *what = stuck_name_unsafe(class_id, object);
    const char *column =
        number > 0 ? NameStr(TupleDescAttr(RelationGetDescr(relation), number - 1)->attname) : "the whole row";
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("cannot change columns of \"%s\" because other objects depend on them",
                           RelationGetRelationName(relation)),
                    errdetail("%s uses column %s.", what, column)));
}

void set_columns_unsafe(Oid oid, const PlainColumn *columns, int count, const char *stored_in) {
    ::Relation relation = relation_open(oid, AccessExclusiveLock);
    CheckAttributeNamesTypes(descriptor_unsafe(columns, count), relation->rd_rel->relkind, 0);
    ColumnChange change = change_unsafe(relation, columns, count);
    if (stored_in && (change.rewrites || has_new_constraint_unsafe(change)))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot change columns of \"%s\" because values of its row type are stored",
                               RelationGetRelationName(relation)),
                        errdetail("They are in %s.", stored_in)));
    check_unsafe(change);
    visit_stuck_unsafe(oid, change.map, change.new_types, raise_stuck_unsafe, &change);
    write_columns_unsafe(change);
    renumber_objects_unsafe(oid, change.map);
    CacheInvalidateRelcache(relation);
    relation_close(relation, NoLock);
    List *passing = change.map.has_moved ? pass_for_old_unsafe(oid) : NIL;
    CommandCounterIncrement();
    end_passing_unsafe(passing);
    renumber_annotations_unsafe(oid, change.map);
    CommandCounterIncrement();
}

const char *attribute_name_unsafe(Oid relation, int number) {
    return number > 0 ? get_attname(relation, static_cast<AttrNumber>(number), true) : nullptr;
}

} // namespace

std::vector<NewColumn> columns_of(Oid relation) {
    struct Read {
        TupleDesc descriptor;
    } const read = call([&]() -> Read {
        ::Relation opened = relation_open(relation, AccessShareLock);
        Read out{CreateTupleDescCopy(RelationGetDescr(opened))};
        relation_close(opened, AccessShareLock);
        return out;
    });
    std::vector<NewColumn> out;
    for (int i = 0; i < read.descriptor->natts; ++i) {
        Form_pg_attribute const form = TupleDescAttr(read.descriptor, i);
        out.push_back({NameStr(form->attname), form->atttypid, form->atttypmod, form->attcollation, i + 1});
    }
    return out;
}

std::vector<NewColumn> columns_of(const AnalysedQuery &query, std::span<const int> from) {
    std::vector<NewColumn> out;
    for (int i = 0; i < list_length(query.query->targetList); ++i) {
        auto *entry = static_cast<TargetEntry *>(list_nth(query.query->targetList, i));
        if (entry->resjunk)
            continue;
        struct Plain {
            Oid type;
            int32 typmod;
            Oid collation;
            bool is_collatable;
        } const plain = call([&]() -> Plain {
            auto *expression = reinterpret_cast<Node *>(entry->expr);
            Oid const type = exprType(expression);
            return {type, exprTypmod(expression), exprCollation(expression), type_is_collatable(type)};
        });
        std::string const name = entry->resname ? entry->resname : "";
        if (plain.is_collatable && !OidIsValid(plain.collation))
            throw Error(sqlstate::indeterminate_collation,
                        "no collation was derived for column \"{}\" with a collatable type", name)
                .hint("Use the COLLATE clause to set the collation explicitly.");
        out.push_back({name, plain.type, plain.typmod, plain.collation, from.empty() ? 0 : from[out.size()]});
    }
    return out;
}

void set_columns(Oid relation, const std::vector<NewColumn> &columns) {
    auto const list = plain(columns);
    auto const stored = columns_storing_rows(relation);
    std::string const where =
        stored.empty() ? "" : description_of(RelationRelationId, stored[0].relation, stored[0].column);
    call([&] {
        set_columns_unsafe(relation, list.data(), static_cast<int>(list.size()),
                           stored.empty() ? nullptr : where.c_str());
    });
}

void add_toast_table(Oid relation) {
    call([&] {
        AlterTableCreateToastTable(relation, static_cast<Datum>(0), AccessExclusiveLock);
        CommandCounterIncrement();
    });
}

std::vector<StuckObject> cannot_follow(Oid relation, const std::vector<NewColumn> &columns) {
    auto const list = plain(columns);
    struct Visited {
        List *flat = NIL; // class, object, column in turns
    } visited;
    call([&] {
        ::Relation opened = relation_open(relation, AccessShareLock);
        ColumnChange const change = change_unsafe(opened, list.data(), static_cast<int>(list.size()));
        visit_stuck_unsafe(
            relation, change.map, change.new_types,
            [](void *context, Oid class_id, Oid object, int number) {
                auto &flat = static_cast<Visited *>(context)->flat;
                flat = lappend_oid(lappend_oid(lappend_oid(flat, class_id), object), static_cast<Oid>(number));
            },
            &visited);
        relation_close(opened, AccessShareLock);
    });
    std::map<std::pair<Oid, Oid>, std::set<int>> found;
    for (int i = 0; i < list_length(visited.flat); i += 3)
        found[{list_nth_oid(visited.flat, i), list_nth_oid(visited.flat, i + 1)}].insert(
            static_cast<int>(list_nth_oid(visited.flat, i + 2)));
    std::vector<StuckObject> out;
    for (const auto &[object, numbers] : found) {
        StuckObject stuck{object.first, object.second, {}};
        for (int const number : numbers)
            if (const char *name = call([&] { return attribute_name_unsafe(relation, number); }))
                stuck.columns.emplace_back(name);
        out.push_back(std::move(stuck));
    }
    return out;
}

} // namespace mvmanager::pg
