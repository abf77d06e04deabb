#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/image_shape.h"

namespace ltlab::test {

/// A network to train two steps by every kernel: a model, the images it sees, and how it is pruned. All else
/// (weights, images, labels, which weights survive, which kernel each product takes) follows from `seed`.
struct ModelCase {
  std::uint64_t seed = 0;
  std::string model;  ///< on one line; the last layer is "linear classes"
  ImageShape image;
  std::size_t batch = 1, classes = 2;
  double density = 0.5;    ///< with which weights survive
  double empty = 0;        ///< share of the outputs, and of the inputs, that lose all their weights
  bool all_pruned = true;  ///< whether each layer has a mask; else each has one by a toss of a coin
};

/// The case of that number: chains and residual blocks of 1 to 6 layers, images of 1 to 5 channels and 1x1 to
/// 33x33 pixels, batches of 1 to 70. The same number always gives the same case.
ModelCase random_case(std::uint64_t number);

/// One line, which parse_case() reads back.
std::string to_text(const ModelCase& c);
/// ConfigError where the line is none of to_text()'s.
ModelCase parse_case(const std::string& line);

/// Smaller cases of the same kind, the smallest first: what a failing case is shrunk to.
std::vector<ModelCase> smaller_cases(const ModelCase& c);

/// Trains the case's network two steps, dense, sparse, as measured and with kernels drawn product by product,
/// in float and in double, and compares logits, gradients and trained arrays with a plain reference in
/// double. Returns what differs first, or nothing. ConfigError where the model is refused.
std::optional<std::string> find_difference(const ModelCase& c);

}  // namespace ltlab::test
