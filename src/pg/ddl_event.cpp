#include "pg/ddl_event.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"
#include "tcop/deparse_utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
}

namespace mvmanager::pg {
namespace {

const EventTriggerData *event_unsafe(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("this function can only be called by an event trigger")));
    return reinterpret_cast<EventTriggerData *>(fcinfo->context);
}

// Each row of a set-returning function without arguments. Called directly: a drop of anything at all comes here, and a
// statement would cost more than the drop's own work.
template <typename Visit> void for_each_row_unsafe(Oid function, Visit visit) {
    ExprContext *context = CreateStandaloneExprContext();
    ReturnSetInfo result{};
    result.type = T_ReturnSetInfo;
    result.econtext = context;
    result.allowedModes = static_cast<int>(SFRM_Materialize) | static_cast<int>(SFRM_Materialize_Random);
    FmgrInfo info;
    fmgr_info(function, &info);
    LOCAL_FCINFO(call, 0);
    InitFunctionCallInfoData(*call, &info, 0, InvalidOid, nullptr, reinterpret_cast<fmNodePtr>(&result));
    FunctionCallInvoke(call);
    if (result.setResult) {
        TupleTableSlot *slot = MakeSingleTupleTableSlot(result.setDesc, &TTSOpsMinimalTuple);
        while (tuplestore_gettupleslot(result.setResult, true, false, slot)) {
            slot_getallattrs(slot);
            visit(slot->tts_values, slot->tts_isnull);
        }
        ExecDropSingleTupleTableSlot(slot);
        tuplestore_end(result.setResult);
    }
    FreeExprContext(context, true);
}

bool may_drop_views_unsafe(const Node *statement) {
    if (IsA(statement, DropStmt)) {
        const auto *drop = reinterpret_cast<const DropStmt *>(statement);
        // An extension takes along what is its own or DEPENDS ON it.
        return drop->behavior == DROP_CASCADE || drop->removeType == OBJECT_MATVIEW ||
               drop->removeType == OBJECT_EXTENSION;
    }
    if (IsA(statement, AlterTableStmt)) {
        ListCell *cell;
        foreach (cell, reinterpret_cast<const AlterTableStmt *>(statement)->cmds)
            if (lfirst_node(AlterTableCmd, cell)->behavior == DROP_CASCADE)
                return true;
        return false;
    }
    return true;
}

struct PlainDropped {
    char *schema, *name;
    bool named;
};

struct Collected {
    ObjectAddress object;
    ObjectAddress secondary; // of SET SCHEMA: the schema before
};

// What the command was done to, as it recorded it: by OID, so that no name is looked up a second time.
Collected collected_unsafe() {
    Collected found{};
    for_each_row_unsafe(F_PG_EVENT_TRIGGER_DDL_COMMANDS, [&](const Datum *values, const bool *nulls) {
        constexpr int class_id = 0, object_id = 1, sub_id = 2, command = 8;
        if (OidIsValid(found.object.objectId) || nulls[object_id] || nulls[command])
            return;
        found.object = {DatumGetObjectId(values[class_id]), DatumGetObjectId(values[object_id]),
                        DatumGetInt32(values[sub_id])};
        const auto *collected = reinterpret_cast<const CollectedCommand *>(DatumGetPointer(values[command]));
        if (collected->type == SCT_Simple)
            found.secondary = collected->d.simple.secondaryObject;
    });
    return found;
}

bool changes_owner_unsafe(const AlterTableStmt *statement) {
    ListCell *cell;
    foreach (cell, statement->cmds)
        if (lfirst_node(AlterTableCmd, cell)->subtype == AT_ChangeOwner)
            return true;
    return false;
}

struct Before {
    Oid owner;
    bool populated;
};

