// Makes a managed view what its definition says: nothing where it is that already, in place where only indexes, options
// or comment differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/ddl.hpp"
#include "versioning/register.hpp"

namespace mvmanager::versioning {

// nullopt keeps what the view has.
struct Wish {
    std::string text;
    std::optional<std::vector<std::string>> indexes;
    std::optional<std::string> label;
    std::optional<std::string> comment; // empty removes it
    struct Options {
        std::vector<model::Option> set;
        std::vector<std::string> reset;
        std::optional<std::string> tablespace, access_method;
    };
    Options options;
    bool drop_indexes = false; // registered ones that the list does not name
};

// Action "unchanged" or "altered". The first takes no lock on the view and writes nothing but a journal row when a new
// label is given; the second takes what CREATE INDEX and ALTER MATERIALIZED VIEW take.
//
// REQUIRES: the current user's right to the relation was checked.
// Raises 42710 for a label that named another definition, 42P19 for a view that would read itself, 0A000 for a changed
// definition, tablespace or access method.
Change apply(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish);

} // namespace mvmanager::versioning
