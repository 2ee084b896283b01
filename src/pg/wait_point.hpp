// Named places where a test can hold the code.
//
// In a running server without the test module this is one load and one branch. The test module (test/module) installs
// a function that waits at a point for as long as another session holds the point's lock, so that a test can look at,
// cancel, terminate or kill a process exactly there.
#pragma once

namespace mvmanager::pg {

// REQUIRES: outside critical sections; may raise (query cancel).
void wait_point(const char *name);
// The same inside pg::call: raises by longjmp.
void wait_point_unsafe(const char *name);

// The function's address, shared through a rendezvous variable.
using WaitPointFunction = void (*)(const char *name);
inline constexpr const char *wait_point_variable = "mvmanager_wait_point";

} // namespace mvmanager::pg
