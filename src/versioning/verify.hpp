// Whether the catalog and the database still agree, and whether the catalog was tampered with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/data_relations.hpp"
#include "catalog/views.hpp"

namespace mvmanager::versioning {

struct Finding {
    std::optional<std::string> name; // none: about the catalog as a whole
    std::string check;
    bool ok = false;
    std::string detail;
};

// The triggers that keep definitions immutable and watch over managed views.
std::vector<Finding> verify_guards();
// What is in mvmanager_data and belongs to no managed view. `orphans`: all of them.
std::vector<Finding> verify_orphans(const std::vector<catalog::data_relations::Orphan> &orphans);
// relation, definition, restorable (the live version, each whose rows are kept, and the rest together), indexes, chain (with
// the hash of its head), in this order; then, only where there is one: missing (rows that should be kept), orphan (a
// relation of the view that nothing names), leftover (what a refresh that was killed left in mvmanager_data). Takes no lock
// that anybody would wait for.
std::vector<Finding> verify(const catalog::views::View &view,
                            const std::vector<catalog::data_relations::Orphan> &orphans);

// Whether a definition could be built again now, and why not. REQUIRES: inside a transaction.
std::optional<std::string> why_not_restorable(const std::string &canonical);

// Bytes as lower-case hexadecimal digits.
std::string hexadecimal(const std::string &bytes);

} // namespace mvmanager::versioning
