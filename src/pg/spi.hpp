// SQL through the server programming interface.
//
//     static constinit pg::Statement find_view("SELECT v.id FROM mvmanager.view v WHERE ...");
//     pg::Spi spi;
//     for (const pg::Row &row : spi.run(find_view, {pg::Value::text(schema), pg::Value::text(name)}))
//         id = row.get<int64_t>(0);
//
// Texts are fully qualified, operators included, or run under search_path = pg_catalog, pg_temp (catalog/scope.hpp).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// A fixed statement whose plan is kept for the session. One static object a statement.
class Statement {
public:
    constexpr explicit Statement(const char *sql) : sql_(sql) {}

private:
    friend class Spi;
    const char *sql_;
    void *plan_ = nullptr;
};

// One row of a result, valid as long as its Spi scope.
class Row {
public:
    bool is_null(int column) const;
    // Raises XX000 on NULL: use get_optional for columns that may be.
    template <typename T> T get(int column) const { return from_datum<T>(datum(column), type(column)); }
    template <typename T> std::optional<T> get_optional(int column) const {
        if (is_null(column))
            return std::nullopt;
        return get<T>(column);
    }

private:
    friend class Rows;
    Row(void *table, void *tuple) : table_(table), tuple_(tuple) {}
    Datum datum(int column) const;
    Oid type(int column) const;
    void *table_;
    void *tuple_;
};

class Rows {
public:
    class Iterator {
    public:
        Iterator(const Rows *rows, std::size_t i) : rows_(rows), i_(i) {}
        Row operator*() const { return (*rows_)[i_]; }
        Iterator &operator++() { return ++i_, *this; }
        bool operator!=(const Iterator &o) const { return i_ != o.i_; }

    private:
        const Rows *rows_;
        std::size_t i_;
    };
    std::size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }
    Row operator[](std::size_t i) const;
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, count_}; }
    // Rows read, inserted, updated or deleted.
    std::uint64_t processed() const { return processed_; }

private:
    friend class Spi;
    void *table_ = nullptr;
    std::size_t count_ = 0;
    std::uint64_t processed_ = 0;
};

// An SPI connection for the length of a scope, with a snapshot where none is active. On the error path the abort of the (sub)transaction ends it.
// Memory allocated inside belongs to the connection: copy out what must live on.
class Spi {
public:
    Spi();
    ~Spi();
    Spi(const Spi &) = delete;
    Spi &operator=(const Spi &) = delete;

    // Runs a statement with a fresh snapshot, so that it sees what the transaction did before.
    Rows run(Statement &statement, std::initializer_list<Value> parameters = {});
    // For texts that are put together at run time (DDL): planned once, thrown away.
    Rows run_text(const std::string &sql, std::initializer_list<Value> parameters = {});

private:
    bool pushed_snapshot_ = false;
    int exceptions_;
};

} // namespace mvmanager::pg
