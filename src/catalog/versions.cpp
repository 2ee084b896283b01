#include "catalog/versions.hpp"

#include <algorithm>

#include "catalog/scope.hpp"
#include "pg/hash.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace mvmanager::catalog::versions {
namespace {

#define VERSION_COLUMNS                                                                                                \
    "v.number, v.definition, v.canonical, v.server_major, v.options ->> 'tablespace', "                                \
    "v.options ->> 'access_method', v.comment, v.data_hash, v.metadata_hash, v.parents_hash, v.owner_name, v.author, " \
    "v.created_at, v.origin, v.chain_hash, coalesce(s.state, ''), "                                                    \
    "coalesce((SELECT r.rows_total FROM mvmanager.run r WHERE r.view_id = v.view_id AND r.version = v.number "         \
    "AND r.state = 'succeeded' AND r.rows_total IS NOT NULL ORDER BY r.id DESC LIMIT 1), s.rows) "                     \
    "FROM mvmanager.version v LEFT JOIN mvmanager.version_state s ON s.view_id = v.view_id AND s.number = v.number "

constinit pg::Statement all_statement("SELECT " VERSION_COLUMNS "WHERE v.view_id = $1 ORDER BY v.number");
constinit pg::Statement get_statement("SELECT " VERSION_COLUMNS "WHERE v.view_id = $1 AND v.number = $2");
constinit pg::Statement columns_statement(
    "SELECT c.value ->> 'name', c.value ->> 'type', coalesce(c.value ->> 'collation', '') FROM mvmanager.version v "
    "CROSS JOIN LATERAL jsonb_array_elements(v.columns) WITH ORDINALITY c (value, position) "
    "WHERE v.view_id = $1 AND v.number = $2 ORDER BY c.position");
constinit pg::Statement indexes_statement(
    "SELECT i.value ->> 'name', i.value ->> 'written', i.value ->> 'canonical' FROM mvmanager.version v "
    "CROSS JOIN LATERAL jsonb_array_elements(v.indexes) WITH ORDINALITY i (value, position) "
    "WHERE v.view_id = $1 AND v.number = $2 ORDER BY i.position");
constinit pg::Statement
    reloptions_statement("SELECT o.key, o.value FROM mvmanager.version v "
                         "CROSS JOIN LATERAL jsonb_each_text(coalesce(v.options -> 'reloptions', '{}')) o "
                         "WHERE v.view_id = $1 AND v.number = $2 ORDER BY o.key COLLATE \"C\"");
constinit pg::Statement last_statement("SELECT v.number, v.chain_hash FROM mvmanager.version v "
                                       "WHERE v.view_id = $1 ORDER BY v.number DESC LIMIT 1");
constinit pg::Statement data_hash_statement("SELECT v.data_hash FROM mvmanager.version v "
                                            "WHERE v.view_id = $1 AND v.number = $2");
constinit pg::Statement origin_statement("SELECT v.origin FROM mvmanager.version v "
                                         "WHERE v.view_id = $1 AND v.number <= $2 AND v.origin <> 'altered' "
                                         "ORDER BY v.number DESC LIMIT 1");
// Lists arrive as parallel arrays and are put together here, so that no JSON is written by hand.
constinit pg::Statement add_statement(
    "INSERT INTO mvmanager.version (view_id, number, definition, canonical, server_major, columns, indexes, options, "
    "comment, data_hash, metadata_hash, parents_hash, owner_name, author, created_at, origin, chain_hash) "
    "SELECT $1, $2, $3, $4, $5, "
    "coalesce((SELECT jsonb_agg(jsonb_build_object('name', c.n, 'type', c.t, 'collation', nullif(c.l, '')) ORDER BY "
    "c.o) "
    "FROM unnest($6, $7, $8) WITH ORDINALITY c (n, t, l, o)), '[]'), "
    "coalesce((SELECT jsonb_agg(jsonb_build_object('name', i.n, 'written', nullif(i.w, ''), 'canonical', i.c) "
    "ORDER BY i.o) FROM unnest($9, $10, $11) WITH ORDINALITY i (n, w, c, o)), '[]'), "
    "jsonb_strip_nulls(jsonb_build_object('reloptions', (SELECT jsonb_object_agg(r.k, r.v) "
    "FROM unnest($12, $13) r (k, v)), 'tablespace', $14, 'access_method', $15)), "
    "$16, $17, $18, $19, $20, $21, $22, $23, $24");
constinit pg::Statement
    add_state_statement("INSERT INTO mvmanager.version_state (view_id, number, state) VALUES ($1, $2, $3)");
std::string utf8(const std::string &text) { return pg::to_utf8(text); }

std::vector<model::Column> in_utf8(const std::vector<model::Column> &columns) {
    std::vector<model::Column> out;
    for (const auto &c : columns)
        out.push_back({utf8(c.name), utf8(c.type), utf8(c.collation)});
    return out;
}

std::vector<model::Option> all_options(const Options &options) {
    std::vector<model::Option> out;
    for (const auto &o : options.reloptions)
        out.push_back({utf8(o.name), utf8(o.value)});
    // Names of storage parameters hold no space, so these two cannot be taken for one.
    if (options.tablespace)
        out.push_back({"table space", utf8(*options.tablespace)});
    if (options.access_method)
        out.push_back({"access method", utf8(*options.access_method)});
    return out;
}

// The fields of a link own their texts: Field holds views.
class Link {
public:
    explicit Link(const Version &v) {
        // The addresses in texts_ must not move: every text is stored before the first view of it is taken.
        const std::vector<model::Option> options = all_options(v.options);
        texts_.reserve(16 + 3 * v.columns.size() + 3 * v.indexes.size() + 2 * options.size());
        fields_ = {static_cast<std::int64_t>(v.number), text(v.definition), text(v.canonical),
                   static_cast<std::int64_t>(v.server_major)};
        list(v.columns.size());
        for (const auto &c : v.columns)
            fields_.insert(fields_.end(), {text(c.name), text(c.type), text(c.collation)});
        list(v.indexes.size());
        for (const auto &i : v.indexes)
            fields_.insert(fields_.end(), {text(i.name), text(i.written), text(i.canonical)});
        list(options.size());
        for (const auto &o : options)
            fields_.insert(fields_.end(), {text(o.name), text(o.value)});
        fields_.insert(fields_.end(), {text(v.comment), model::Bytes{v.data_hash}, model::Bytes{v.metadata_hash},
                                       model::Bytes{v.parents_hash}, text(v.owner_name), text(v.author),
                                       model::Instant{v.created_at}, text(v.origin)});
    }
    std::string hash(const std::string &previous) const {
        return pg::sha256(model::chain_preimage(previous, std::span<const model::Field>(fields_)));
    }

private:
    model::Field text(const std::string &t) { return std::string_view(texts_.emplace_back(utf8(t))); }
    model::Field text(const std::optional<std::string> &t) { return t ? text(*t) : model::Field(std::monostate{}); }
    void list(std::size_t members) { fields_.emplace_back(static_cast<std::int64_t>(members)); }

