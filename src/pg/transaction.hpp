// Transactions and subtransactions: the only places where a server error may be swallowed.
#pragma once

#include <optional>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Runs f() in a subtransaction. On success it is committed into its parent and nullopt is returned; on error it is
// rolled back with everything f did, and the error returned. A query cancel or a shutdown is never swallowed: it goes
// on upwards. REQUIRES: inside a transaction.
template <typename F> std::optional<Error> try_in_subtransaction(F &&f);

// A worker's own transaction: begins at once; `commit` ends it, and a scope left without commit aborts it.
// Only for processes without a client: a session's transaction belongs to the session.
class Transaction {
public:
    enum class WithSnapshot { no, yes };
    explicit Transaction(WithSnapshot snapshot = WithSnapshot::yes);
    ~Transaction();
    void commit();
    // Commits and begins another one in its place, without a snapshot.
    void restart();
    // Ends the transaction after an error; afterwards the process is as after a statement that failed.
    void abort();
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;

private:
    void begin();

    WithSnapshot with_snapshot_;
    bool open_ = false;
    bool snapshot_ = false;
};

// Raises 25006 with the command's name on a hot standby or in a read-only transaction.
void require_writable(const char *command);
// True inside BEGIN ... COMMIT (or any implicit block), where a lock lasts to the block's end.
bool in_transaction_block();

namespace detail {
class Subtransaction {
public:
    Subtransaction();
    void commit();
    void roll_back();

private:
    MemoryContext context_;
    void *owner_;
};
bool must_not_be_swallowed(const Error &error);
} // namespace detail

template <typename F> std::optional<Error> try_in_subtransaction(F &&f) {
    detail::Subtransaction subtransaction;
    std::optional<Error> caught;
    try {
        f();
        subtransaction.commit();
        return std::nullopt;
    } catch (Error &error) {
        caught.emplace(std::move(error));
    } catch (...) {
        subtransaction.roll_back();
        throw;
    }
    subtransaction.roll_back();
    if (detail::must_not_be_swallowed(*caught))
        throw std::move(*caught);
    return caught;
}

} // namespace mvmanager::pg
