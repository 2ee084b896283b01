// Time zones as the server knows them, so that AT TIME ZONE in SQL and a schedule never disagree.
#pragma once

#include <memory>
#include <string>

#include "model/time.hpp"

#include "pg/postgres.hpp"

struct pg_tz;

namespace mvmanager::pg {

class ServerZone final : public model::Zone {
public:
    // nullptr where the server has no such zone. Names are those of pg_timezone_names or POSIX texts, in any case.
    static std::unique_ptr<ServerZone> find(const std::string &name);

    // The name as the server writes it.
    std::string name() const;

    model::LocalTime to_local(model::Timestamp t) const override;
    model::Timestamp to_utc(const model::LocalTime &local) const override;
    std::optional<model::Timestamp> next_transition(model::Timestamp t) const override;

private:
    explicit ServerZone(pg_tz *zone) : zone_(zone) {}
    pg_tz *zone_; // kept by the server for the life of the process
};

} // namespace mvmanager::pg
