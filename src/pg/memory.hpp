// Memory contexts by scope.
#pragma once

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Makes `context` current until the scope ends. Restoring the old one cannot raise, so it happens while unwinding too.
class MemorySwitch {
public:
    explicit MemorySwitch(MemoryContext context) : previous_(MemoryContextSwitchTo(context)) {}
    ~MemorySwitch() { MemoryContextSwitchTo(previous_); }
    MemorySwitch(const MemorySwitch &) = delete;
    MemorySwitch &operator=(const MemorySwitch &) = delete;

private:
    MemoryContext previous_;
};

// A context of our own, child of the current one and current until the scope ends; deleted with all it holds.
// While unwinding only the switch back happens: the parent's end frees the memory.
class MemoryScope {
public:
    explicit MemoryScope(const char *name)
        : context_(
              call([&] { return AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES); })),
          previous_(MemoryContextSwitchTo(context_)), exceptions_(std::uncaught_exceptions()) {}
    ~MemoryScope() {
        MemoryContextSwitchTo(previous_);
        if (std::uncaught_exceptions() == exceptions_)
            MemoryContextDelete(context_);
    }
    MemoryScope(const MemoryScope &) = delete;
    MemoryScope &operator=(const MemoryScope &) = delete;

    MemoryContext context() const { return context_; }
    // Frees what was allocated so far; for the end of each turn of a loop.
    void reset() { MemoryContextReset(context_); }

private:
    MemoryContext context_;
    MemoryContext previous_;
    int exceptions_;
};

} // namespace mvmanager::pg
