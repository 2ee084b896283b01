#include "refresh/strategy.hpp"

#include "pg/error.hpp"

namespace mvmanager::refresh {

const Strategy &strategy_for(model::Strategy kind) {
    for (const Strategy *strategy : {&automatic, &diff, &swap, &partial, &native, &concurrently}) {
        if (strategy->kind == kind)
            return *strategy;
    }
    throw pg::Error(pg::sqlstate::feature_not_supported, "refresh strategy \"{}\" is not supported",
                    model::to_text(kind))
        .hint("Use auto, diff, swap, partial, native or concurrently.");
}

} // namespace mvmanager::refresh