    std::vector<std::string> texts_;
    std::vector<model::Field> fields_;
};

Version version_of(std::int64_t view_id, const pg::Row &row) {
    Version v;
    v.view_id = view_id;
    v.number = row.get<std::int32_t>(0);
    v.definition = row.get<std::string>(1);
    v.canonical = row.get<std::string>(2);
    v.server_major = row.get<std::int32_t>(3);
    v.options.tablespace = row.get_optional<std::string>(4);
    v.options.access_method = row.get_optional<std::string>(5);
    v.comment = row.get_optional<std::string>(6);
    v.data_hash = row.get<std::string>(7);
    v.metadata_hash = row.get<std::string>(8);
    v.parents_hash = row.get<std::string>(9);
    v.owner_name = row.get<std::string>(10);
    v.author = row.get<std::string>(11);
    v.created_at = row.get<std::int64_t>(12);
    v.origin = row.get<std::string>(13);
    v.chain_hash = row.get<std::string>(14);
    v.state = row.get<std::string>(15);
    v.rows = row.get_optional<std::int64_t>(16);
    return v;
}

void read_lists(pg::Spi &spi, Version &v) {
    const auto key = {pg::Value::int8(v.view_id), pg::Value::int4(v.number)};
    for (const pg::Row &row : spi.run(columns_statement, key))
        v.columns.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2)});
    for (const pg::Row &row : spi.run(indexes_statement, key))
        v.indexes.push_back({row.get<std::string>(0), row.get_optional<std::string>(1), row.get<std::string>(2)});
    for (const pg::Row &row : spi.run(reloptions_statement, key))
        v.options.reloptions.push_back({row.get<std::string>(0), row.get<std::string>(1)});
}

template <typename List, typename Get> pg::Value column_of(const List &list, Get get) {
    std::vector<std::string> texts;
    for (const auto &member : list)
        texts.push_back(get(member));
    return pg::Value::text_array(texts);
}

} // namespace

std::string data_hash(const std::string &canonical, const std::vector<model::Column> &columns) {
    return pg::sha256(model::data_preimage(utf8(canonical), in_utf8(columns)));
}

