#include "pg/row_store.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include "pg/guard.hpp"
#include "pg/row_image.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/detoast.h"
#include "executor/tuptable.h"
#include "utils/tuplestore.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace mvmanager::pg {

RowStore::RowStore(TupleDesc descriptor, std::size_t kilobytes, Lifetime lifetime) : lifetime_(lifetime) {
    call([&] {
        context_ = AllocSetContextCreate(TopMemoryContext, "mvmanager rows", ALLOCSET_DEFAULT_SIZES);
        MemoryContext const previous = MemoryContextSwitchTo(context_);
        descriptor_ = CreateTupleDescCopy(descriptor);
        values_ = static_cast<Datum *>(palloc0(sizeof(Datum) * (descriptor->natts + 1)));
        for (int i = 0; i < descriptor->natts; ++i)
            has_varlena_ = has_varlena_ || TupleDescAttr(descriptor, i)->attlen == -1;
        store_ = tuplestore_begin_heap(/* randomAccess */ false, /* interXact */ lifetime == Lifetime::session,
                                       static_cast<int>(std::max<std::size_t>(kilobytes, 64)));
        MemoryContextSwitchTo(previous);
    });
}

// While unwinding, files of the transaction are left to its abort. Those of the session are closed here, and an error in
// that, a full disk most likely, adds nothing to the one on its way.
RowStore::~RowStore() {
    bool const is_unwinding = std::uncaught_exceptions() > 0;
    if (store_ && !(is_unwinding && lifetime_ == Lifetime::transaction)) {
        try {
            call([&] { tuplestore_end(store_); });
        } catch (const Error &) {
        }
    }
    if (context_)
        MemoryContextDelete(context_);
}

void RowStore::put_unsafe(TupleTableSlot *slot) {
    slot_getallattrs(slot);
    Datum *values = slot->tts_values;
    for (int i = 0; has_varlena_ && i < descriptor_->natts; ++i) {
        if (slot->tts_isnull[i] || TupleDescAttr(descriptor_, i)->attlen != -1)
            continue;
        void *const value = DatumGetPointer(slot->tts_values[i]);
        if (!VARATT_IS_EXTERNAL(value))
            continue;
        if (values != values_) {
            std::memcpy(values_, values, sizeof(Datum) * descriptor_->natts);
            values = values_;
        }
        // Compressed as it is: the view's TOAST table takes it so.
        values_[i] = PointerGetDatum(detoast_external_attr(static_cast<struct varlena *>(value)));
    }
    // A tuple that is whole is copied as it is.
    if (values == slot->tts_values && whole_tuple(slot))
        tuplestore_puttupleslot(store_, slot);
    else
        tuplestore_putvalues(store_, descriptor_, values, slot->tts_isnull);
    ++count_;
}

void RowStore::rewind_unsafe() { tuplestore_rescan(store_); }

bool RowStore::next_unsafe(TupleTableSlot *slot, Copy copy) {
    // A row out of a file is made in the current context and freed by the slot.
    MemoryContext const previous = MemoryContextSwitchTo(slot->tts_mcxt);
    bool const found = tuplestore_gettupleslot(store_, true, copy == Copy::yes, slot);
    MemoryContextSwitchTo(previous);
    return found;
}

std::int64_t StoredRows::run(RowReceiver &receiver) {
    return call([&] {
        MemoryContext const per_row =
            AllocSetContextCreate(CurrentMemoryContext, "mvmanager stored row", ALLOCSET_DEFAULT_SIZES);
        TupleTableSlot *const slot = MakeSingleTupleTableSlot(store_.descriptor(), &TTSOpsMinimalTuple);
        store_.rewind_unsafe();
        std::int64_t rows = 0;
        while (store_.next_unsafe(slot, RowStore::Copy::no)) {
            CHECK_FOR_INTERRUPTS();
            MemoryContextReset(per_row);
            MemoryContext const previous = MemoryContextSwitchTo(per_row);
            receiver.receive_unsafe(&receiver, slot);
            MemoryContextSwitchTo(previous);
            ++rows;
        }
        ExecDropSingleTupleTableSlot(slot);
        MemoryContextDelete(per_row);
        return rows;
    });
}

} // namespace mvmanager::pg
