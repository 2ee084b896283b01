// A live view gets another definition in place, and what depends on its columns follows or stands in the way.
//
//     Redefinition look(view, query, from, replaceable);     // no lock: what would happen
//     look.require(Dependents::keep);                        // refuses, with what is in the way
//     ... lock the view, then look.lock_dependents(Wait::no), within a swap attempt ...
//     Redefinition now(view, query, from, replaceable);      // again, now that nothing can change
//     now.require(Dependents::keep);
//     Redefined done = now.apply();
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/lock.hpp"
#include "pg/query.hpp"
#include "versioning/blockers.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

enum class Dependents {
    keep,     // whatever uses a column that changes is in the way
    recreate, // it is stored anew, with its text, under its OID
};

// A view or materialized view that was stored anew.
struct Recreated {
    pg::Relation relation;
    std::string before, after; // canonical texts
    bool columns_changed = false;
    bool needs_refill = false; // a materialized view that had rows and is empty now
};

// An index of the view that could not follow its columns. One of that name in its place is told the rest by `details`, to be
// run as the owner: statistics targets, CLUSTER ON, comment.
struct DroppedIndex {
    std::string name;
    std::vector<std::string> details;
};

struct Redefined {
    std::vector<Recreated> dependents;         // in an order in which they can be filled
    std::vector<DroppedIndex> dropped_indexes; // only `replaceable` ones
};

class Redefinition {
public:
    // Looks at everything that depends on the view. `from` is that of model::compare_columns. `replaceable` are indexes that
    // the caller has built aside and puts in place afterwards: one that cannot follow is dropped rather than in the way.
    // REQUIRES: the query outlives this object.
    Redefinition(const pg::Relation &view, const pg::AnalysedQuery &query, const std::vector<int> &from,
                 std::vector<Oid> replaceable = {});

    // In the way of columns that change. What goes on with the columns it uses is not here; an append has none.
    const std::vector<Blocker> &blockers() const { return blockers_; }

    // Raises 2BP01 where something is in the way that is not to be, or cannot be, stored anew, and 42501 where it belongs to
    // a role the current user is no member of. `differences` are the column changes for DETAIL, `hint` says how to have
    // them recreated.
    void
    require(Dependents dependents, const std::vector<std::string> &differences,
            std::string_view hint = "Pass dependents => 'recreate' to store them anew in the same transaction.") const;

    // Relations that may have to be stored anew, by OID, and their locks to the end of the transaction. False where one was
    // not to be had and Wait::no was asked; those got before stay.
    const std::vector<Oid> &relations_to_lock() const { return to_lock_; }
    bool lock_dependents(pg::Wait wait) const;

    // Changes columns and rule of the view, then of each dependent what must change. Everything runs as the owner of what is
    // changed. Raises 2BP01 with the server's message for a dependent that cannot follow, for instance because a function it
    // calls does not take the new type.
    // REQUIRES: AccessExclusiveLock on the view; require() was passed under it; the rows of a materialized view are gone or
    // go before anybody reads it (set_columns).
    Redefined apply();

private:
    struct Text {
        std::string by_name, canonical;
    };
    void close_over(Oid relation);
    void order_views(const Reshape &reshape);
    void read_texts();
    void take_joined_names(const Reshape &reshape) const;
    std::vector<pg::NewColumn> under_old_names(const std::vector<pg::NewColumn> &before) const;
    void rename(const std::vector<pg::NewColumn> &columns) const;
    struct Restated {
        std::string description;
        std::vector<std::string> commands;
    };
    std::vector<Restated> drop_stuck(const Reshape &reshape, Redefined &done) const;
    void follow(Oid view, Redefined &done);
    bool change_view(const pg::Relation &view, const pg::AnalysedQuery &query, const std::vector<pg::NewColumn> &after);
    Effect effect_of(Oid class_id, Oid oid) const;
    void run_commands() const;
    void check_positions(Oid class_id, Oid oid) const;

    pg::Relation view_;
    const pg::AnalysedQuery &query_;
    std::vector<pg::NewColumn> after_;
    std::vector<Oid> replaceable_;
    std::map<Oid, std::vector<ColumnDependent>> dependents_; // by the relation used
    std::vector<Oid> views_;                                 // that may have to be stored anew; used before user
    std::vector<Blocker> blockers_;
    std::vector<Oid> to_lock_;
    std::map<Oid, Text> texts_;
    std::map<std::pair<Oid, Oid>, std::string> commands_;
    std::map<Oid, Reshape> reshaped_; // what has changed so far
};

// All indexes of the view, for who builds them aside, as a replacement does.
std::vector<Oid> replaceable_indexes(Oid relation);

// Who uses the columns behind the first `count`, so that they cannot be taken away again; nothing where nobody does.
std::optional<std::string> why_not_reversible(const pg::Relation &view, std::size_t count,
                                              const std::vector<Oid> &replaceable = {});

} // namespace mvmanager::versioning
