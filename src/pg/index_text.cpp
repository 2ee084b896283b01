#include "pg/index_text.hpp"

#include <algorithm>

#include "pg/index_build.hpp"
#include "pg/own_ddl.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/utility.hpp"
#include "pg/values.hpp"
#include "pg/walker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "commands/tablespace.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_utilcmd.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace mvmanager::pg {
namespace {

struct Renames {
    const model::Rename *first;
    std::size_t count;
    char *renamed_unsafe(char *name) const {
        for (std::size_t i = 0; i < count; ++i)
            if (first[i].from == name)
                return pstrdup(first[i].to.c_str());
        return name;
    }
};

// The last name of a reference is the column's, unless what comes before it is one.
bool rename_in_unsafe(Node *node, void *context) {
    auto walker = reinterpret_cast<Walker>(reinterpret_cast<void (*)()>(rename_in_unsafe));
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) {
        auto *reference = reinterpret_cast<ColumnRef *>(node);
        if (auto *field = static_cast<Node *>(linitial(reference->fields));
            list_length(reference->fields) == 1 && IsA(field, String))
            strVal(field) = static_cast<const Renames *>(context)->renamed_unsafe(strVal(field));
        return false;
    }
    return raw_expression_tree_walker(node, walker, context);
}

void rename_columns_unsafe(IndexStmt *statement, Renames renames) {
    for (List *elements : {statement->indexParams, statement->indexIncludingParams}) {
        for (int i = 0; i < list_length(elements); ++i) {
            auto *element = static_cast<IndexElem *>(list_nth(elements, i));
            if (element->name)
                element->name = renames.renamed_unsafe(element->name);
            rename_in_unsafe(element->expr, &renames);
        }
    }
    rename_in_unsafe(statement->whereClause, &renames);
}

// The definition as an empty table, to look at indexes without touching the view: a temporary one of the view's name or,
// where the caller may not create any, one of another name beside the view. It belongs to `owner`, so that what an index on
// it calls runs as on the view itself. REQUIRES: it is rolled back.
Oid create_scratch_table(const QualifiedName &view, const AnalysedQuery &query, Oid owner) {
    OwnDdl const own;
    bool const temporary = may_create_temporary(call([] { return GetUserId(); }));
    return call([&] {
        RangeVar *relation = makeRangeVar(pstrdup("pg_temp"), pstrdup(view.name.c_str()), -1);
        relation->relpersistence = RELPERSISTENCE_TEMP;
        if (!temporary) {
            Oid const schema = get_namespace_oid(view.schema.c_str(), false);
            char *name = ChooseRelationName(view.name.c_str(), nullptr, "scratch", schema, false);
            relation = makeRangeVar(pstrdup(view.schema.c_str()), name, -1);
        }
        Oid const table = create_as_unsafe(CreatedKind::table, empty_into_unsafe(relation), query);
        CommandCounterIncrement();
        // Without the checks of a user's ALTER TABLE: the owner needs no right on the caller's temporary schema.
        ATExecChangeOwner(table, owner, /* recursing */ true, AccessExclusiveLock);
        CommandCounterIncrement();
        return table;
    });
}

// As it would be printed of the view itself.
std::string on_view(std::string text, const Relation &scratch, const QualifiedName &view) {
    for (const std::string &schema : {scratch.name.schema, std::string("pg_temp")}) {
        std::string const on = " ON " + QualifiedName{schema, scratch.name.name}.quoted() + " USING ";
        if (auto const at = text.find(on); at != std::string::npos) {
            text.replace(at, on.size(), " ON " + view.quoted() + " USING ");
            break;
        }
    }
    return text;
}

} // namespace

IndexText::IndexText(std::string_view text) : text_(text) { parse(); }

IndexText::IndexText(std::string_view text, const QualifiedName &view) : text_(text) {
    parse();
    const RangeVar *on = statement_->relation;
    if (on->relname != view.name || (on->schemaname && on->schemaname != view.schema))
        throw Error(sqlstate::invalid_table_definition, "index is on \"{}\", not on materialized view \"{}\"",
                    on->relname, view.quoted())
            .hint("Write the index as you would for the view itself: CREATE INDEX ON {} (...).",
                  quote_identifier(view.name))
            .internal(text_, character_position(text_, on->location));
    if (statement_->concurrent)
        throw Error(sqlstate::feature_not_supported, "index cannot be created CONCURRENTLY here")
            .hint("Leave CONCURRENTLY out: a new view has no rows to index and no readers to wait for.");
}

void IndexText::parse() {
    List *statements = call([&] {
        ErrorPosition position(text_.c_str());
        List *parsed = raw_parser(text_.c_str(), RAW_PARSE_DEFAULT);
        position.leave();
        return parsed;
    });
    if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, IndexStmt))
        throw Error(sqlstate::invalid_table_definition, "index text is not exactly one CREATE INDEX statement")
            .hint("Pass one text per index: indexes => ARRAY['CREATE UNIQUE INDEX ON daily_usage (user_id)'].")
            .internal(text_, 1);
    statement_ = reinterpret_cast<IndexStmt *>(linitial_node(RawStmt, statements)->stmt);
}

std::optional<std::string> IndexText::name() const {
    if (!statement_->idxname)
        return std::nullopt;
    return std::string(statement_->idxname);
}

