#include "pg/row_image.hpp"

#include <cstddef>
#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/htup_details.h"
#include "executor/tuptable.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

namespace mvmanager::pg {
namespace {

// Odd numbers without a pattern.
constexpr std::uint64_t value_factor = 0xB3C4'95A7'0F1E'6D2BULL, null_factor = 0x8E6F'1B93'D7A5'42C9ULL,
                        last_factor = 0xD1A2'5C8B'63E9'F407ULL;

// Every bit of the product's halves depends on bits from all over the operands.
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    auto const product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load(const char *bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}
inline std::uint64_t load_half(const char *bytes) {
    std::uint32_t half;
    std::memcpy(&half, bytes, sizeof half);
    return half;
}

// Sixteen bytes a step, in long values on three lanes that do not wait for each other. What a word of the data meets in a
// product is secret: with a known number it could be chosen to make the product zero, and all rows alike.
inline std::uint64_t hash_bytes(const char *bytes, std::size_t length, std::uint64_t hash, std::uint64_t secret) {
    std::uint64_t first = 0, last = 0;
    std::size_t left = length;
    if (left > 48) {
        std::uint64_t second = hash ^ value_factor, third = hash ^ null_factor;
        for (; left > 48; bytes += 48, left -= 48) {
            hash = fold(load(bytes) ^ secret, load(bytes + 8) ^ hash);
            second = fold(load(bytes + 16) ^ secret, load(bytes + 24) ^ second);
            third = fold(load(bytes + 32) ^ secret, load(bytes + 40) ^ third);
        }
        hash ^= second ^ third;
    }
    for (; left > 16; bytes += 16, left -= 16)
        hash = fold(load(bytes) ^ secret, load(bytes + 8) ^ hash);
    // The last sixteen or fewer, the two words overlapping.
    if (left >= 8) {
        first = load(bytes);
        last = load(bytes + left - 8);
    } else if (left >= 4) {
        first = load_half(bytes);
        last = load_half(bytes + left - 4);
    } else if (left > 0) {
        first = static_cast<unsigned char>(bytes[0]) |
                static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[left / 2])) << 8 |
                static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[left - 1])) << 16;
    }
    return fold(fold(first ^ secret, last ^ hash) ^ length, value_factor);
}

// Whether the value is anything but its own bytes after a header.
inline bool is_wrapped(const void *value) { return VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value); }

} // namespace

RowImage *RowImage::create_unsafe(TupleDesc descriptor, std::uint64_t seed, const int *columns, int count) {
    int const candidates = count < 0 ? descriptor->natts : count;
    auto *self = static_cast<RowImage *>(palloc0(offsetof(RowImage, columns_) + sizeof(Column) * candidates));
    self->seed_ = seed;
    self->secret_ = fold(seed ^ last_factor, value_factor);
    self->width_ = descriptor->natts;
    self->values_ = static_cast<Datum *>(palloc0(sizeof(Datum) * (descriptor->natts + 1)));
    for (int i = 0; i < candidates; ++i) {
        int const index = count < 0 ? i : columns[i];
        Form_pg_attribute attribute = TupleDescAttr(descriptor, index);
        if (attribute->attisdropped)
            continue;
        Column &column = self->columns_[self->count_++];
        column.index = static_cast<std::int16_t>(index);
        column.length = attribute->attlen;
        if (attribute->attbyval) {
            column.kind = Kind::by_value;
            column.mask =
                attribute->attlen >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * attribute->attlen)) - 1;
        } else if (attribute->attlen > 0) {
            column.kind = Kind::fixed;
        } else if (attribute->attlen == -1) {
            column.kind = Kind::varlena;
            self->has_varlena_ = true;
        } else {
            column.kind = Kind::cstring;
        }
    }
    return self;
}

PlainRow RowImage::plain_unsafe(TupleTableSlot *slot) {
    slot_getallattrs(slot);
    const Datum *values = slot->tts_values;
    if (!has_varlena_)
        return {values, slot->tts_isnull};
    for (int i = 0; i < count_; ++i) {
        const Column &column = columns_[i];
        if (column.kind != Kind::varlena || slot->tts_isnull[column.index])
            continue;
        void *const value = DatumGetPointer(slot->tts_values[column.index]);
        if (!is_wrapped(value))
            continue;
        // The slot may be one its owner looks at again: its values stay as they are.
        if (values != values_) {
            std::memcpy(values_, values, sizeof(Datum) * width_);
            values = values_;
        }
        values_[column.index] = PointerGetDatum(detoast_attr(static_cast<struct varlena *>(value)));
    }
    return {values, slot->tts_isnull};
}

