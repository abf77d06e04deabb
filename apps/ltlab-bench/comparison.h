#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ltlab/base/convolution_shape.h"
#include "machine.h"

namespace ltlab::bench {

/// One way to compute a product.
struct Side {
  std::string library;  ///< "sparse", or the dense library: "onednn", "openblas", "eigen"
  std::string variant;  ///< which of the library's ways, where it has several
  std::function<void()> run;
  /// What `run` writes. All sides of a part must write the same numbers, in any order; empty where a side
  /// writes fewer of them.
  std::span<const float> output;
};

/// What the sparse kernels have to do in one call of each.
struct Work {
  double flops = 0;          ///< a multiply-add counted as two
  double dense_flops = 0;    ///< what a dense side has to do
  double operand_bytes = 0;  ///< every operand once: what must come from the lowest level that holds them
  double moved_bytes = 0;    ///< what is loaded and stored: what passes between the core and its first level
};

/// A product, or a cost that only the sparse kernels have (`dense` is empty then).
struct Part {
  std::string name;
  Work work;
  Side sparse;
  std::vector<Side> dense;
};

/// Everything a layer's training step takes, except bias and optimizer: the costs of the parts add up.
struct Comparison {
  std::vector<Part> parts;
  std::shared_ptr<void> operands;  ///< keeps alive what the sides compute with
};

/// How carefully to measure.
struct Care {
  int rounds = 11;
  double block_seconds = 2e-3;
};

/// A layer: a linear one is a convolution of images of one position.
struct LayerShape {
  ConvolutionShape convolution;
  std::size_t batch = 0;
  double density = 1;
};

/// A layer to measure.
struct Case {
  std::string family;
  LayerShape shape;
  std::vector<std::string> parts;  ///< those to be shown by themselves, besides all "together"
  std::function<Comparison(const LayerShape&)> make;

  /// Returns FAMILY/OUTPUTSxINPUTS[@HEIGHT]/batch:N/density:PERCENT/PART: what --benchmark_filter sees.
  std::string name(const std::string& part) const;
};

/// Registers a benchmark with Google Benchmark for each part to be shown, and one for all together. They
/// report the same measurement, which is made when the first of them has its turn.
///
/// One iteration is one *round*, in which every side of every part has its turn: one call to warm up, then
/// calls for at least care.block_seconds. Each round thus gives a ratio of times taken within the same few
/// milliseconds, which a drift of the machine's speed affects alike; Google Benchmark's own repetitions would
/// measure the sides seconds apart. A block during which other processes had the core is measured again. The
/// medians of all rounds decide which dense side is the fastest for each part; each round's ratio is then the
/// sum of the fastest dense times over the sum of the sparse times.
void register_case(const Case& one, const Machine& machine, const Care& care);

}  // namespace ltlab::bench
