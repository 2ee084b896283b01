// The triggers that refuse UPDATE, DELETE and TRUNCATE on what is written once, and those that watch over managed views.
#pragma once

#include <string>
#include <vector>

namespace mvmanager::catalog::guards {

struct Guard {
    std::string table;
    std::string trigger;
    bool always = false; // present, with the right function and events, and ENABLE ALWAYS
};
// Every trigger that should be there, whether it is or not.
std::vector<Guard> all();

struct EventTrigger {
    std::string name;
    bool enabled = false; // present, with the right function, and fires in an ordinary session
};
// The same for event triggers.
std::vector<EventTrigger> event_triggers();

} // namespace mvmanager::catalog::guards
