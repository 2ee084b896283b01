// mvmanager.version and mvmanager.version_state: every definition a view ever had, and what became of it.
//
// Rows of `version` are written once. Each carries a hash over itself and the row before; verify_chain recomputes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/definition.hpp"
#include "model/version.hpp"
#include "pg/relation.hpp"

namespace mvmanager::catalog::versions {

struct Index {
    std::string name;                   // chosen once, kept for ever
    std::optional<std::string> written; // as the caller wrote it; unset when it was there at adoption
    std::string canonical;              // pg_get_indexdef under an empty search_path
    bool operator==(const Index &) const = default;
};

struct Options {
    std::vector<model::Option> reloptions; // by name
    std::optional<std::string> tablespace;
    std::optional<std::string> access_method;
};

// What a caller registers.
struct NewVersion {
    std::string definition;
    std::string canonical;
    std::vector<model::Column> columns;
    std::vector<Index> indexes;
    Options options;
    std::optional<std::string> comment;
    std::vector<model::Parent> parents;
    std::string owner_name;
    std::string author;
    std::string origin; // created, adopted, replaced, altered, external
};

struct Version : NewVersion {
    std::int64_t view_id = 0;
    int number = 0;
    int server_major = 0;
    std::string data_hash, metadata_hash, parents_hash, chain_hash; // raw bytes; `parents` is not stored
    std::int64_t created_at = 0;                                    // TimestampTz
    std::string state;
    std::optional<std::int64_t> rows; // after the last recorded run that made or refreshed it
};

// SHA-256 of what decides the rows, and of what can be altered in place.
std::string data_hash(const std::string &canonical, const std::vector<model::Column> &columns);
std::string metadata_hash(const std::vector<Index> &indexes, const Options &options,
                          const std::optional<std::string> &comment);

// Adds the next version with its state and returns its number.
// REQUIRES: the caller holds LockSpace::versions of that view (or has just made it), so that numbers and chain have no gap.
int add(std::int64_t view_id, const NewVersion &version, model::VersionState state);

std::optional<Version> get(std::int64_t view_id, int number);
std::vector<Version> all(std::int64_t view_id);
// Raw bytes of the hash that parents_hash of a reader needs; empty where the version does not exist.
std::string data_hash_of(std::int64_t view_id, int number);

// Whether that version's query came from a view that was made without us; an index or option altered since makes no difference.
bool was_adopted(std::int64_t view_id, int number);

// The first version whose stored hashes are not those of its contents, with the reason.
struct Broken {
    int number = 0;
    std::string reason;
};
std::optional<Broken> verify_chain(const std::vector<Version> &versions);

} // namespace mvmanager::catalog::versions
