// A version is built, and made live when it is to be: what the worker does for a queued version, and a session at once.
//
// In a worker each step is a transaction; the states tell how far it came, so that a kill anywhere is made good by whoever
// comes next:
//
//     step                              a kill after it leaves                          what happens next
//     registered, committed             state queued, a queued run                      the run is started again
//     relation created, committed       building, an empty relation                     it is dropped, the build begins anew
//     filled, committed                 the same, rows nobody can read                  the same
//     indexes, statistics, committed    ready                                           promoted by the next run
//     archive created, committed        ready; an empty relation named by the live one  it is dropped, promoted anew
//     promoted, committed               live                                            nothing
//
// A version that differs in indexes only needs no relation: they are created on the view itself (live_indexes.hpp). A kill
// leaves invalid indexes, which the next run drops and creates anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/relation.hpp"
#include "pg/transaction.hpp"
#include "versioning/promotion.hpp"
#include "versioning/register.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// By the worker: the run's row says running. Commits on its way; returns with an open transaction that has everything in it
// that is left to commit. A version that is no longer wanted ends the run as skipped.
// REQUIRES: `transaction` has no snapshot.
// Raises what the build raises, 55P03 where the lock was not to be had; the version is ready then.
void build(std::int64_t view_id, int version, std::int64_t run_id, pg::Transaction &transaction);

// After a build that raised, in a transaction of its own: what becomes of the version. A lock or a cancel that was not meant for
// it leaves it to the next run, anything else fails it.
enum class Ended { failed, cancelled, stopped };
void note_end(std::int64_t view_id, int version, Ended how, const pg::Error &error);

// After a promotion, in a transaction of its own: what statistics objects tell of several columns together is of the old rows,
// and autovacuum would take its time. Does nothing for a view without such objects.
void renew_statistics(std::int64_t view_id);

// In the caller's transaction, at once: the version is registered and queued.
// REQUIRES: the view's lock, ShareUpdateExclusiveLock on its relation.
enum class Goal { live, staged };
void build_now(Subject subject, Goal goal, Promotion::Entry entry);

// Makes a version live whose rows are there (its own relation or its archive), in the caller's transaction. Catches up first
// where the live view was refreshed since. REQUIRES as build_now. Raises 55P03.
void promote_now(Subject subject, Promotion::Entry entry);

} // namespace mvmanager::versioning
