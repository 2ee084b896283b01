// What is in mvmanager_data, and what the catalog says should be there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mvmanager::catalog::data_relations {

// A relation named as ours are that no version and no run names; those of a view that was dropped name none any more, those
// of a released one stay its owner's.
struct Orphan {
    std::int64_t view_id = 0; // from its name; of a view that need not exist
    std::string name;
};
std::vector<Orphan> orphans();

// A version whose rows should be in a relation, staged or archived, that is not there.
struct Missing {
    int number = 0;
    std::string state;
    std::string schema, name;
};
std::vector<Missing> missing(std::int64_t view_id);

} // namespace mvmanager::catalog::data_relations
