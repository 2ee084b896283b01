// The trigger function that keeps definitions and the journal as they were written.

#include "pg/error.hpp"
#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/rel.h"
}

using namespace mvmanager;

MV_FUNCTION(mvm_refuse_change) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        throw pg::Error(pg::make_sqlstate("39P01"), "function must be called as a trigger");
    auto const *data = reinterpret_cast<const TriggerData *>(fcinfo->context);
    const char *verb = TRIGGER_FIRED_BY_UPDATE(data->tg_event)   ? "updated"
                       : TRIGGER_FIRED_BY_DELETE(data->tg_event) ? "deleted"
                                                                 : "truncated";
    throw pg::Error(pg::sqlstate::wrong_state, "rows of table \"mvmanager.{}\" cannot be {}",
                    RelationGetRelationName(data->tg_relation), verb)
        .detail("Definitions and the journal are written once and kept.")
        .hint("Call mv_apply('view', ...) to register another definition, or mv_release('view') to stop managing a "
              "view.");
}
