#pragma once

namespace ltlab {

/// Whether this build checks, at a cost, what correct code never does: builds with sanitizers do. Buffers
/// then hold no more than they say, and networks look after each layer whether borders and padding lanes are
/// still zero.
#ifdef LTLAB_CHECKED
inline constexpr bool kChecked = true;
#else
inline constexpr bool kChecked = false;
#endif

}  // namespace ltlab
