#include "pg/toasted_values.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace mvmanager::pg {
namespace {

// No row below the smallest toast_tuple_target there is has a value moved out of it.
constexpr std::uint32_t smallest_toasted_row = 128;

bool has_toasted_values_unsafe(Relation relation) {
    if (!OidIsValid(relation->rd_rel->reltoastrelid))
        return false;
    Relation const toast = table_open(relation->rd_rel->reltoastrelid, AccessShareLock);
    bool const any = RelationGetNumberOfBlocks(toast) > 0;
    table_close(toast, AccessShareLock);
    return any;
}

} // namespace

ToastedValues *ToastedValues::create_unsafe(Relation relation) {
    if (!has_toasted_values_unsafe(relation))
        return nullptr;
    TupleDesc const descriptor = RelationGetDescr(relation);
    auto *self = static_cast<ToastedValues *>(
        palloc0(offsetof(ToastedValues, columns_) + sizeof(Column) * static_cast<std::size_t>(descriptor->natts)));
    self->relation_ = relation;
    self->old_row_ = table_slot_create(relation, nullptr);
    self->new_row_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
    for (int i = 0; i < descriptor->natts; ++i) {
        if (TupleDescAttr(descriptor, i)->attlen == -1)
            self->columns_[self->count_++] = {i, RowImage::create_unsafe(descriptor, 0, &i, 1)};
    }
    return self;
}

void ToastedValues::close_unsafe() {
    ExecDropSingleTupleTableSlot(old_row_);
    ExecDropSingleTupleTableSlot(new_row_);
}

TupleTableSlot *ToastedValues::keep_unsafe(ItemPointer tid, TupleTableSlot *slot) {
    if (TTS_IS_MINIMALTUPLE(slot) &&
        reinterpret_cast<MinimalTupleTableSlot *>(slot)->mintuple->t_len < smallest_toasted_row)
        return slot;
    // Gone meanwhile: the update finds out and says so.
    if (!table_tuple_fetch_row_version(relation_, tid, GetActiveSnapshot(), old_row_))
        return slot;
    slot_getallattrs(old_row_);
    slot_getallattrs(slot);
    bool any = false;
    for (int i = 0; i < count_; ++i) {
        const Column &column = columns_[i];
        if (old_row_->tts_isnull[column.index] || slot->tts_isnull[column.index])
            continue;
        Datum const old_value = old_row_->tts_values[column.index];
        if (!VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(old_value)) ||
            !column.image->equals_unsafe(column.image->plain_unsafe(slot), old_row_))
            continue;
        if (!any) {
            auto const width = static_cast<std::size_t>(slot->tts_tupleDescriptor->natts);
            ExecClearTuple(new_row_);
            std::memcpy(new_row_->tts_values, slot->tts_values, sizeof(Datum) * width);
            std::memcpy(new_row_->tts_isnull, slot->tts_isnull, sizeof(bool) * width);
            any = true;
        }
        new_row_->tts_values[column.index] = old_value;
    }
    return any ? ExecStoreVirtualTuple(new_row_) : slot;
}

} // namespace mvmanager::pg