std::string metadata_hash(const std::vector<Index> &indexes, const Options &options,
                          const std::optional<std::string> &comment) {
    std::vector<std::string> texts;
    for (const auto &i : indexes)
        texts.push_back(utf8(i.canonical));
    const std::optional<std::string> comment_utf8 = comment ? std::optional(utf8(*comment)) : std::nullopt;
    return pg::sha256(model::metadata_preimage(texts, all_options(options), comment_utf8));
}

int add(std::int64_t view_id, const NewVersion &made, model::VersionState state) {
    Version v;
    static_cast<NewVersion &>(v) = made;
    v.view_id = view_id;
    v.server_major = PG_VERSION_NUM / 10000;
    v.created_at = pg::call([] { return GetCurrentTimestamp(); });
    std::ranges::sort(v.options.reloptions, {}, &model::Option::name);
    v.data_hash = data_hash(v.canonical, v.columns);
    v.metadata_hash = metadata_hash(v.indexes, v.options, v.comment);
    v.parents_hash = pg::sha256(model::parents_preimage(v.parents));

    Scope scope;
    std::string previous;
    v.number = 1;
    for (const pg::Row &row : scope.spi().run(last_statement, {pg::Value::int8(view_id)})) {
        v.number = row.get<std::int32_t>(0) + 1;
        previous = row.get<std::string>(1);
    }
    v.chain_hash = Link(v).hash(previous);
    scope.spi().run(add_statement, {pg::Value::int8(view_id),
                                    pg::Value::int4(v.number),
                                    pg::Value::text(v.definition),
                                    pg::Value::text(v.canonical),
                                    pg::Value::int4(v.server_major),
                                    column_of(v.columns, [](const model::Column &c) { return c.name; }),
                                    column_of(v.columns, [](const model::Column &c) { return c.type; }),
                                    column_of(v.columns, [](const model::Column &c) { return c.collation; }),
                                    column_of(v.indexes, [](const Index &i) { return i.name; }),
                                    column_of(v.indexes, [](const Index &i) { return i.written.value_or(""); }),
                                    column_of(v.indexes, [](const Index &i) { return i.canonical; }),
                                    column_of(v.options.reloptions, [](const model::Option &o) { return o.name; }),
                                    column_of(v.options.reloptions, [](const model::Option &o) { return o.value; }),
                                    pg::Value::text(v.options.tablespace),
                                    pg::Value::text(v.options.access_method),
                                    pg::Value::text(v.comment),
                                    pg::Value::bytea(v.data_hash),
                                    pg::Value::bytea(v.metadata_hash),
                                    pg::Value::bytea(v.parents_hash),
                                    pg::Value::text(v.owner_name),
                                    pg::Value::text(v.author),
                                    pg::Value::timestamptz(v.created_at),
                                    pg::Value::text(v.origin),
                                    pg::Value::bytea(v.chain_hash)});
    scope.spi().run(add_state_statement,
                    {pg::Value::int8(view_id), pg::Value::int4(v.number), pg::Value::text(model::to_text(state))});
    return v.number;
}

std::optional<Version> get(std::int64_t view_id, int number) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(get_statement, {pg::Value::int8(view_id), pg::Value::int4(number)});
    if (rows.empty())
        return std::nullopt;
    Version version = version_of(view_id, rows[0]);
    read_lists(scope.spi(), version);
    return version;
}

std::vector<Version> all(std::int64_t view_id) {
    Scope scope;
    std::vector<Version> versions;
    for (const pg::Row &row : scope.spi().run(all_statement, {pg::Value::int8(view_id)}))
        versions.push_back(version_of(view_id, row));
    for (Version &version : versions)
        read_lists(scope.spi(), version);
    return versions;
}

std::string data_hash_of(std::int64_t view_id, int number) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(data_hash_statement, {pg::Value::int8(view_id), pg::Value::int4(number)});
    return rows.empty() ? std::string() : rows[0].get<std::string>(0);
}

bool was_adopted(std::int64_t view_id, int number) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(origin_statement, {pg::Value::int8(view_id), pg::Value::int4(number)});
    return !rows.empty() && rows[0].get<std::string>(0) == "adopted";
}

std::optional<Broken> verify_chain(const std::vector<Version> &versions) {
    std::string previous;
    int expected = 1;
    for (const Version &v : versions) {
        if (v.number != expected++)
            return Broken{v.number, "a version before it is missing"};
        if (data_hash(v.canonical, v.columns) != v.data_hash)
            return Broken{v.number, "its definition or columns were altered"};
        if (metadata_hash(v.indexes, v.options, v.comment) != v.metadata_hash)
            return Broken{v.number, "its indexes, options or comment were altered"};
        if (Link(v).hash(previous) != v.chain_hash)
            return Broken{v.number, "its row was altered"};
        previous = v.chain_hash;
    }
    return std::nullopt;
}

} // namespace mvmanager::catalog::versions
