#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ltlab {

/// The training images that each step sees. Every epoch is a fresh random permutation of the training set,
/// cut into batches, the last of which may be smaller (as torch.utils.data.DataLoader with shuffle=True). A
/// step's batch is a function of (seed, level, step) alone, so training can go on from any step.
class DataOrder {
 public:
  DataOrder(std::vector<std::uint32_t> images, std::size_t batch, std::uint64_t seed, std::uint64_t level);

  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// Returns the images of an epoch in their order.
  std::vector<std::uint32_t> epoch(std::uint64_t number) const;
  /// Returns the images of step `step`; valid until the next call.
  std::span<const std::uint32_t> batch(std::uint64_t step);

 private:
  std::vector<std::uint32_t> images_;  // ascending
  std::size_t batch_;
  std::uint64_t seed_, level_, steps_per_epoch_;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint32_t> order_;  // of epoch_
};

}  // namespace ltlab
