// Errors of every kind on their way through the border, and what the scopes of src/pg leave behind.
#include "pg/guard.hpp"

#include <cstring>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "pg/memory.hpp"
#include "pg/security.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/resowner.h"
}

namespace mvmanager::test {
namespace {

int live_objects = 0;

// Counts itself, and owns memory that only its destructor frees.
class Counted {
public:
    Counted() : memory_(4096) { ++live_objects; }
    ~Counted() { --live_objects; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;

private:
    std::vector<char> memory_;
};

// Every field that ereport can set.
void raise_everything_unsafe() {
    errno = ENOENT;
    ereport(ERROR,
            (errcode(ERRCODE_CHECK_VIOLATION), errmsg("primary message"), errdetail("The detail."),
             errdetail_log("The detail for the log."), errhint("The hint."), errcontext("the context"),
             errhidestmt(true), errhidecontext(true), errposition(7), internalerrquery("SELECT internal"),
             internalerrposition(3), err_generic_string(PG_DIAG_SCHEMA_NAME, "a schema"),
             err_generic_string(PG_DIAG_TABLE_NAME, "a table"), err_generic_string(PG_DIAG_COLUMN_NAME, "a column"),
             err_generic_string(PG_DIAG_DATATYPE_NAME, "a type"),
             err_generic_string(PG_DIAG_CONSTRAINT_NAME, "a constraint")));
}

[[noreturn]] void provoke(const std::string &kind) {
    Counted const outer;
    if (kind == "Error")
        throw pg::Error(pg::sqlstate::wrong_state, "an error born in {}", "C++")
            .detail("The detail.")
            .hint("The hint.");
    if (kind == "ereport")
        pg::call([] { raise_everything_unsafe(); });
    if (kind == "server function")
        pg::call([] { DirectFunctionCall1(int4in, CStringGetDatum("forty-two")); });
    if (kind == "bad_alloc")
        throw std::bad_alloc();
    if (kind == "length_error")
        std::string().resize(std::string::npos);
    if (kind == "runtime_error")
        throw std::runtime_error("what it says");
    if (kind == "int")
        throw 42;
    if (kind == "naked") // what the border is there to prevent
        raise_everything_unsafe();
    if (kind == "thrown in call")
        pg::call([] { throw std::runtime_error("thrown where only the server may raise"); });
    if (kind == "palloc")
        pg::call([] { (void) palloc(MaxAllocSize + 1); });
    if (kind == "nested doors") {
        // The server calls us, we call the server, and so on, as a hook under a statement under a function does.
        pg::call([] {
            pg::enter([] {
                Counted const middle;
                pg::call([] {
                    pg::enter([] {
                        Counted const inner, second;
                        pg::call([] { raise_everything_unsafe(); });
                    });
                });
            });
        });
    }
    if (kind == "nested calls") {
        pg::Spi spi;
        Counted const inner;
        spi.run_text("SELECT mvmanager_test.raise('int')");
    }
    if (kind == "division") {
        pg::MemoryScope const scope("border test");
        pg::Spi spi;
        spi.run_text("SELECT 1 / 0");
    }
    throw std::logic_error("no such kind");
}

std::string text_of(const std::string &s) { return s; }
std::string text_of(int i) { return std::to_string(i); }
std::string text_of(bool b) { return b ? "true" : "false"; }
std::string text_of(const char *s) { return s ? s : "(null)"; }

// Calls visit(name, value) for each field.
template <typename F> void each_field(const pg::Error::Fields &f, F &&visit) {
    visit("severity", text_of(f.elevel));
    visit("to server", text_of(f.output_to_server));
    visit("to client", text_of(f.output_to_client));
    visit("hide statement", text_of(f.hide_statement));
    visit("hide context", text_of(f.hide_context));
    visit("file", text_of(f.file));
    visit("line", text_of(f.line));
    visit("function", text_of(f.function));
    visit("domain", text_of(f.domain));
    visit("context domain", text_of(f.context_domain));
    visit("sqlstate", pg::sqlstate_text(f.sqlstate));
    visit("message", text_of(f.message));
    visit("detail", text_of(f.detail));
    visit("detail for the log", text_of(f.detail_log));
    visit("hint", text_of(f.hint));
    visit("context", text_of(f.context));
    visit("backtrace", text_of(f.backtrace));
    visit("schema", text_of(f.schema));
    visit("table", text_of(f.table));
    visit("column", text_of(f.column));
    visit("type", text_of(f.datatype));
    visit("constraint", text_of(f.constraint));
    visit("position", text_of(f.cursor_position));
    visit("internal position", text_of(f.internal_position));
    visit("internal query", text_of(f.internal_query));
    visit("message id", text_of(f.message_id));
    visit("errno", text_of(f.saved_errno));
}

template <typename F> pg::Error::Fields caught(F &&f) {
    try {
        f();
    } catch (const pg::Error &error) {
        return error.fields();
    }
    throw std::logic_error("nothing was raised");
}

long resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    long pages = 0, resident = 0;
    statm >> pages >> resident;
    return resident * 4096;
}

struct Identity {
    Oid user = InvalidOid;
    int context = 0;
    std::string search_path, timeout;
    Identity() {
        GetUserIdAndSecContext(&user, &context);
        search_path = pg::call([] { return GetConfigOption("search_path", false, false); });
        timeout = pg::call([] { return GetConfigOption("statement_timeout", false, false); });
    }
    std::vector<pg::Value> row(std::string_view moment) const {
        return {pg::Value::text(moment),
                pg::Value::text(pg::role_name(user)),
                pg::Value::boolean(context & SECURITY_LOCAL_USERID_CHANGE),
                pg::Value::boolean(context & SECURITY_RESTRICTED_OPERATION),
                pg::Value::text(search_path),
                pg::Value::text(timeout)};
    }
};

void stay_in_the_server() {
    // A wait inside the server that only an interrupt ends.
    pg::call([] { DirectFunctionCall1(pg_sleep, Float8GetDatum(3600)); });
}

void stay_in_cpp() {
    for (;;)
        pg::check_for_interrupts();
}

} // namespace

MV_FUNCTION(mvm_test_raise) {
    Counted const counted;
    provoke(pg::Arguments(fcinfo).require<std::string>(0, "kind"));
}

// Raises and catches in C++, each time in a subtransaction. Returns how many were caught.
MV_FUNCTION(mvm_test_provoke) {
    pg::Arguments const arguments(fcinfo);
    auto const kind = arguments.require<std::string>(0, "kind");
    int const times = arguments.require<std::int32_t>(1, "times");
    int count = 0;
    pg::MemoryScope scope("border test loop");
    for (int i = 0; i < times; ++i) {
        try {
            if (pg::try_in_subtransaction([&] { provoke(kind); }))
                ++count;
        } catch (...) {
            ++count; // rolled back already; what is no Error goes on upwards
        }
        scope.reset();
    }
    return Int32GetDatum(count);
}

MV_FUNCTION(mvm_test_live_objects) { return Int32GetDatum(live_objects); }

MV_FUNCTION(mvm_test_memory) {
    return pg::make_row(fcinfo,
                        {pg::Value::int8(static_cast<std::int64_t>(MemoryContextMemAllocated(TopMemoryContext, true))),
                         pg::Value::int8(resident_bytes())});
}

// The fields of the error as the first C++ frame has them, and after it has crossed the border `crossings` times more.
MV_FUNCTION(mvm_test_fields) {
    int const crossings = pg::Arguments(fcinfo).require<std::int32_t>(0, "crossings");
    pg::RowSink sink(fcinfo);
    auto const first = caught([] { pg::call([] { raise_everything_unsafe(); }); });
    auto last = first;
    for (int i = 0; i < crossings; ++i)
        last = caught([&] { pg::call([&] { pg::enter([&] { throw pg::Error(last); }); }); });
    std::vector<std::string> names, before, after;
    each_field(first, [&](const char *name, std::string value) {
        names.emplace_back(name);
        before.push_back(std::move(value));
    });
    each_field(last, [&](const char *, std::string value) { after.push_back(std::move(value)); });
    for (std::size_t i = 0; i < names.size(); ++i)
        sink.add({pg::Value::text(names[i]), pg::Value::text(before[i]), pg::Value::text(after[i])});
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_test_fields_born_here) {
    pg::RowSink sink(fcinfo);
    pg::Error::Fields given;
    given.sqlstate = pg::sqlstate::wrong_state;
    given.message = "100% {message}";
    given.detail = "The %s detail.";
    given.detail_log = "For %s the log.";
    given.hint = "The %d hint.";
    given.context = "the %m context";
    given.schema = "s";
    given.table = "t";
    given.column = "c";
    given.datatype = "d";
    given.constraint = "k";
    given.hide_statement = true;
    given.cursor_position = 4;
    given.internal_query = "SELECT %s";
    given.internal_position = 2;
    auto const arrived = caught([&] { pg::call([&] { pg::enter([&] { throw pg::Error(given); }); }); });
    each_field(arrived, [&](const char *name, const std::string &value) {
        std::string_view const n(name);
        if (n != "file" && n != "line" && n != "function" && n != "domain" && n != "context domain" &&
            n != "message id" && n != "errno" && n != "severity" && n != "backtrace")
            sink.add({pg::Value::text(n), pg::Value::text(value)});
    });
    return static_cast<Datum>(0);
}

// `stage`: sleep, loop, or one of them after "subtransaction ".
MV_FUNCTION(mvm_test_hang) {
    auto stage = pg::Arguments(fcinfo).require<std::string>(0, "stage");
    Counted const counted;
    bool const guarded = stage.starts_with("subtransaction ");
    if (guarded)
        stage.erase(0, std::strlen("subtransaction "));
    auto const hang = [&] {
        stage == "sleep" ? stay_in_the_server() : stay_in_cpp();
    };
    if (guarded)
        pg::try_in_subtransaction(hang);
    else
        hang();
    return pg::Value::text("the interrupt was swallowed").datum;
}

MV_FUNCTION(mvm_test_security_scope) {
    pg::Arguments const arguments(fcinfo);
    Oid const user = arguments.require<Oid>(0, "role");
    auto const mode = arguments.require<std::string>(1, "mode");
    auto const run_as = mode == "view_owner"                ? pg::RunAs::view_owner
                        : mode == "view_owner_keeping_path" ? pg::RunAs::view_owner_keeping_path
                                                            : pg::RunAs::catalog_owner;
    pg::RowSink sink(fcinfo);
    sink.add(Identity().row("before"));
    {
        pg::SecurityScope const scope(user, run_as);
        pg::set_local("statement_timeout", "7s");
        sink.add(Identity().row("inside"));
        {
            pg::SecurityScope const nested(BOOTSTRAP_SUPERUSERID, pg::RunAs::catalog_owner);
            sink.add(Identity().row("nested"));
        }
        sink.add(Identity().row("inside again"));
    }
    sink.add(Identity().row("after"));
    auto const error = pg::try_in_subtransaction([&] {
        pg::SecurityScope const scope(user, run_as);
        pg::set_local("statement_timeout", "7s");
        pg::call([] { raise_everything_unsafe(); });
    });
    sink.add(Identity().row(error ? "after an error" : "no error"));
    return static_cast<Datum>(0);
}

// Leaves by an error while two scopes are open, for the statement's own abort to put right.
MV_FUNCTION(mvm_test_fail_as) {
    pg::SecurityScope const scope(pg::Arguments(fcinfo).require<Oid>(0, "role"), pg::RunAs::view_owner);
    pg::set_local("statement_timeout", "7s");
    provoke("ereport");
}

// True where the current context and resource owner after each kind of scope are those before, on both paths.
MV_FUNCTION(mvm_test_scopes) {
    pg::RowSink sink(fcinfo);
    MemoryContext const context = CurrentMemoryContext;
    auto *const owner = CurrentResourceOwner;
    sigjmp_buf *const stack = PG_exception_stack;
    auto check = [&](const char *what) {
        sink.add(
            {pg::Value::text(what), pg::Value::boolean(context == CurrentMemoryContext &&
                                                       owner == CurrentResourceOwner && stack == PG_exception_stack)});
    };
    {
        pg::MemoryScope scope("border test");
        if (CurrentMemoryContext != scope.context() || MemoryContextGetParent(scope.context()) != context)
            throw std::logic_error("not the scope's context");
    }
    check("memory scope");
    try {
        pg::MemoryScope const scope("border test");
        throw 42;
    } catch (int) {
    }
    check("memory scope, exception");
    pg::try_in_subtransaction([] { pg::call([] { MemoryContextSwitchTo(TopMemoryContext); }); });
    check("subtransaction");
    pg::try_in_subtransaction([] {
        pg::MemoryScope const scope("border test");
        pg::call([] { elog(ERROR, "in a memory scope"); });
    });
    check("subtransaction, error in a memory scope");
    {
        pg::Spi spi;
        spi.run_text("SELECT 1");
    }
    check("SPI");
    pg::try_in_subtransaction([] {
        pg::Spi outer, inner;
        inner.run_text("SELECT 1 / 0");
    });
    check("subtransaction, error in nested SPI");
    {
        pg::Spi spi;
        auto const error = pg::try_in_subtransaction([&] { spi.run_text("SELECT 1 / 0"); });
        auto const rows = spi.run_text("SELECT 1 + 1");
        if (!error || rows[0].get<std::int32_t>(0) != 2)
            throw std::logic_error("SPI is of no use after an error caught in a subtransaction");
        pg::Spi nested;
        if (nested.run_text("SELECT 3")[0].get<std::int32_t>(0) != 3)
            throw std::logic_error("nested SPI is of no use");
    }
    check("SPI around a subtransaction that failed");
    try {
        pg::call([] { throw std::runtime_error("thrown where only the server may raise"); });
    } catch (const std::runtime_error &) {
    }
    check("exception thrown in a call");
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_test_change_parameters) {
    static constinit pg::Statement echo("SELECT $1");
    pg::Spi spi;
    spi.run(echo, {pg::Value::int4(1)});
    spi.run(echo, {pg::Value::text("another type")});
    PG_RETURN_VOID();
}

} // namespace mvmanager::test
