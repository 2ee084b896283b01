// Which indexes a version has, and what that means for those the live view has now.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "model/column_change.hpp"
#include "pg/index_text.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

struct IndexPlan {
    struct Kept {
        std::string name;
        std::string canonical;              // on the version's columns
        std::optional<std::string> written; // as the caller wrote it
        bool is_registered = false;         // belongs to the version; else made by hand, and nobody's business
        bool is_named = false;              // by the caller's list
        bool is_taken = false;              // made or altered by hand, and named by the caller now
    };
    struct Added {
        std::string name;
        std::string canonical;
        pg::IndexText text;
    };
    std::vector<Kept> kept;
    std::vector<Added> added;
    std::vector<std::string> dropped; // registered ones, by name

    bool changes_nothing() const;
    // What is written into the catalog.
    std::vector<catalog::versions::Index> registered() const;
};

// What the caller asks for: nullopt keeps what is there.
struct IndexWish {
    const std::optional<std::vector<std::string>> &texts;
    bool drops_others = false; // registered ones that the list does not name, and what has a name it needs
};

// The definition the version has, and how its columns come from those of the live view.
struct VersionColumns {
    const pg::AnalysedQuery &query;
    const model::ColumnChange &change;
};

// A relation without OID is one that is not there yet. Takes no lock. Raises 42710 for a name that another index of the view has, 42P07 for one that another relation has, 2BP01
// for an index that is to stay and stands on a column that goes, and what the server says of a text.
IndexPlan plan_indexes(const catalog::views::View &view, const pg::Relation &relation, const VersionColumns &columns,
                       const IndexWish &wish);

} // namespace mvmanager::versioning
