// The relation in which the rows of a version are made while another one is live.
//
//     auto staged = create_staged_version(subject);      // empty, with empty indexes
//     fill it (refresh/fill.hpp)
//     complete(staged, ...);                             // indexes, statistics, populated, the live view's grants
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/version_states.hpp"
#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "model/column_change.hpp"
#include "pg/index_text.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"
#include "pg/security.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// A view, and the version of it that is being made or made live.
struct Subject {
    catalog::views::View view;
    pg::Relation live; // the view's own relation
    catalog::versions::Version version;
    catalog::version_states::Order order;

    // The version that is live, where the view has one.
    std::optional<catalog::versions::Version> live_version() const;
    // How the view's query and what its indexes call are run.
    pg::RunAs run_as() const;
};

// The version's query, analysed as the owner with every name qualified. `text` is the frozen one, or what the server prints
// for a relation that has the query as its rule. Raises what the server says of a query that can no longer be.
pg::AnalysedQuery analyse_as_owner(const pg::Relation &live, const std::string &text);

// From the columns the view has now to those. Renames are those recorded for the versions in between, either way.
// Raises 22023 for recorded renames that no longer fit.
model::ColumnChange column_change(const Subject &subject, const std::vector<model::Column> &columns);

// An index that the version is to have: one of the view that stays, or one that is new with the version.
struct WantedIndex {
    std::string name; // on the view
    pg::IndexText text;
    std::optional<std::string> tablespace;
    Oid live = InvalidOid; // the view's own, where it has it
    bool is_clone = false; // the view's own can be copied as it is: its columns keep their numbers
};
// Registered ones and those made by hand, which survive every replacement.
std::vector<WantedIndex> wanted_indexes(const Subject &subject, const model::ColumnChange &change);

struct StagedVersion {
    Oid oid = InvalidOid;
    std::string name; // in mvmanager_data
    struct Index {
        Oid oid;
        std::string live_name;
    };
    std::vector<Index> indexes; // not built yet
};

// REQUIRES: the view's lock and ShareUpdateExclusiveLock on its relation. Leaves AccessExclusiveLock on what it makes to the
// end of the transaction. Raises what the query raises, 42501, and 2BP01 for an index that cannot be on the new columns.
StagedVersion create_staged_version(const Subject &subject);

// After its rows are there: builds the indexes, takes statistics, marks it populated, gives it the view's grants. Errors name
// the view and its indexes. Needs an active snapshot. REQUIRES: a lock that keeps others from it.
void complete(const Subject &subject, const StagedVersion &staged);

// Makes and builds what is missing: indexes that were made by hand since.
// REQUIRES: ShareUpdateExclusiveLock on the view, so that no more are made; an active snapshot; the relation is populated.
void complete_indexes(const Subject &subject, Oid staged, const model::ColumnChange &change);

// Raises 22023 for what is not exactly one query. Nothing is run.
void check_validation(const std::string &text);
// Runs the query as the owner, the view's name meaning the staged relation. Raises 23514 unless its first column is true in
// its only row.
void validate(const Subject &subject, Oid staged, const std::string &text);

} // namespace mvmanager::versioning
