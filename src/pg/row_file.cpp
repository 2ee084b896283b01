#include "pg/row_file.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "storage/buffile.h"
}

namespace mvmanager::pg {

void RowFile::write_unsafe(MemoryContext context, std::uint64_t hash, std::uint64_t tid, MinimalTuple row) {
    if (!file_) {
        MemoryContext const previous = MemoryContextSwitchTo(context);
        file_ = BufFileCreateTemp(/* interXact */ false);
        MemoryContextSwitchTo(previous);
    }
    Header header{hash, tid, row->t_len};
    BufFileWrite(file_, &header, sizeof header);
    BufFileWrite(file_, row, row->t_len);
    ++rows_;
    bytes_ += sizeof header + MAXALIGN(row->t_len);
}

void RowFile::rewind_unsafe() {
    rows_left_ = rows_;
    if (file_ && BufFileSeek(file_, 0, 0, SEEK_SET) != 0)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind temporary file of rows")));
}

bool RowFile::read_header_unsafe(Header *header) {
    if (rows_left_ == 0)
        return false;
    --rows_left_;
    if (BufFileRead(file_, header, sizeof *header) != sizeof *header)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not read temporary file of rows")));
    return true;
}

void RowFile::read_row_unsafe(const Header &header, void *row) {
    if (BufFileRead(file_, row, header.length) != header.length)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not read temporary file of rows")));
}

void RowFile::close() {
    if (file_)
        BufFileClose(file_);
    file_ = nullptr;
    rows_ = rows_left_ = 0;
    bytes_ = 0;
}

} // namespace mvmanager::pg
