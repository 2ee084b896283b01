// What the server's tree walkers call, under one type whatever the major.
#pragma once

#include "pg/postgres.hpp"

struct Node;

namespace mvmanager::pg {

#if PG_VERSION_NUM >= 160000
using Walker = bool (*)(Node *, void *);
#else
using Walker = bool (*)();
#endif

} // namespace mvmanager::pg
