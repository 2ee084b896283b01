// The rows a relation holds, in the order of their pages.
#pragma once

#include <cstdint>

#include "pg/row_source.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

class TidList;

// Every row of a relation that the active snapshot sees, by ascending tid, tts_tid set.
// REQUIRES: a lock on the relation.
class RelationScan : public RowSource {
public:
    explicit RelationScan(Oid relation) : relation_(relation) {}
    // The same without the rows in `left_out`, a sorted list of tids that this scan reads to its end.
    RelationScan(Oid relation, TidList &left_out) : relation_(relation), left_out_(&left_out) {}
    std::int64_t run(RowReceiver &receiver) override;
    double estimated_rows() const override;

private:
    Oid relation_;
    TidList *left_out_ = nullptr;
};

// Blocks of the relation's main fork. REQUIRES: a lock on the relation.
std::int64_t block_count(Oid relation);

// Whether the active snapshot and one taken now see the same rows of the relation. Where one snapshot serves a whole
// transaction they may not: what was committed since is out of sight. Reads all of the relation.
// REQUIRES: a lock on the relation that keeps others from writing.
bool active_snapshot_is_current(Oid relation);

} // namespace mvmanager::pg
