// Rows, one at a time, from the server to us.
#pragma once

#include "pg/postgres.hpp"

struct TupleTableSlot;

namespace mvmanager::pg {

// Takes rows from a RowSource. Plain memory, no virtual function: it is called by the server's executor, millions of
// times, and an error it raises jumps over its frame.
struct RowReceiver {
    // One row. Runs inside the server: it may raise by longjmp, and so holds nothing with a destructor. Slot and values
    // are the caller's and stay until it returns; the current memory context is emptied before the next row, so whatever
    // must live longer goes to a context of the receiver's own. The slot has the view's columns, in order and by type; where
    // the row came from a relation tts_tid says from where.
    void (*receive_unsafe)(RowReceiver *receiver, TupleTableSlot *slot) = nullptr;
};

} // namespace mvmanager::pg
