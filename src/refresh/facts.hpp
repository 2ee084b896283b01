// What the choice of a strategy rests on.
#pragma once

#include "model/plan.hpp"
#include "pg/relation.hpp"

namespace mvmanager::refresh {

// REQUIRES: a lock on the relation. Evaluates nothing of the view's: index expressions and predicates are not looked
// into, since even simplifying them could run a function of the owner's.
model::ViewFacts read_facts(const pg::Relation &relation);

} // namespace mvmanager::refresh
