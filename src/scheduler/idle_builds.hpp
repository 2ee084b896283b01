// Builds of versions that nobody has in hand: their run crashed, was lost, or failed for something that may pass. And the other way
// round: builds at work that nobody wants any more.
#pragma once

#include "scheduler/clock.hpp"
#include "scheduler/shmem.hpp"

namespace mvmanager::scheduler {

// Puts into the queue what is due again: at once after a run that was lost, stopped or crashed, after a pause that doubles from
// five seconds to ten minutes where it failed. Two crashes in a row fail the version instead: a third would take the server down
// again. Versions of a family (mv_apply_all(..., together => true)) of which one failed or was cancelled fail too. Returns when the next one is due; model::infinity where there is none.
// REQUIRES a transaction.
Timestamp resume_builds(Timestamp now);

// Interrupts the workers of this database that build what was superseded, cancelled or released in a transaction that committed:
// each worker records the end of its run. REQUIRES a transaction.
void stop_unwanted_builds(Segment *segment, Oid database);

} // namespace mvmanager::scheduler
