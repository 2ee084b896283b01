#include "pg/spi.hpp"

#include <exception>

#include "pg/postgres.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace {

struct Bound {
    std::vector<Oid> types;
    std::vector<Datum> datums;
    std::string nulls;
    explicit Bound(std::initializer_list<Value> parameters) {
        for (const auto &p : parameters) {
            types.push_back(p.type);
            datums.push_back(p.datum);
            nulls.push_back(p.is_null ? 'n' : ' ');
        }
    }
};

void check_unsafe(int code) {
    if (code < 0)
        elog(ERROR, "SPI: %s", SPI_result_code_string(code));
}

// The kept plan has the types of the first call; a datum of another type would be read as one of these.
void check_parameters_unsafe(SPIPlanPtr plan, const Oid *types, int count) {
    if (SPI_getargcount(plan) != count)
        elog(ERROR, "statement with %d parameters called with %d", SPI_getargcount(plan), count);
    for (int i = 0; i < count; ++i)
        if (SPI_getargtypeid(plan, i) != types[i])
            elog(ERROR, "parameter %d has type %u, the statement expects %u", i + 1, types[i],
                 SPI_getargtypeid(plan, i));
}

} // namespace

Spi::Spi() : exceptions_(std::uncaught_exceptions()) {
    pushed_snapshot_ = call([] {
        // Under a portal the server sees to that; a worker between two steps has none.
        bool const has_none = !ActiveSnapshotSet();
        if (has_none)
            PushActiveSnapshot(GetTransactionSnapshot());
        check_unsafe(SPI_connect());
        return has_none;
    });
}

Spi::~Spi() {
    if (std::uncaught_exceptions() != exceptions_)
        return;
    SPI_finish();
    if (pushed_snapshot_)
        PopActiveSnapshot();
}

Rows Spi::run(Statement &statement, std::initializer_list<Value> parameters) {
    Bound bound(parameters);
    Rows rows;
    call([&] {
        if (!statement.plan_) {
            SPIPlanPtr plan = SPI_prepare(statement.sql_, static_cast<int>(bound.types.size()), bound.types.data());
            if (!plan)
                elog(ERROR, "SPI: %s", SPI_result_code_string(SPI_result));
            SPI_keepplan(plan);
            statement.plan_ = plan;
        }
        check_parameters_unsafe(static_cast<SPIPlanPtr>(statement.plan_), bound.types.data(),
                                static_cast<int>(bound.types.size()));
        check_unsafe(SPI_execute_plan(static_cast<SPIPlanPtr>(statement.plan_), bound.datums.data(),
                                      bound.nulls.c_str(), false, 0));
        rows.table_ = SPI_tuptable;
        rows.processed_ = SPI_processed;
        rows.count_ = SPI_tuptable ? SPI_tuptable->numvals : 0;
    });
    return rows;
}

Rows Spi::run_text(const std::string &sql, std::initializer_list<Value> parameters) {
    Bound bound(parameters);
    Rows rows;
    call([&] {
        check_unsafe(SPI_execute_with_args(sql.c_str(), static_cast<int>(bound.types.size()), bound.types.data(),
                                           bound.datums.data(), bound.nulls.c_str(), false, 0));
        rows.table_ = SPI_tuptable;
        rows.processed_ = SPI_processed;
        rows.count_ = SPI_tuptable ? SPI_tuptable->numvals : 0;
    });
    return rows;
}

Row Rows::operator[](std::size_t i) const { return Row(table_, static_cast<SPITupleTable *>(table_)->vals[i]); }

bool Row::is_null(int column) const {
    bool is_null = false;
    call([&] {
        SPI_getbinval(static_cast<HeapTuple>(tuple_), static_cast<SPITupleTable *>(table_)->tupdesc, column + 1,
                      &is_null);
    });
    return is_null;
}

Datum Row::datum(int column) const {
    return call([&] {
        bool is_null = false;
        Datum d = SPI_getbinval(static_cast<HeapTuple>(tuple_), static_cast<SPITupleTable *>(table_)->tupdesc,
                                column + 1, &is_null);
        if (is_null)
            elog(ERROR, "unexpected null in result column %d", column + 1);
        return d;
    });
}

Oid Row::type(int column) const {
    return call([&] { return SPI_gettypeid(static_cast<SPITupleTable *>(table_)->tupdesc, column + 1); });
}

} // namespace mvmanager::pg
