// What a definition would change about a managed view: compared before anything is written.
#pragma once

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "model/column_change.hpp"
#include "pg/query.hpp"
#include "pg/relation.hpp"
#include "versioning/alter.hpp"
#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// REQUIRES: what it refers to outlives it.
struct Proposal {
    const catalog::views::View &view;
    const pg::Relation &relation;
    const Wish &wish;
    const pg::AnalysedQuery &query;
    pg::AnalysedQuery live;
    model::ColumnChange columns;
    Alterations alterations;
    bool is_redefined() const;
    // There are rows to be made or indexed: the worker's, where one runs.
    bool takes_time() const { return relation.populated && (is_redefined() || !alterations.indexes.added.empty()); }
};

// Takes no lock on the view. Raises 22023 for renames that make no sense, and what plan_alterations raises.
Proposal propose(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish,
                 const pg::AnalysedQuery &query);

// The row the version gets: of settings those that it or a version before it mentioned. What was set by hand is nobody's, and
// stays whichever version is live.
catalog::versions::NewVersion new_version(const Proposal &plan);
bool is_same_version(const catalog::versions::Version &version, const catalog::versions::NewVersion &wish);

// Raises 42P19 where the view would read itself, now or when every version that is pending is live.
void refuse_cycle(const pg::Relation &relation, const pg::AnalysedQuery &query);

} // namespace mvmanager::versioning