std::uint64_t RowImage::hash(const PlainRow &row) const {
    std::uint64_t hash = seed_;
    for (int i = 0; i < count_; ++i) {
        const Column &column = columns_[i];
        if (row.nulls[column.index]) {
            hash = fold(hash ^ null_factor, null_factor);
            continue;
        }
        Datum const value = row.values[column.index];
        switch (column.kind) {
        case Kind::by_value:
            hash = fold(hash ^ (static_cast<std::uint64_t>(value) & column.mask), value_factor);
            break;
        case Kind::fixed:
            hash = hash_bytes(DatumGetPointer(value), column.length, hash, secret_);
            break;
        case Kind::varlena:
            hash = hash_bytes(VARDATA_ANY(DatumGetPointer(value)), VARSIZE_ANY_EXHDR(DatumGetPointer(value)), hash,
                              secret_);
            break;
        case Kind::cstring:
            hash = hash_bytes(DatumGetCString(value), std::strlen(DatumGetCString(value)), hash, secret_);
            break;
        }
    }
    return fold(hash ^ last_factor, last_factor);
}

bool RowImage::same_unsafe(const Column &column, Datum plain, Datum stored) {
    switch (column.kind) {
    case Kind::by_value:
        return ((static_cast<std::uint64_t>(plain) ^ static_cast<std::uint64_t>(stored)) & column.mask) == 0;
    case Kind::fixed:
        return std::memcmp(DatumGetPointer(plain), DatumGetPointer(stored), column.length) == 0;
    case Kind::cstring:
        return std::strcmp(DatumGetCString(plain), DatumGetCString(stored)) == 0;
    case Kind::varlena:
        break;
    }
    auto *a = DatumGetPointer(plain), *b = DatumGetPointer(stored);
    std::size_t const length = VARSIZE_ANY_EXHDR(a);
    if (!is_wrapped(b))
        return VARSIZE_ANY_EXHDR(b) == length && std::memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0;
    if (toast_raw_datum_size(stored) - VARHDRSZ != length)
        return false;
    auto *const fetched = detoast_attr(reinterpret_cast<struct varlena *>(b));
    bool const same = std::memcmp(VARDATA_ANY(a), VARDATA_ANY(fetched), length) == 0;
    pfree(fetched);
    return same;
}

bool RowImage::equals_unsafe(const PlainRow &row, TupleTableSlot *slot) const {
    slot_getallattrs(slot);
    for (int i = 0; i < count_; ++i) {
        const Column &column = columns_[i];
        bool const is_null = row.nulls[column.index];
        if (is_null != slot->tts_isnull[column.index])
            return false;
        if (!is_null && !same_unsafe(column, row.values[column.index], slot->tts_values[column.index]))
            return false;
    }
    return true;
}

namespace {

// Of the flags those that say how the bytes are to be read.
constexpr std::uint16_t flags_of_shape = HEAP_HASNULL | HEAP_HASVARWIDTH;

} // namespace

bool has_same_bytes(MinimalTuple row, TupleTableSlot *slot) {
    if (!TTS_IS_BUFFERTUPLE(slot))
        return false;
    HeapTuple const stored = reinterpret_cast<HeapTupleTableSlot *>(slot)->tuple;
    HeapTupleHeader const header = stored->t_data;
    // Where the null bitmap begins; behind it come padding and values.
    std::size_t const length = stored->t_len - SizeofHeapTupleHeader;
    return row->t_len - SizeofMinimalTupleHeader == length && row->t_hoff == header->t_hoff &&
           ((row->t_infomask ^ header->t_infomask) & flags_of_shape) == 0 &&
           ((row->t_infomask2 ^ header->t_infomask2) & HEAP_NATTS_MASK) == 0 &&
           std::memcmp(reinterpret_cast<const char *>(row) + SizeofMinimalTupleHeader,
                       reinterpret_cast<const char *>(header) + SizeofHeapTupleHeader, length) == 0;
}

bool has_same_bytes(MinimalTuple row, MinimalTuple other) {
    return row->t_len == other->t_len && row->t_hoff == other->t_hoff &&
           ((row->t_infomask ^ other->t_infomask) & flags_of_shape) == 0 &&
           ((row->t_infomask2 ^ other->t_infomask2) & HEAP_NATTS_MASK) == 0 &&
           std::memcmp(reinterpret_cast<const char *>(row) + SizeofMinimalTupleHeader,
                       reinterpret_cast<const char *>(other) + SizeofMinimalTupleHeader,
                       row->t_len - SizeofMinimalTupleHeader) == 0;
}

HeapTuple whole_tuple(TupleTableSlot *slot) {
    if (!TTS_IS_BUFFERTUPLE(slot) && !TTS_IS_HEAPTUPLE(slot))
        return nullptr;
    HeapTuple const tuple = reinterpret_cast<HeapTupleTableSlot *>(slot)->tuple;
    return tuple && HeapTupleHeaderGetNatts(tuple->t_data) == slot->tts_tupleDescriptor->natts ? tuple : nullptr;
}

} // namespace mvmanager::pg
