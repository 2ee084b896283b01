// A version becomes live: in one short transaction under AccessExclusiveLock the view's rows go into an archive, its columns
// and rule change, and the version's rows take their place. The view keeps its OID, and so everything that hangs on it.
//
//     before the lock   indexes that were made by hand meanwhile are built on the version's relation too
//                       an empty archive relation, shaped like the view, is created (in a worker: and committed)
//                       dependents that use columns which change are read, or the whole is refused
//     under the lock    files of view and archive are exchanged: the archive has the old rows, the view none
//                       columns, rule, dependents, indexes, storage parameters, comment
//                       files of view and version relation are exchanged; the latter is dropped
//                       states, journal
//
// An abort or a kill anywhere leaves the version that was live. In a worker an empty archive relation may be left, named by
// the live version's row: drop_abandoned drops it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/file_swap.hpp"
#include "pg/staged_relation.hpp"
#include "refresh/swap_lock.hpp"
#include "versioning/redefinition.hpp"
#include "versioning/staging.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

class Promotion {
public:
    // How it is told in the journal.
    struct Entry {
        std::string action; // replaced, promoted, rolled_back
        std::optional<std::string> label;
        std::optional<int> from_version;
    };

    // `source` holds the version's rows: its own relation, or its archive.
    Promotion(Subject subject, Oid source, Entry entry);

    // Everything that needs no lock on readers. Needs an active snapshot.
    //
    // REQUIRES: the view's lock; ShareUpdateExclusiveLock on the view's relation, held until the end; that no query of this
    // session has it open.
    // Raises 2BP01 for dependents in the way and for objects that stand on `source`, 42501 for dependents of others, and what
    // the server says of a definition that can no longer be.
    void prepare();
    // The archive's relation, for a worker to keep locked past a commit. InvalidOid where the view has no rows.
    Oid archive() const { return archive_.oid; }

    // All that execute() needs AccessExclusiveLock on, the view first.
    std::vector<Oid> relations() const;
    // What has to be on disk before the lock is asked for. Needs no snapshot.
    void flush() const;
    // Under these locks, in a subtransaction; undo() after that was rolled back.
    void execute();
    void undo();

    const Subject &subject() const { return subject_; }
    // Materialized views whose rows have to be made anew since their columns changed: after execute().
    const std::vector<Oid> &to_refill() const { return to_refill_; }

private:
    void require(const Redefinition &redefinition) const;
    void prepare_archive();
    // Returns what is to be said of indexes that were made anew, once they are valid.
    std::vector<std::string> change_definition();
    void make_indexes(std::vector<WantedIndex> wanted);
    void record();

    Subject subject_;
    Oid source_;
    Entry entry_;
    std::string definition_; // canonical, on the names of now
    model::ColumnChange change_;
    std::vector<Oid> dependents_; // that may have to be stored anew
    pg::StagedRelation archive_;
    std::string archive_name_;
    std::vector<pg::StorageAges> ages_;
    std::vector<Oid> to_refill_;
    std::int64_t rows_ = 0;
};

// Makes them live together, as refresh/swap_lock.hpp takes its locks. Without the locks nothing has happened.
// REQUIRES: all were prepared in this transaction or one before whose locks were kept; no snapshot is active.
refresh::LockOutcome promote(const std::vector<std::unique_ptr<Promotion>> &promotions);

// 55P03 for promotions that could not have the lock.
[[noreturn]] void throw_not_promoted(const pg::QualifiedName &view, const refresh::LockOutcome &outcome);

// Drops relations in mvmanager_data that versions name which have no rows any more, or not yet: what was left by a build or
// a promotion that ended half-way, or by a version that was superseded. Waits for nothing; what is in use stays for next time.
// REQUIRES: a transaction. Takes the lock of each view concerned where it is free, to the end of the transaction.
int drop_abandoned(std::optional<std::int64_t> view_id = std::nullopt);

} // namespace mvmanager::versioning
