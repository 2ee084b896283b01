// The steps of which plans are made, in the words that mv_plan prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "versioning/alter.hpp"
#include "versioning/plan.hpp"
#include "versioning/redefinition.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

inline constexpr const char *in_this_transaction =
    "in the caller's transaction: no worker runs in this database (mv_resume() starts it)";

// 'version 3 of public.v'
std::string version_of(const catalog::views::View &view, int number);

// An index on the view, as the server prints it, and where it is kept.
struct IndexSql {
    std::string name;
    std::string canonical;
    std::optional<std::string> tablespace = {};
};
// The print of an index of that name on the view, whatever the names in it were.
std::string printed_as(const std::string &canonical, const std::string &name, const pg::QualifiedName &view);

// On the view itself or on a relation beside it that takes its place.
Step create_index_step(const pg::Relation &view, const IndexSql &index, const pg::QualifiedName &on);
Step drop_index_step(const pg::Relation &view, const std::string &name);
// Of a live view that gets no new rows.
void index_steps(std::vector<Step> &steps, const pg::Relation &view, const std::vector<std::string> &dropped,
                 const std::vector<IndexSql> &added, Builder builder);
void option_steps(std::vector<Step> &steps, const pg::Relation &view, const OptionChange &change);
Step comment_step(const pg::Relation &view, const std::optional<std::string> &comment);

Step fill_step(const pg::QualifiedName &relation, const pg::AnalysedQuery &query);

// A version that gets rows of its own, or has them in an archive, and becomes live.
struct Replacement {
    const catalog::views::View &view;
    const pg::Relation &relation;
    int number = 0;
    const pg::AnalysedQuery &query;
    const model::ColumnChange &columns;
    std::vector<IndexSql> indexes; // to be built
    const Redefinition &look;
    bool recreates_dependents = false;
    std::optional<std::string> validate = {};
    std::optional<pg::QualifiedName> archive = {}; // with its rows
    bool is_rollback = false;
    Builder builder = Builder::session;
};
// First, where dependents are in the way.
void refusal_step(std::vector<Step> &steps, const Replacement &what);
void replacement_steps(std::vector<Step> &steps, const Replacement &what);
void retention_steps(std::vector<Step> &steps, const Replacement &what);

} // namespace mvmanager::versioning
