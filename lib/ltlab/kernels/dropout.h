#pragma once

#include "ltlab/base/activations.h"
#include "ltlab/base/random.h"

namespace ltlab {

/// Inverted dropout (Srivastava et al. 2014, section 10): y = x / (1 - rate) where a value is kept, 0 where
/// it is dropped, which happens to each with probability `rate` by itself. Throws ConfigError unless rate is
/// in [0, 1).
///
/// What is kept is a function of the stream's name (purpose "dropout/LAYER", the level and the step), of an
/// image's place in the batch and of a value's among its features: not of lanes, borders or threads. Nothing
/// is stored for backward, which is the same function: dx = dropout(dy) by the same name. y may be x; they
/// have one shape, up to their borders. T is float or double.
template <class T>
void dropout(const StreamName& name, double rate, const Activations<T>& x, Activations<T>& y);

}  // namespace ltlab
