#pragma once

#include <string>

namespace ltlab {

/// Returns the present time in UTC as ISO 8601, to the second: "2026-11-24T08:11:00Z".
std::string utc_now();

}  // namespace ltlab
