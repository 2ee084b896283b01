// A piece of shared memory that one background worker makes and that others find without the library being preloaded.
//
// The worker publishes the segment's handle and a generation number as the application_name of its own status row.
// Others look for the row of a background worker of that type: no ordinary user can start one, so the row can be
// trusted, and the memory says once more which generation it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct Published {
    std::uint32_t handle = 0; // dsm_handle
    std::uint64_t generation = 0;
    int pid = 0;
};

// Makes a segment that lives as long as any process is attached; this one is until it ends. Zeroed.
void *create_segment(std::size_t size, std::uint32_t *handle);
// Shows it in this process's status row, under `type`, the bgw_type of this process.
void publish_segment(const char *type, std::uint32_t handle, std::uint64_t generation);
// What the background worker of that type shows now. nullopt where there is none, or it has not got so far.
std::optional<Published> find_segment(const char *type);
// Attaches to it until the process ends or detach_segment. nullptr where it is gone.
void *attach_segment(std::uint32_t handle);
void detach_segment(std::uint32_t handle);
// Whether a background worker of that type is there at all.
std::optional<int> find_worker(const char *type);

} // namespace mvmanager::pg
