// Background workers: registering them, their signals, their latches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

struct BackgroundWorkerHandle;

namespace mvmanager::pg {

// The bytes a worker is handed (bgw_extra); any trivially copyable type of up to 128 bytes.
struct WorkerSpec {
    const char *function; // an MV_WORKER of this library
    std::string type;     // backend_type in pg_stat_activity
    std::string name;
    std::optional<int> restart_seconds; // nullopt: never
    const void *extra = nullptr;
    std::size_t extra_size = 0;
};

// For _PG_init, while shared_preload_libraries is processed.
void register_static_worker(const WorkerSpec &spec);

// A worker started by this process, which is woken when the worker starts and ends.
class WorkerHandle {
public:
    enum class Status { starting, running, stopped };
    // nullopt where max_worker_processes leaves no place.
    static std::optional<WorkerHandle> start(const WorkerSpec &spec);
    Status status() const;
    // Forgets the worker, which goes on.
    void release();

private:
    explicit WorkerHandle(BackgroundWorkerHandle *handle) : handle_(handle) {}
    BackgroundWorkerHandle *handle_;
};

template <typename T> T worker_extra();
void read_worker_extra(void *into, std::size_t size);
template <typename T> T worker_extra() {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 128);
    T value;
    read_worker_extra(&value, sizeof value);
    return value;
}

// What SIGTERM does to a worker.
enum class OnTerminate {
    leave,          // ends the process, at once where it waits for a lock, with exit code 1
    cancel_then_ask // cancels the statement; the code then looks at stop_requested()
};
void install_worker_signals(OnTerminate on_terminate);
// SIGTERM arrived.
bool stop_requested();
// SIGINT arrived since the last forget_cancel().
bool cancel_requested();
// Sends another server process what pg_cancel_backend sends, without asking for rights: the caller did.
void interrupt_process(int pid);
// Drops a cancel that came when nothing was there to cancel.
void forget_cancel();

// Connects a background worker: to no database (shared catalogs only), or to one as the bootstrap superuser.
void connect_without_database();
void connect_to_database(Oid database);
// Sets what ALTER DATABASE and ALTER ROLE may have set otherwise: isolation, read-only mode, time-outs, role of triggers.
void set_neutral_session();
// Sets one parameter for the life of the process.
void set_session(const char *name, const char *value);
// DISCARD ALL: nothing of what ran before is left in the session.
void discard_session_state();

// Waits until the latch of this process is set, at most `microseconds` (monotonic); ends the process with the postmaster.
void wait_latch(std::int64_t microseconds);
// Between two waits: reloads the configuration when asked, answers the server's barriers, raises on interrupts. True where
// the configuration was reloaded.
bool handle_worker_interrupts();

int my_proc_number();
// Sets the latch of a process by its proc number; harmless where another process has it now. Cannot raise.
void wake_process(int proc_number);

// How the process shows in pg_stat_activity and ps.
void show_running(const std::string &title);
void show_idle(const std::string &title);

// Runs `callback(argument)` when the process ends, however it ends, while shared memory can still be used.
void before_exit(void (*callback)(int code, Datum argument), Datum argument = 0);
[[noreturn]] void leave_process(int code);

} // namespace mvmanager::pg
