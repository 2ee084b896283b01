#include "pg/guard.hpp"

#include <csetjmp>
#include <cstring>
#include <new>

#include "pg/postgres.hpp"

namespace mvmanager::pg {
namespace {

std::string owned(const char *text) { return text ? std::string(text) : std::string(); }

Error::Fields fields_of(const ErrorData &data) {
    Error::Fields f;
    f.elevel = data.elevel;
    f.output_to_server = data.output_to_server;
    f.output_to_client = data.output_to_client;
    f.hide_statement = data.hide_stmt;
    f.hide_context = data.hide_ctx;
    f.file = data.filename;
    f.line = data.lineno;
    f.function = data.funcname;
    f.domain = data.domain;
    f.context_domain = data.context_domain;
    f.sqlstate = data.sqlerrcode;
    f.message = owned(data.message);
    f.detail = owned(data.detail);
    f.detail_log = owned(data.detail_log);
    f.hint = owned(data.hint);
    f.context = owned(data.context);
    f.backtrace = owned(data.backtrace);
    f.message_id = data.message_id;
    f.schema = owned(data.schema_name);
    f.table = owned(data.table_name);
    f.column = owned(data.column_name);
    f.datatype = owned(data.datatype_name);
    f.constraint = owned(data.constraint_name);
    f.cursor_position = data.cursorpos;
    f.internal_position = data.internalpos;
    f.internal_query = owned(data.internalquery);
    f.saved_errno = data.saved_errno;
    f.from_server = true;
    return f;
}

// Takes the error off PostgreSQL's stack, with memory from `context`. nullptr where there is none left for the copy:
// an error raised while copying must not jump past the C++ frames that are about to be unwound.
ErrorData *take_error_unsafe(MemoryContext context) {
    sigjmp_buf *const saved_stack = PG_exception_stack;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        MemoryContextSwitchTo(context);
        ErrorData *data = CopyErrorData();
        PG_exception_stack = saved_stack;
        FlushErrorState();
        return data;
    }
    PG_exception_stack = saved_stack;
    MemoryContextSwitchTo(context);
    FlushErrorState();
    return nullptr;
}

[[noreturn]] void throw_server_error(MemoryContext context) {
    struct Freed {
        ErrorData *data;
        ~Freed() {
            if (data)
                FreeErrorData(data);
        }
    } const taken{take_error_unsafe(context)};
    if (!taken.data)
        throw std::bad_alloc();
    throw Error(fields_of(*taken.data));
}

} // namespace

namespace detail {

void run_guarded(void (*fn)(void *), void *argument) {
    sigjmp_buf *const saved_stack = PG_exception_stack;
    ErrorContextCallback *const saved_callbacks = error_context_stack;
    MemoryContext const saved_context = CurrentMemoryContext;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        try {
            fn(argument);
        } catch (...) {
            // Thrown by the lambda itself: the exception must not leave a stack that ends in this frame.
            PG_exception_stack = saved_stack;
            error_context_stack = saved_callbacks;
            throw;
        }
        PG_exception_stack = saved_stack;
        error_context_stack = saved_callbacks;
        return;
    }
    PG_exception_stack = saved_stack;
    error_context_stack = saved_callbacks;
    throw_server_error(saved_context);
}

struct Pending {
    ErrorData data;
    bool from_server;
};

namespace {

// Memory that cannot be had is left out of the report: raising here, inside a catch block, is not an option.
char *copied(const std::string &text) noexcept {
    if (text.empty())
        return nullptr;
    auto *copy = static_cast<char *>(
        MemoryContextAllocExtended(CurrentMemoryContext, text.size() + 1, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE));
    if (copy)
        std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
}

char *copied(const char *text) noexcept {
    if (!text)
        return nullptr;
    std::size_t const size = std::strlen(text) + 1;
    auto *copy = static_cast<char *>(MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_NO_OOM));
    if (copy)
        std::memcpy(copy, text, size);
    return copy;
}

Pending *no_memory() noexcept {
    static Pending reserve;
    reserve = Pending{};
    reserve.data.sqlerrcode = sqlstate::out_of_memory;
    return &reserve;
}

