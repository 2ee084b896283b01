// The argument "options" of mv_create and mv_apply.
#pragma once

#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {

// {"reloptions": {...}, "tablespace": "...", "access_method": "..."}; storage parameters may stand at the top level too, and
// null resets one. Raises 22023 for values that are no options; unknown storage parameters are the server's to refuse.
versioning::Wish::Options read_options(Datum jsonb);

} // namespace mvmanager::api
