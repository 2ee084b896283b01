// A multiset of rows by the hash of their image: which of them a query's rows have found again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/radix_sort.hpp"

namespace mvmanager::model {

// Three phases: rows are appended, then indexed, then looked up and matched one by one. Rows are kept sorted by hash in one
// dense array, under a directory of where each range of hashes begins: sixteen bytes a row and at most four for the
// directory, no gaps and no copy while it is built. A million equal rows are one run of that array, found by bisection, so
// that they cost no more than a million different ones.
//
// The memory is the caller's. Nothing here raises or allocates; the type is trivially destructible.
class ImageTable {
public:
    // What identifies a row to the caller: 48 bits, a tuple's place in a heap or an offset.
    using Place = std::uint64_t;

    class Entry {
    public:
        Entry() = default;
        Entry(std::uint64_t hash, Place place) : hash_(hash), place_(place) {}
        std::uint64_t hash() const { return hash_; }
        Place place() const { return place_ & ~matched_bit; }
        bool is_matched() const { return (place_ & matched_bit) != 0; }

    private:
        friend class ImageTable;
        static constexpr std::uint64_t matched_bit = std::uint64_t{1} << 63;
        std::uint64_t hash_;
        std::uint64_t place_;
    };
    static_assert(sizeof(Entry) == 16);

    // Positions in the directory have 32 bits.
    static constexpr std::size_t most_rows = 0xFFFF'FFFE;
    static constexpr std::size_t bytes_a_row = sizeof(Entry) + sizeof(std::uint32_t);

    // Room for `capacity` rows. Called again after the caller moved the array to a larger place, rows and all.
    void attach(Entry *rows, std::size_t capacity) {
        rows_ = rows;
        capacity_ = std::min(capacity, most_rows);
    }
    // Forgets every row and keeps the room.
    void clear() { count_ = matched_ = 0; }

    std::size_t size() const { return count_; }
    std::size_t capacity() const { return capacity_; }
    std::size_t matched() const { return matched_; }
    bool is_full() const { return count_ == capacity_; }

    // REQUIRES: !is_full(), place < 2^48, not indexed yet.
    void append(std::uint64_t hash, Place place) { rows_[count_++] = Entry(hash, place); }

    // Numbers of 32 bits that a directory for so many rows has.
    static std::size_t directory_size(std::size_t rows) { return (std::size_t{1} << directory_bits(rows)) + 1; }

    // Ends the appending. `directory` has directory_size(size()) numbers. pause() as for radix_sort.
    template <typename Pause> void index(std::uint32_t *directory, Pause &&pause) {
        radix_sort(
            rows_, count_, 64, [](const Entry &entry) { return entry.hash_; }, pause);
        directory_ = directory;
        int const bits = directory_bits(count_);
        shift_ = 63 - bits;
        std::size_t const buckets = std::size_t{1} << bits;
        std::size_t row = 0;
        for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
            directory_[bucket] = static_cast<std::uint32_t>(row);
            while (row < count_ && bucket_of(rows_[row].hash_) == bucket)
                ++row;
            if (bucket % 65536 == 0)
                pause();
        }
        directory_[buckets] = static_cast<std::uint32_t>(row);
    }

    // Brings what find() will read nearer: first the directory's place, then, some time later, the rows.
    void prefetch_directory(std::uint64_t hash) const { __builtin_prefetch(&directory_[bucket_of(hash)]); }
    void prefetch_rows(std::uint64_t hash) const { __builtin_prefetch(&rows_[directory_[bucket_of(hash)]]); }

    // The rows of that hash that are not matched yet, in no particular order.
    struct Run {
        Entry *first;
        Entry *last;
        bool empty() const { return first == last; }
        Entry *begin() const { return first; }
        Entry *end() const { return last; }
    };
    // REQUIRES: indexed.
    Run find(std::uint64_t hash) const {
        std::size_t const bucket = bucket_of(hash);
        Entry *first = rows_ + directory_[bucket], *last = rows_ + directory_[bucket + 1];
        if (last - first > 8) {
            first = std::lower_bound(first, last, hash, [](const Entry &e, std::uint64_t h) { return e.hash_ < h; });
            last = std::upper_bound(first, last, hash, [](std::uint64_t h, const Entry &e) { return h < e.hash_; });
        } else {
            while (first != last && first->hash_ != hash)
                ++first;
            Entry *end = first;
            while (end != last && end->hash_ == hash)
                ++end;
            last = end;
        }
        // Matched ones come first in a run.
        if (first != last && first->is_matched())
            first = std::partition_point(first, last, [](const Entry &e) { return e.is_matched(); });
        return {first, last};
    }

    // Marks one row of a run that find() gave, which is out of date afterwards.
    void match(const Run &run, Entry *found) {
        found->place_ |= Entry::matched_bit;
        std::swap(*found, *run.first);
        ++matched_;
    }

    // Takes match() back for the row at `place`, one that was matched under that hash.
    void release(std::uint64_t hash, Place place) {
        std::size_t const bucket = bucket_of(hash);
        Entry *const last = rows_ + directory_[bucket + 1];
        Entry *first = std::lower_bound(rows_ + directory_[bucket], last, hash,
                                        [](const Entry &e, std::uint64_t h) { return e.hash_ < h; });
        Entry *found = last, *last_matched = first;
        for (; first != last && first->hash_ == hash && first->is_matched(); ++first) {
            if (first->place() == place)
                found = first;
            last_matched = first;
        }
        found->place_ &= ~Entry::matched_bit;
        std::swap(*found, *last_matched);
        --matched_;
    }

    const Entry *begin() const { return rows_; }
    const Entry *end() const { return rows_ + count_; }

    // Ends the table: puts the places of all rows that were not matched into its own memory, in no particular order, and
    // says where. There are size() - matched() of them.
    template <typename Pause> Place *take_unmatched(Pause &&pause) {
        auto *places = reinterpret_cast<Place *>(rows_);
        std::size_t taken = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            Entry const entry = rows_[i];
            if (!entry.is_matched())
                places[taken++] = entry.place_;
            if (i % 65536 == 0)
                pause();
        }
        return places;
    }

private:
    // One to two rows a bucket.
    static int directory_bits(std::size_t rows) {
        int bits = 0;
        while (bits < 31 && (std::size_t{2} << bits) <= rows)
            ++bits;
        return bits;
    }
    std::size_t bucket_of(std::uint64_t hash) const { return static_cast<std::size_t>((hash >> 1) >> shift_); }

    Entry *rows_ = nullptr;
    std::uint32_t *directory_ = nullptr;
    std::size_t count_ = 0, capacity_ = 0, matched_ = 0;
    int shift_ = 63;
};

} // namespace mvmanager::model
