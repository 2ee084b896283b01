#include "refresh/facts.hpp"

#include "pg/unique_index.hpp"
#include "pg/values.hpp"

namespace mvmanager::refresh {

model::ViewFacts read_facts(const pg::Relation &relation) {
    model::ViewFacts facts;
    facts.name = relation.name.quoted();
    facts.populated = relation.populated;
    for (const pg::UniqueIndex &index : pg::unique_indexes(relation.oid)) {
        facts.unique_indexes.push_back({.name = pg::quote_identifier(index.name),
                                        .is_valid = index.is_valid,
                                        .is_immediate = index.is_immediate,
                                        .is_btree = index.is_btree,
                                        .has_predicate = index.has_predicate,
                                        .has_expression = index.has_expression});
    }
    return facts;
}

} // namespace mvmanager::refresh
