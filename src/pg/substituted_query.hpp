// A query in which the name of one relation is made to mean another.
#pragma once

#include <optional>
#include <string>

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

struct RawStmt;

namespace mvmanager::pg {

class SubstitutedQuery {
public:
    // Raises 42601 for what is no single query.
    explicit SubstitutedQuery(const std::string &text);

    // Wherever the query reads `name`, with or without its schema, it reads `instead` under the same alias.
    void substitute(const QualifiedName &name, const QualifiedName &instead);

    // Analyses, plans and runs it under the active snapshot as the current user. Its first column in its only row; nullopt for
    // null, no row or several. Raises 42804 where the column is no boolean.
    std::optional<bool> ask() const;

private:
    std::string text_;
    RawStmt *statement_;
};

} // namespace mvmanager::pg
