#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"

namespace ltlab {

/// The unit that pruning removes or keeps at once (Mao et al. 2017, arXiv 1705.08922, section 3). Weights of
/// linear layers are seen as a matrix (out, in), those of convolutions as (out, in, kh, kw).
struct Granularity {
  enum class Kind {
    weight,   ///< each weight by itself
    neuron,   ///< all weights of an output: a row, or a convolution's filter
    input,    ///< all weights that read an input: a column, or an input channel of every filter
    pattern,  ///< N of each M consecutive inputs of an output survive, as the 2:4 of Mishra et al. 2021,
              ///< arXiv 2104.08378, section 3; a convolution's inputs are its channels, at each place of the
              ///< kernel
    block     ///< `height` outputs by `width` inputs (Narang et al. 2017, arXiv 1711.02782); a convolution is
              ///< the matrix (out, in kh kw). Blocks at the far edges are smaller
  };
  Kind kind = Kind::weight;
  std::size_t kept = 0, of = 0;       ///< N and M of a pattern
  std::size_t height = 0, width = 0;  ///< of a block
  bool operator==(const Granularity&) const = default;
};

/// Reads "weight", "neuron" (or "filter"), "input" (or "channel"), "2:4", "4x4"; ConfigError otherwise.
Granularity parse_granularity(const std::string& text);
/// Returns "weight", "neuron", "input", "2:4", "4x4".
std::string to_text(const Granularity& granularity);

/// Returns the group that each weight of an array of that shape belongs to, row-major. Groups are numbered
/// from 0 in the order of their first weights. The groups of a pattern are its runs of M inputs, the last of
/// which may be shorter.
std::vector<std::uint32_t> weight_groups(const Shape& shape, const Granularity& granularity);

}  // namespace ltlab