bool IndexText::same_index(const IndexText &other) const { return equal_but_names(other, false); }
bool IndexText::same_index_any_name(const IndexText &other) const { return equal_but_names(other, true); }

bool IndexText::equal_but_names(const IndexText &other, bool ignore_name) const {
    return call([&] {
        auto *a = static_cast<IndexStmt *>(copyObjectImpl(statement_));
        auto *b = static_cast<IndexStmt *>(copyObjectImpl(other.statement_));
        a->relation = b->relation = nullptr;
        if (ignore_name || !a->idxname || !b->idxname)
            a->idxname = b->idxname = nullptr;
        a->if_not_exists = b->if_not_exists = false;
        return equal(a, b);
    });
}

std::vector<IndexDescription> indexes_of(Oid relation) {
    EmptySearchPath path;
    std::vector<IndexDescription> out;
    List *oids = call([&] {
        ::Relation opened = RelationIdGetRelation(relation);
        if (!RelationIsValid(opened))
            elog(ERROR, "relation %u does not exist", relation);
        List *list = RelationGetIndexList(opened);
        RelationClose(opened);
        return list;
    });
    for (int i = 0; i < list_length(oids); ++i) {
        Oid const oid = list_nth_oid(oids, i);
        struct Plain {
            char *name, *canonical;
            bool valid;
        } const plain = call([&]() -> Plain {
            Datum const definition = OidFunctionCall1(F_PG_GET_INDEXDEF_OID, ObjectIdGetDatum(oid));
            return {get_rel_name(oid), TextDatumGetCString(definition), get_index_isvalid(oid)};
        });
        out.push_back({oid, plain.name, plain.canonical, plain.valid});
    }
    std::ranges::sort(out, {}, &IndexDescription::name);
    return out;
}

Oid IndexText::create(const Relation &relation, const std::optional<std::string> &name) const {
    OwnDdl const own;
    std::vector<IndexDescription> const before = indexes_of(relation.oid);
    call([&] {
        auto *statement = static_cast<IndexStmt *>(copyObjectImpl(statement_));
        statement->relation = range_var_unsafe(relation.name);
        if (name)
            statement->idxname = pstrdup(name->c_str());
        // A name that is taken is an error whoever has it: the new index must be the one that was asked for.
        statement->if_not_exists = false;
        execute_utility_unsafe(reinterpret_cast<Node *>(statement), text_.c_str());
    });
    for (const IndexDescription &index : indexes_of(relation.oid))
        if (std::ranges::find(before, index.oid, &IndexDescription::oid) == before.end())
            return index.oid;
    throw Error(sqlstate::internal_error, "index was not created");
}

std::optional<std::string> IndexText::tablespace() const {
    if (!statement_->tableSpace)
        return std::nullopt;
    return std::string(statement_->tableSpace);
}

void IndexText::rename_columns(const std::vector<model::Rename> &renames) {
    call([&] { rename_columns_unsafe(statement_, {renames.data(), renames.size()}); });
}

Oid IndexText::create_empty(Oid relation, const std::string &name, const std::optional<std::string> &tablespace) const {
    return call([&] {
        auto *statement = static_cast<IndexStmt *>(copyObjectImpl(statement_));
        statement->relation = makeRangeVar(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation), -1);
        statement->idxname = pstrdup(name.c_str());
        statement->if_not_exists = false;
        // Not left to default_tablespace.
        statement->tableSpace = tablespace ? pstrdup(tablespace->c_str()) : get_tablespace_name(MyDatabaseTableSpace);
        ErrorPosition position(text_.c_str());
        statement = transformIndexStmt(relation, statement, text_.c_str());
        Oid const index = DefineIndex(relation, statement, InvalidOid, InvalidOid, InvalidOid,
#if PG_VERSION_NUM >= 160000
                                      /* total_parts */ -1,
#endif
                                      /* is_alter_table */ false, /* check_rights */ false,
                                      /* check_not_in_use */ false, /* skip_build */ true, /* quiet */ true)
                              .objectId;
        position.leave();
        CommandCounterIncrement();
        mark_index_unsafe(index, IndexState::unusable);
        return index;
    });
}

std::vector<PrintedIndex> print_indexes(const QualifiedName &view, const AnalysedQuery &query, Oid owner,
                                        const std::vector<IndexText> &texts) {
    std::vector<PrintedIndex> printed;
    if (texts.empty())
        return printed;
    bool is_done = false;
    auto error = try_in_subtransaction([&] {
        auto const scratch = describe_relation(create_scratch_table(view, query, owner));
        for (const IndexText &text : texts) {
            PrintedIndex result;
            result.error = try_in_subtransaction([&] {
                Oid const oid = text.create(*scratch);
                for (const IndexDescription &index : indexes_of(scratch->oid)) {
                    if (index.oid != oid)
                        continue;
                    result.name = index.name;
                    result.canonical = on_view(index.canonical, *scratch, view);
                }
            });
            printed.push_back(std::move(result));
        }
        is_done = true;
        // An error is the way to undo a subtransaction.
        throw Error(sqlstate::wrong_state, "rolled back");
    });
    if (!is_done)
        throw std::move(*error);
    return printed;
}

} // namespace mvmanager::pg
