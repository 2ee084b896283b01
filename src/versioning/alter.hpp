// What can be changed about a live view without new rows: indexes, storage parameters, comment.
#pragma once

#include <string>
#include <vector>

#include "catalog/views.hpp"
#include "pg/relation.hpp"
#include "versioning/index_plan.hpp"
#include "versioning/register.hpp"
#include "versioning/staging.hpp"
#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

struct Alterations {
    IndexPlan indexes;
    std::vector<model::Option> set;
    std::vector<std::string> reset;
    std::optional<std::string> comment; // empty removes it
    bool none() const { return indexes.changes_nothing() && set.empty() && reset.empty() && !comment; }
    // "2 indexes created, comment changed"
    std::string summary() const;
};

// What the wish changes about the view, its columns becoming those given. Takes no lock. Raises what plan_indexes raises, and
// 0A000 for another tablespace or access method.
Alterations plan_alterations(const catalog::views::View &view, const pg::Relation &relation,
                             const VersionColumns &columns, const Wish &wish);

// Does it, and returns the indexes that belong to the version. Creates indexes as CREATE INDEX does.
// REQUIRES: the columns are those of the plan; ShareUpdateExclusiveLock on the relation.
Indexes alter(const Alterations &plan, const pg::Relation &relation);
// The same without the indexes.
void alter_settings(const Alterations &plan, const pg::Relation &relation);

// Storage parameters that differ between two versions.
struct OptionChange {
    std::vector<model::Option> set;
    std::vector<std::string> reset;
};
OptionChange option_change(const std::vector<model::Option> &before, const std::vector<model::Option> &after);
// The list with the change applied to it.
std::vector<model::Option> changed_options(std::vector<model::Option> options, const OptionChange &change);

// What the subject's version changes in storage parameters and comment against the version that is live, as the owner. What
// was set by hand since stays. REQUIRES: ShareUpdateExclusiveLock on the relation.
void change_settings(const Subject &subject);

} // namespace mvmanager::versioning
