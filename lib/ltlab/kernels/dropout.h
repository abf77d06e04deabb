#pragma once

#include "ltlab/base/activations.h"
#include "ltlab/base/random.h"

namespace ltlab {

/// Computes inverted dropout (Srivastava et al. 2014, section 10): y = x / (1 - rate) where a value is kept,
/// and 0 where it is dropped, which happens to each value independently with probability `rate`. Throws
/// ConfigError unless rate is in [0, 1).
///
/// The choice depends on the stream's name (purpose "dropout/LAYER", the level and the step), on an image's
/// place in the batch and on a value's place among its features, but not on lanes, borders or threads.
/// Nothing is stored for backward, which is the same function: dx = dropout(dy) by the same name. y may be x;
/// they have one shape, up to their borders. T is float or double.
template <class T>
void dropout(const StreamName& name, double rate, const Activations<T>& x, Activations<T>& y);

}  // namespace ltlab
