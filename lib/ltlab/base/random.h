#pragma once

#include <Random123/philox.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ltlab {

/// Name of a stream of random numbers. Streams with different names are independent; the same name gives the
/// same numbers on every machine, whatever ran before and whatever runs beside it.
struct StreamName {
  std::uint64_t seed = 0;    ///< the replicate's seed
  std::string_view purpose;  ///< what the numbers are for: "init/fc1.weight", "data-order", ...
  std::uint64_t level = 0;   ///< pruning level
  std::uint64_t index = 0;   ///< step, epoch, image or trial, as the purpose needs
};

/// Counter-based random numbers: Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
/// 1, 2, 3"), keyed by the seed and a hash of the purpose, counted by (block, level, index).
/// Satisfies std::uniform_random_bit_generator, but use the members below: the standard's distributions
/// differ between libraries.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  explicit RandomStream(const StreamName& name);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()();

  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box-Muller).
  double normal();
  /// Standard normal truncated to [-2, 2] by rejection, as TensorFlow's truncated_normal.
  double truncated_normal();
  /// Uniform integer in [0, bound), unbiased; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Fisher-Yates shuffle in place.
  void shuffle(std::span<std::uint32_t> values);
  /// A random permutation of 0, ..., size-1.
  std::vector<std::uint32_t> permutation(std::uint32_t size);

 private:
  r123::Philox4x64::key_type key_;
  r123::Philox4x64::ctr_type counter_;
  r123::Philox4x64::ctr_type block_{};
  unsigned used_ = 4;
  double spare_normal_ = 0.0;
  bool has_spare_normal_ = false;
};

}  // namespace ltlab
