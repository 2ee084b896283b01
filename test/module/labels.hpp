#pragma once

namespace mvmanager::test {

// For _PG_init: SECURITY LABEL FOR mvmanager_test takes any label.
void register_label_provider_unsafe();

} // namespace mvmanager::test
