// Rows in a temporary file, with what a comparison needs to know of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup.h"
}

struct BufFile;

namespace mvmanager::pg {

// Written from start to end, then read from start to end. Values out of line stay where they are: a row is valid no longer
// than the snapshot it was read under. The file is gone with the transaction at the latest.
//
// Plain memory: a zeroed one is empty and has no file yet. *_unsafe functions raise by longjmp.
class RowFile {
public:
    struct Header {
        std::uint64_t hash;
        std::uint64_t tid; // packed; 0 for a row from nowhere
        std::uint64_t length;
    };

    // The file's own memory is allocated in `context`.
    void write_unsafe(MemoryContext context, std::uint64_t hash, std::uint64_t tid, MinimalTuple row);
    void rewind_unsafe();
    // The next row's header, then its length bytes: a MinimalTuple. False at the end.
    bool read_header_unsafe(Header *header);
    void read_row_unsafe(const Header &header, void *row);
    void close();

    std::int64_t rows() const { return rows_; }
    // Of the rows and what is kept of each beside it in memory.
    std::size_t bytes() const { return bytes_; }

private:
    BufFile *file_;
    std::int64_t rows_, rows_left_;
    std::size_t bytes_;
};

// How much memory an open file takes.
inline constexpr std::size_t row_file_bytes = BLCKSZ + 512;

} // namespace mvmanager::pg
