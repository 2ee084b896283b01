// The border between C++ and PostgreSQL, both ways.
//
// PostgreSQL reports an error by longjmp, which skips destructors; C++ reports one by an exception, which must never
// pass a PostgreSQL frame. So each crossing goes through exactly one of two doors:
//
// Outward, `pg::call`: the longjmp of a server function becomes a pg::Error that carries the whole ErrorData.
//
//     wrong   std::string name = ...;  Oid oid = get_relname_relid(name.c_str(), ns);      // an error leaks `name`
//     right   std::string name = ...;  Oid oid = pg::call([&] { return get_relname_relid(name.c_str(), ns); });
//
//     The lambda itself holds only trivially destructible locals: its frame is the one the longjmp skips.
//     A function that calls the server bare for longer than a lambda is named *_unsafe and holds nothing else.
//
// Inward, `pg::enter` (MV_FUNCTION, MV_WORKER): whatever PostgreSQL calls catches every exception, leaves the catch
// block, and only then raises.
//
//     wrong   try { ... } catch (const std::exception &e) { ereport(ERROR, ...); }   // the exception is never freed
//     right   MV_FUNCTION(mvm_refresh) { return refresh_body(fcinfo); }
//
// An error caught on the C++ side is re-raised unchanged, or swallowed only where a subtransaction or a worker's
// transaction is aborted first (pg/transaction.hpp).
#pragma once

#include <type_traits>
#include <utility>

#include "pg/error.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

namespace detail {
// Runs fn(argument) with an own exception stack; throws Error where the server would have jumped past us.
void run_guarded(void (*fn)(void *), void *argument);

// An exception turned into palloc'd memory, ready to be raised once the catch block is left.
struct Pending;
// REQUIRES: called inside a catch block. Never throws, never raises.
Pending *capture_current_exception() noexcept;
[[noreturn]] void raise_unsafe(Pending *pending);
} // namespace detail

// Calls f(), which may raise. Returns what f returns; throws pg::Error.
// REQUIRES: f holds no object with a destructor while it calls the server; its result needs no destructor either.
// Not for error context callbacks and emit_log_hook: to catch an error there forgets the one that is being reported.
template <typename F>
    requires std::is_invocable_v<F &>
auto call(F &&f) -> std::invoke_result_t<F &> {
    using Result = std::invoke_result_t<F &>;
    if constexpr (std::is_void_v<Result>) {
        detail::run_guarded([](void *p) { (*static_cast<std::remove_reference_t<F> *>(p))(); },
                            const_cast<void *>(static_cast<const void *>(&f)));
    } else {
        static_assert(std::is_trivially_destructible_v<Result>, "a longjmp would skip this result's destructor");
        struct Frame {
            std::remove_reference_t<F> *f;
            Result result;
        } frame{&f, Result{}};
        detail::run_guarded(
            [](void *p) {
                auto *frame = static_cast<Frame *>(p);
                frame->result = (*frame->f)();
            },
            &frame);
        return frame.result;
    }
}

// The same for a single server function: pg::call(table_open, oid, AccessShareLock).
template <typename R, typename... Params, typename... Args>
    requires(sizeof...(Params) == sizeof...(Args))
R call(R (*fn)(Params...), Args &&...args) {
    return call([&]() -> R { return fn(args...); });
}

// Runs body() for PostgreSQL: whatever it throws is raised as a PostgreSQL error after the C++ frames are gone.
// std::bad_alloc becomes 53200, any other exception XX000.
template <typename F> auto enter(F &&body) -> std::invoke_result_t<F &> {
    detail::Pending *pending = nullptr;
    try {
        return body();
    } catch (...) {
        pending = detail::capture_current_exception();
    }
    detail::raise_unsafe(pending);
}

// A cancel or a shutdown request becomes an Error here. Every loop calls it at least every 100 ms of work.
inline void check_for_interrupts() {
    if (INTERRUPTS_PENDING_CONDITION())
        call([] { CHECK_FOR_INTERRUPTS(); });
}

} // namespace mvmanager::pg

// Defines the SQL-callable C function `name`; the block that follows is its body, with `fcinfo` in scope.
#define MV_FUNCTION(name)                                                                                              \
    extern "C" PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                               \
    extern "C" {                                                                                                       \
    PG_FUNCTION_INFO_V1(name);                                                                                         \
    }                                                                                                                  \
    static Datum name##_body(FunctionCallInfo fcinfo);                                                                 \
    extern "C" Datum name(PG_FUNCTION_ARGS) {                                                                          \
        return ::mvmanager::pg::enter([&] { return name##_body(fcinfo); });                                            \
    }                                                                                                                  \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)

// Defines the background worker entry point `name`; the block that follows is its body, with `argument` in scope.
#define MV_WORKER(name)                                                                                                \
    extern "C" PGDLLEXPORT void name(Datum argument);                                                                  \
    static void name##_body(Datum argument);                                                                           \
    extern "C" void name(Datum argument) {                                                                             \
        ::mvmanager::pg::enter([&] { name##_body(argument); });                                                        \
    }                                                                                                                  \
    static void name##_body([[maybe_unused]] Datum argument)
