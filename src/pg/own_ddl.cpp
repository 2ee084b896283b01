#include "pg/own_ddl.hpp"

namespace mvmanager::pg {

int OwnDdl::depth_ = 0;
const OwnRefresh *OwnRefresh::innermost_ = nullptr;

} // namespace mvmanager::pg
