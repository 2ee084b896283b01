// What differs between two versions of a view.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/versions.hpp"
#include "pg/relation.hpp"

namespace mvmanager::versioning {

struct Difference {
    std::string kind;
    std::string item;
    std::optional<std::string> before, after; // none: not there on that side
};

// Kinds in this order: definition (item: which lines, as in a unified diff; of the texts as written), canonical (the same
// of what the server printed, in its place where the texts as written are equal or were laid out anew), column, index, option, comment, owner, parent. Versions that are
// the same give nothing. REQUIRES: inside a transaction.
std::vector<Difference> diff(const pg::QualifiedName &view, const catalog::versions::Version &before,
                             const catalog::versions::Version &after);

} // namespace mvmanager::versioning
