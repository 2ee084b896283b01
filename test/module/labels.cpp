// A provider of security labels: without one no object can have any, and nothing could be lost.
#include "labels.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "commands/seclabel.h"
}

namespace mvmanager::test {
namespace {

void accept_label(const ObjectAddress *, const char *) {}

} // namespace

void register_label_provider_unsafe() { register_label_provider("mvmanager_test", accept_label); }

} // namespace mvmanager::test
