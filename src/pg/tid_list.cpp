#include "pg/tid_list.hpp"

#include <algorithm>

#include "model/radix_sort.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "storage/buffile.h"
#include "utils/tuplesort.h"
}

namespace mvmanager::pg {
namespace {

constexpr std::size_t first_capacity = 1024;

} // namespace

void TidList::append_unsafe(std::uint64_t packed) {
    if (!sort_ && count_ == capacity_) {
        if (capacity_ >= capacity_limit_ && capacity_ >= first_capacity) {
            spill_unsafe();
        } else {
            capacity_ = capacity_ ? std::min(capacity_ * 2, std::max(capacity_limit_, first_capacity)) : first_capacity;
            Size const bytes = capacity_ * sizeof(std::uint64_t);
            tids_ = static_cast<std::uint64_t *>(tids_ ? repalloc_huge(tids_, bytes)
                                                       : MemoryContextAllocHuge(context_, bytes));
        }
    }
    if (sort_)
        tuplesort_putdatum(sort_, Int64GetDatum(static_cast<std::int64_t>(packed)), false);
    else
        tids_[in_memory_++] = packed;
    ++count_;
}

void TidList::spill_unsafe() {
    MemoryContext const previous = MemoryContextSwitchTo(context_);
    auto const kilobytes = std::max<Size>(64, capacity_limit_ * sizeof(std::uint64_t) / 1024);
    sort_ = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, static_cast<int>(kilobytes), nullptr,
                                  TUPLESORT_NONE);
    MemoryContextSwitchTo(previous);
    for (std::size_t i = 0; i < in_memory_; ++i) {
        CHECK_FOR_INTERRUPTS();
        tuplesort_putdatum(sort_, Int64GetDatum(static_cast<std::int64_t>(tids_[i])), false);
    }
    pfree(tids_);
    tids_ = nullptr;
    in_memory_ = capacity_ = 0;
}

void TidList::sort_unsafe() {
    position_ = 0;
    if (!sort_) {
        model::radix_sort(
            tids_, in_memory_, 48, [](std::uint64_t tid) { return tid; }, [] { CHECK_FOR_INTERRUPTS(); });
        return;
    }
    tuplesort_performsort(sort_);
    // A sort ends with the transaction; its result may not.
    MemoryContext const previous = MemoryContextSwitchTo(context_);
    file_ = BufFileCreateTemp(/* interXact */ lifetime_ == Lifetime::session);
    MemoryContextSwitchTo(previous);
    Datum value;
    bool is_null;
#if PG_VERSION_NUM >= 160000
    while (tuplesort_getdatum(sort_, true, false, &value, &is_null, nullptr)) {
#else
    while (tuplesort_getdatum(sort_, true, &value, &is_null, nullptr)) {
#endif
        CHECK_FOR_INTERRUPTS();
        std::int64_t packed = DatumGetInt64(value);
        BufFileWrite(file_, &packed, sizeof packed);
    }
    tuplesort_end(sort_);
    sort_ = nullptr;
    rewind_unsafe();
}

void TidList::rewind_unsafe() {
    position_ = 0;
    if (file_ && BufFileSeek(file_, 0, 0, SEEK_SET) != 0)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind temporary file of row places")));
}

std::uint64_t TidList::next_of_file_unsafe() {
    std::uint64_t packed;
    if (BufFileRead(file_, &packed, sizeof packed) != sizeof packed)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not read temporary file of row places")));
    return packed;
}

void TidList::close_unsafe() {
    if (file_)
        BufFileClose(file_);
    file_ = nullptr;
}

} // namespace mvmanager::pg
