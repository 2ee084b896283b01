// DROP EXTENSION mvmanager while refreshes run: our processes of the database make way before the command waits for their
// locks, and what they left in mvmanager_data goes too. Rolled back, the schedules go on.

#include "catalog/extension.hpp"
#include "pg/drop_statement.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"
#include "refresh/leftovers.hpp"
#include "scheduler/kick.hpp"
#include "versioning/promotion.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::hooks {

MV_FUNCTION(mvm_before_drop) {
    if (const auto extension = catalog::find_extension();
        extension && pg::drops_extension(fcinfo, "mvmanager", extension->oid, extension->owner, extension->schema)) {
        if (scheduler::stop_processes_for_drop() > 0)
            pg::warning("processes of mvmanager have not ended within 5 seconds",
                        "The command waits for the locks that they hold.");
        // Afterwards nobody knows of them any more. They do not keep the command from its work.
        pg::try_in_subtransaction([] {
            refresh::drop_leftovers();
            versioning::drop_abandoned();
        });
    }
    return static_cast<Datum>(0);
}

} // namespace mvmanager::hooks
