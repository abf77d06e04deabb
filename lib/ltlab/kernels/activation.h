#pragma once

namespace ltlab {

/// The function that a layer applies to its outputs.
enum class Activation { identity, relu };

}  // namespace ltlab
