// Relations: from the name somebody typed to an OID held under a lock, and what we need to know about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// A schema and a name, neither quoted.
struct QualifiedName {
    std::string schema;
    std::string name;

    // Both quoted where needed: what regclass prints under an empty search_path.
    std::string quoted() const;
    bool operator==(const QualifiedName &) const = default;
};

// 'view', 'schema.view', '"We ird".v' split by the server's own rules. Raises 42602 for what is not a name.
struct WrittenName {
    std::optional<std::string> schema;
    std::string name;
};
WrittenName parse_name(std::string_view text);

struct Relation {
    Oid oid = InvalidOid;
    Oid owner = InvalidOid;
    char kind = 0; // pg_class.relkind
    char persistence = 0;
    bool populated = false;
    QualifiedName name;
    bool is_materialized_view() const { return kind == 'm'; }
};

enum class Right {
    none,
    own,      // owner or member of the owning role: 42501 otherwise
    maintain, // the same, or from 17 on the MAINTAIN privilege
};

enum class LockMode : int { // values are LOCKMODEs
    access_share = 1,
    share_update_exclusive = 4,
    exclusive = 7,
    access_exclusive = 8,
};

// Looks the name up along search_path, checks the right before it waits for the lock, and leaves the lock held to the
// end of the transaction. nullopt where no such relation exists. Raises 42809 when it is not a materialized view.
std::optional<Relation> lock_materialized_view(const WrittenName &name, LockMode mode, Right right);
// The same by exact name.
std::optional<Relation> lock_materialized_view(const QualifiedName &name, LockMode mode, Right right);

// What the name means now, along search_path, without a lock. nullopt where nothing of that name is visible.
std::optional<Relation> find_relation(const WrittenName &name);
std::optional<Relation> find_relation(const QualifiedName &name);
// REQUIRES: the relation exists or existed under a lock held by this transaction. nullopt if it is gone.
std::optional<Relation> describe_relation(Oid oid);

// The relation an index is on; InvalidOid where either is gone.
Oid relation_of_index(Oid index);

// Schema in which CREATE would put the name: the written one, or the first of search_path. Raises 3F000.
QualifiedName creation_name(const WrittenName &name);

bool has_right(Oid relation, Right right);
// Raises 42501 as core words it.
void require_right(const Relation &relation, Right right);

// Raises 55006 where a query or cursor of this session has the relation open, in the words core
// has for `command`.
// REQUIRES: a lock on the relation.
void require_unused(Oid relation, const char *command);

} // namespace mvmanager::pg
