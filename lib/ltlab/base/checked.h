#pragma once

namespace ltlab {

/// Whether this build makes costly checks for what correct code never does; builds with sanitizers make them.
/// Buffers then hold no more than their size, and networks check after each layer that borders and padding
/// lanes are still zero.
#ifdef LTLAB_CHECKED
inline constexpr bool kChecked = true;
#else
inline constexpr bool kChecked = false;
#endif

}  // namespace ltlab
