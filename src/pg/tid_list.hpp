// Places of rows, in order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/postgres.hpp"

extern "C" {
#include "storage/itemptr.h"
}

struct BufFile;
struct Tuplesortstate;

namespace mvmanager::pg {

// How long what is kept must last. A transaction's temporary files lie where temp_tablespaces says and end with it at the
// latest; a session's are in the database's own tablespace and their owner's to close.
enum class Lifetime { transaction, session };

// A tid as a number of 48 bits with the same order.
inline std::uint64_t pack_tid(const ItemPointerData *tid) {
    return static_cast<std::uint64_t>(ItemPointerGetBlockNumberNoCheck(tid)) << 16 |
           ItemPointerGetOffsetNumberNoCheck(tid);
}
inline void unpack_tid(std::uint64_t packed, ItemPointer tid) {
    ItemPointerSet(tid, static_cast<BlockNumber>(packed >> 16), static_cast<OffsetNumber>(packed & 0xFFFF));
}

// A set of tids: first collected, then sorted, then read in ascending order any number of times. What its memory cannot
// hold goes to temporary files.
//
// Trivially destructible: its owner calls close_unsafe(). *_unsafe functions raise by longjmp.
class TidList {
public:
    // Keeps up to so many kilobytes, in `context`, which must outlive the list.
    void start(MemoryContext context, std::size_t kilobytes, Lifetime lifetime) {
        context_ = context;
        lifetime_ = lifetime;
        capacity_limit_ = kilobytes * 1024 / sizeof(std::uint64_t);
    }
    void append_unsafe(std::uint64_t packed);
    // Takes so many numbers as the whole set instead, in memory that outlives the list.
    void adopt(std::uint64_t *packed, std::size_t count) {
        tids_ = packed;
        count_ = in_memory_ = count;
    }
    void sort_unsafe();

    // REQUIRES: sorted.
    void rewind_unsafe();
    bool next_unsafe(ItemPointer tid) {
        if (position_ == count_)
            return false;
        std::uint64_t packed;
        if (file_)
            packed = next_of_file_unsafe();
        else
            packed = tids_[position_];
        ++position_;
        unpack_tid(packed, tid);
        return true;
    }
    std::size_t count() const { return count_; }

    // Gives temporary files back; raises if what was to be written to them cannot be.
    void close_unsafe();

private:
    void spill_unsafe();
    std::uint64_t next_of_file_unsafe();

    MemoryContext context_;
    Lifetime lifetime_;
    std::uint64_t *tids_;
    std::size_t count_, in_memory_, capacity_, capacity_limit_, position_;
    Tuplesortstate *sort_; // from the moment memory did not suffice until sorted
    BufFile *file_;        // what came out of it
};

} // namespace mvmanager::pg
