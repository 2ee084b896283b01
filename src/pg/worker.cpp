#include "pg/worker.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/discard.h"
#include "libpq/pqsignal.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/ps_status.h"
#include "utils/wait_event.h"
}

namespace mvmanager::pg {
namespace {

volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t cancel_flag = 0;

extern "C" void mvm_handle_leave(SIGNAL_ARGS) {
    int const saved = errno;
    stop_flag = 1;
    if (!proc_exit_inprogress) {
        InterruptPending = true;
        ProcDiePending = true;
    }
    SetLatch(MyLatch);
    errno = saved;
}

extern "C" void mvm_handle_cancel_then_ask(SIGNAL_ARGS) {
    int const saved = errno;
    stop_flag = 1;
    if (!proc_exit_inprogress) {
        InterruptPending = true;
        QueryCancelPending = true;
    }
    SetLatch(MyLatch);
    errno = saved;
}

extern "C" void mvm_handle_interrupt(SIGNAL_ARGS) {
    int const saved = errno;
    cancel_flag = 1;
    if (!proc_exit_inprogress) {
        InterruptPending = true;
        QueryCancelPending = true;
    }
    SetLatch(MyLatch);
    errno = saved;
}

BackgroundWorker to_server(const WorkerSpec &spec) {
    BackgroundWorker worker;
    std::memset(&worker, 0, sizeof worker);
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = spec.restart_seconds.value_or(BGW_NEVER_RESTART);
    strlcpy(worker.bgw_name, spec.name.c_str(), sizeof worker.bgw_name);
    strlcpy(worker.bgw_type, spec.type.c_str(), sizeof worker.bgw_type);
    strlcpy(worker.bgw_library_name, "mvmanager", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, spec.function, sizeof worker.bgw_function_name);
    if (spec.extra)
        std::memcpy(worker.bgw_extra, spec.extra, std::min(spec.extra_size, sizeof worker.bgw_extra));
    return worker;
}

} // namespace

void register_static_worker(const WorkerSpec &spec) {
    BackgroundWorker worker = to_server(spec);
    call([&] { RegisterBackgroundWorker(&worker); });
}

std::optional<WorkerHandle> WorkerHandle::start(const WorkerSpec &spec) {
    BackgroundWorker worker = to_server(spec);
    worker.bgw_notify_pid = MyProcPid;
    BackgroundWorkerHandle *handle = call([&]() -> BackgroundWorkerHandle * {
        MemoryContext const previous = MemoryContextSwitchTo(TopMemoryContext);
        BackgroundWorkerHandle *started = nullptr;
        bool const registered = RegisterDynamicBackgroundWorker(&worker, &started);
        MemoryContextSwitchTo(previous);
        return registered ? started : nullptr;
    });
    return handle ? std::optional(WorkerHandle(handle)) : std::nullopt;
}

WorkerHandle::Status WorkerHandle::status() const {
    pid_t pid = 0;
    switch (GetBackgroundWorkerPid(handle_, &pid)) {
    case BGWH_NOT_YET_STARTED:
        return Status::starting;
    case BGWH_STARTED:
        return Status::running;
    default:
        return Status::stopped;
    }
}

void WorkerHandle::release() {
    pfree(handle_);
    handle_ = nullptr;
}

void read_worker_extra(void *into, std::size_t size) { std::memcpy(into, MyBgworkerEntry->bgw_extra, size); }

void install_worker_signals(OnTerminate on_terminate) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, on_terminate == OnTerminate::leave ? mvm_handle_leave : mvm_handle_cancel_then_ask);
    // Where no run is executed there is nothing to cancel.
    pqsignal(SIGINT, on_terminate == OnTerminate::leave ? SIG_IGN : mvm_handle_interrupt);
    call([] { BackgroundWorkerUnblockSignals(); });
}

bool stop_requested() { return stop_flag; }
bool cancel_requested() { return cancel_flag; }
void forget_cancel() {
    cancel_flag = 0;
    QueryCancelPending = false;
}

void connect_without_database() {
    call([] { BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); });
}

void connect_to_database(Oid database) {
    call([&] { BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0); });
}

void interrupt_process(int pid) { kill(pid, SIGINT); }

void set_neutral_session() {
    static constexpr const char *settings[][2] = {
        {"default_transaction_isolation", "read committed"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_deferrable", "off"},
        {"statement_timeout", "0"},
        {"lock_timeout", "0"},
        {"idle_in_transaction_session_timeout", "0"},
#if PG_VERSION_NUM >= 170000
        {"transaction_timeout", "0"},
#endif
        {"session_replication_role", "origin"},
        {"row_security", "on"},
        // A standby that is gone must not stop refreshes, nor a shutdown.
        {"synchronous_commit", "local"},
    };
    call([] {
        for (const auto &setting : settings)
            SetConfigOption(setting[0], setting[1], PGC_SUSET, PGC_S_OVERRIDE);
    });
}

void set_session(const char *name, const char *value) {
    call([&] { SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE); });
}

void discard_session_state() {
    call([] {
        StartTransactionCommand();
        DiscardStmt discard;
        std::memset(&discard, 0, sizeof discard);
        discard.type = T_DiscardStmt;
        discard.target = DISCARD_ALL;
        DiscardCommand(&discard, true);
        CommitTransactionCommand();
    });
}

void wait_latch(std::int64_t microseconds) {
    // Rounded up: a process that wakes a moment early would look at a due time that is not yet there.
    std::int64_t const milliseconds = std::clamp<std::int64_t>((microseconds + 999) / 1000, 0, 3600 * 1000);
    call([&] {
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, static_cast<long>(milliseconds),
                  PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    });
}

bool handle_worker_interrupts() {
    return call([] {
        CHECK_FOR_INTERRUPTS();
        if (catchupInterruptPending)
            ProcessCatchupInterrupt();
        if (!ConfigReloadPending)
            return false;
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        return true;
    });
}

int my_proc_number() {
#if PG_VERSION_NUM >= 170000
    return MyProcNumber;
#else
    return MyProc->pgprocno;
#endif
}

void wake_process(int proc_number) {
    if (proc_number >= 0 && static_cast<uint32>(proc_number) < ProcGlobal->allProcCount)
        SetLatch(&ProcGlobal->allProcs[proc_number].procLatch);
}

void show_running(const std::string &title) {
    call([&] {
        SetConfigOption("application_name", title.c_str(), PGC_USERSET, PGC_S_SESSION);
        pgstat_report_activity(STATE_RUNNING, title.c_str());
        set_ps_display(title.c_str());
    });
}

void show_idle(const std::string &title) {
    call([&] {
        SetConfigOption("application_name", title.c_str(), PGC_USERSET, PGC_S_SESSION);
        pgstat_report_activity(STATE_IDLE, nullptr);
        pgstat_report_stat(true);
        set_ps_display("idle");
    });
}

void before_exit(void (*callback)(int, Datum), Datum argument) {
    call([&] { before_shmem_exit(callback, argument); });
}

void leave_process(int code) { proc_exit(code); }

} // namespace mvmanager::pg