// How the relation was before the command: the snapshot of the statement is older than what the statement did.
Before before_unsafe(Oid relation) {
    Before before{InvalidOid, true};
    if (!ActiveSnapshotSet())
        return before;
    auto *const catalog = table_open(RelationRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(catalog, ClassOidIndexId, true, GetActiveSnapshot(), 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        const auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        before = {form->relowner, form->relispopulated};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return before;
}

struct Plain {
    enum { nothing, renamed, column, moved, owner, refreshed } what = nothing;
    Oid relation = InvalidOid, owner_before = InvalidOid;
    char kind = 0;
    const char *schema_before = nullptr, *name_before = nullptr, *schema_after = nullptr, *name_after = nullptr;
    bool whole = false, concurrently = false, with_data = false, was_populated = false;
};

Plain relation_renamed_unsafe(const char *name_before, bool to_other_schema) {
    Collected const done = collected_unsafe();
    Plain plain;
    if (done.object.classId != RelationRelationId)
        return plain;
    plain.kind = get_rel_relkind(done.object.objectId);
    if (plain.kind != RELKIND_MATVIEW && plain.kind != RELKIND_INDEX)
        return plain;
    plain.relation = done.object.objectId;
    if (done.object.objectSubId != 0) {
        plain.what = plain.kind == RELKIND_MATVIEW ? Plain::column : Plain::nothing;
        return plain;
    }
    plain.what = Plain::renamed;
    plain.schema_after = get_namespace_name(get_rel_namespace(plain.relation));
    plain.name_after = get_rel_name(plain.relation);
    plain.schema_before = to_other_schema ? get_namespace_name(done.secondary.objectId) : plain.schema_after;
    plain.name_before = name_before ? name_before : plain.name_after;
    if (!plain.schema_before)
        plain.what = Plain::nothing;
    return plain;
}

Plain after_rename_unsafe(const RenameStmt *statement) {
    Plain plain;
    if (statement->renameType == OBJECT_SCHEMA) {
        plain.what = Plain::moved;
        plain.whole = true;
        plain.schema_before = statement->subname;
        plain.schema_after = statement->newname;
        return plain;
    }
    switch (statement->renameType) {
    case OBJECT_COLUMN:
    case OBJECT_INDEX:
    case OBJECT_MATVIEW:
    case OBJECT_TABLE:
    case OBJECT_VIEW:
        return statement->relation ? relation_renamed_unsafe(statement->relation->relname, false) : plain;
    default:
        return plain;
    }
}

Plain after_set_schema_unsafe(const AlterObjectSchemaStmt *statement) {
    Plain plain;
    switch (statement->objectType) {
    case OBJECT_MATVIEW:
    case OBJECT_TABLE:
    case OBJECT_VIEW:
        return relation_renamed_unsafe(nullptr, true);
    case OBJECT_EXTENSION: {
        Collected const done = collected_unsafe();
        if (done.secondary.classId == NamespaceRelationId && OidIsValid(done.secondary.objectId)) {
            plain.schema_before = get_namespace_name(done.secondary.objectId);
            plain.schema_after = statement->newschema;
            plain.what = plain.schema_before ? Plain::moved : Plain::nothing;
        }
        return plain;
    }
    default:
        return plain;
    }
}

Plain after_alter_unsafe(const AlterTableStmt *statement) {
    Plain plain;
    if (!changes_owner_unsafe(statement))
        return plain;
    // The command holds its lock: the name is still the one it was given.
    Oid const relation = RangeVarGetRelid(statement->relation, NoLock, true);
    if (OidIsValid(relation) && get_rel_relkind(relation) == RELKIND_MATVIEW) {
        plain.what = Plain::owner;
        plain.relation = relation;
        plain.owner_before = before_unsafe(relation).owner;
    }
    return plain;
}

Plain after_refresh_unsafe(const RefreshMatViewStmt *statement) {
    Plain plain;
    plain.relation = RangeVarGetRelid(statement->relation, NoLock, true);
    if (!OidIsValid(plain.relation))
        return plain;
    plain.what = Plain::refreshed;
    plain.concurrently = statement->concurrent;
    plain.with_data = !statement->skipData;
    plain.was_populated = before_unsafe(plain.relation).populated;
    return plain;
}

Plain look_unsafe(const Node *statement) {
    switch (nodeTag(statement)) {
    case T_RenameStmt:
        return after_rename_unsafe(reinterpret_cast<const RenameStmt *>(statement));
    case T_AlterObjectSchemaStmt:
        return after_set_schema_unsafe(reinterpret_cast<const AlterObjectSchemaStmt *>(statement));
    case T_AlterTableStmt:
        return after_alter_unsafe(reinterpret_cast<const AlterTableStmt *>(statement));
    case T_RefreshMatViewStmt:
        return after_refresh_unsafe(reinterpret_cast<const RefreshMatViewStmt *>(statement));
    default:
        return Plain{};
    }
}

} // namespace

std::string command_tag(FunctionCallInfo fcinfo) {
    return call([&] { return GetCommandTagName(event_unsafe(fcinfo)->tag); });
}

bool is_maintenance(Oid extension) {
    return IsBinaryUpgrade || (creating_extension && CurrentExtensionObject == extension);
}

bool may_drop_views(FunctionCallInfo fcinfo) {
    return call([&] { return may_drop_views_unsafe(event_unsafe(fcinfo)->parsetree); });
}

std::vector<DroppedView> dropped_materialized_views() {
    List *found = call([] {
        List *list = NIL;
        for_each_row_unsafe(F_PG_EVENT_TRIGGER_DROPPED_OBJECTS, [&](const Datum *values, const bool *nulls) {
            constexpr int class_id = 0, sub_id = 2, original = 3, type = 6, schema = 7, name = 8;
            if (DatumGetObjectId(values[class_id]) != RelationRelationId || DatumGetInt32(values[sub_id]) != 0 ||
                nulls[schema] || nulls[name])
                return;
            if (std::strcmp(TextDatumGetCString(values[type]), "materialized view") != 0)
                return;
            auto *one = static_cast<PlainDropped *>(palloc(sizeof(PlainDropped)));
            *one = {TextDatumGetCString(values[schema]), TextDatumGetCString(values[name]),
                    DatumGetBool(values[original])};
            list = lappend(list, one);
        });
        return list;
    });
    std::vector<DroppedView> views;
    for (int i = 0; i < list_length(found); ++i) {
        const auto *one = static_cast<const PlainDropped *>(list_nth(found, i));
        views.push_back({{one->schema, one->name}, one->named});
    }
    std::ranges::sort(views, [](const DroppedView &a, const DroppedView &b) {
        return std::tie(b.named, a.name.schema, a.name.name) < std::tie(a.named, b.name.schema, b.name.name);
    });
    return views;
}

Done what_was_done(FunctionCallInfo fcinfo) {
    Plain const plain = call([&] { return look_unsafe(event_unsafe(fcinfo)->parsetree); });
    switch (plain.what) {
    case Plain::renamed:
        return Renamed{plain.relation,
                       plain.kind,
                       {plain.schema_before, plain.name_before},
                       {plain.schema_after, plain.name_after}};
    case Plain::column:
        return ColumnRenamed{plain.relation};
    case Plain::moved:
        return Moved{plain.schema_before, plain.schema_after, plain.whole};
    case Plain::owner:
        return OwnerChanged{plain.relation, plain.owner_before};
    case Plain::refreshed:
        return Refreshed{plain.relation, plain.concurrently, plain.with_data, plain.was_populated};
    case Plain::nothing:
        break;
    }
    return std::monostate{};
}

} // namespace mvmanager::pg