Pending *pending_of(const Error::Fields &f) noexcept {
    auto *p = static_cast<Pending *>(
        MemoryContextAllocExtended(CurrentMemoryContext, sizeof(Pending), MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO));
    if (!p)
        return no_memory();
    p->from_server = f.from_server;
    ErrorData &d = p->data;
    d.elevel = f.elevel;
    d.output_to_server = f.output_to_server;
    d.output_to_client = f.output_to_client;
    d.hide_stmt = f.hide_statement;
    d.hide_ctx = f.hide_context;
    d.filename = f.file;
    d.lineno = f.line;
    d.funcname = f.function;
    d.domain = f.domain;
    d.context_domain = f.context_domain;
    d.sqlerrcode = f.sqlstate;
    d.message = copied(f.message);
    d.detail = copied(f.detail);
    d.detail_log = copied(f.detail_log);
    d.hint = copied(f.hint);
    d.context = copied(f.context);
    d.backtrace = copied(f.backtrace);
    d.message_id = f.message_id;
    d.schema_name = copied(f.schema);
    d.table_name = copied(f.table);
    d.column_name = copied(f.column);
    d.datatype_name = copied(f.datatype);
    d.constraint_name = copied(f.constraint);
    d.cursorpos = f.cursor_position;
    d.internalpos = f.internal_position;
    d.internalquery = copied(f.internal_query);
    d.saved_errno = f.saved_errno;
    d.assoc_context = CurrentMemoryContext;
    return p;
}

Pending *pending_plain(int code, const char *message, const char *detail) noexcept {
    auto *p = static_cast<Pending *>(
        MemoryContextAllocExtended(CurrentMemoryContext, sizeof(Pending), MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO));
    if (!p)
        return no_memory();
    p->data.sqlerrcode = code;
    p->data.message = copied(message);
    p->data.detail = copied(detail);
    return p;
}

void name_object_unsafe(int field, const char *name) {
    if (name)
        err_generic_string(field, name);
}

} // namespace

Pending *capture_current_exception() noexcept {
    try {
        throw;
    } catch (const Error &error) {
        return pending_of(error.fields());
    } catch (const std::bad_alloc &) {
        return pending_plain(sqlstate::out_of_memory, "out of memory", "Failed while allocating memory for mvmanager.");
    } catch (const std::exception &error) {
        return pending_plain(sqlstate::internal_error, "internal error in mvmanager", error.what());
    } catch (...) {
        return pending_plain(sqlstate::internal_error, "unknown exception in mvmanager", nullptr);
    }
}

void raise_unsafe(Pending *pending) {
    ErrorData &d = pending->data;
    if (pending->from_server)
        ReThrowError(&d);
    if (errstart(ERROR, TEXTDOMAIN)) {
        errcode(d.sqlerrcode);
        errmsg_internal("%s", d.message ? d.message : "out of memory");
        if (d.detail)
            errdetail_internal("%s", d.detail);
        if (d.detail_log)
            errdetail_log("%s", d.detail_log);
        if (d.hint)
            errhint("%s", d.hint);
        if (d.context)
            errcontext_msg("%s", d.context);
        if (d.hide_stmt)
            errhidestmt(true);
        if (d.hide_ctx)
            errhidecontext(true);
        name_object_unsafe(PG_DIAG_SCHEMA_NAME, d.schema_name);
        name_object_unsafe(PG_DIAG_TABLE_NAME, d.table_name);
        name_object_unsafe(PG_DIAG_COLUMN_NAME, d.column_name);
        name_object_unsafe(PG_DIAG_DATATYPE_NAME, d.datatype_name);
        name_object_unsafe(PG_DIAG_CONSTRAINT_NAME, d.constraint_name);
        if (d.cursorpos > 0)
            errposition(d.cursorpos);
        if (d.internalquery) {
            internalerrquery(d.internalquery);
            internalerrposition(d.internalpos);
        }
        errfinish(d.filename, d.lineno, d.funcname);
    }
    pg_unreachable();
}

} // namespace detail

std::string sqlstate_text(int sqlstate) {
    std::string code(5, '0');
    for (int i = 0; i < 5; ++i)
        code[i] = static_cast<char>(((sqlstate >> (6 * i)) & 0x3F) + '0');
    return code;
}

namespace {
void report(int level, std::string_view message, std::string_view hint, std::string_view detail = {}) {
    std::string const text(message), advice(hint), more(detail);
    call([&] {
        ereport(level, (errmsg_internal("%s", text.c_str()), more.empty() ? 0 : errdetail_internal("%s", more.c_str()),
                        advice.empty() ? 0 : errhint("%s", advice.c_str())));
    });
}
} // namespace

void notice(std::string_view message, std::string_view hint) { report(NOTICE, message, hint); }
void warning(std::string_view message, std::string_view hint, std::string_view detail) {
    report(WARNING, message, hint, detail);
}
void log(std::string_view message) { report(LOG, message, {}); }

} // namespace mvmanager::pg
