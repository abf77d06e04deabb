#pragma once

#include <cstdint>
#include <string>

namespace ltlab {

/// A number of training steps, given in steps ("500", "500it") or in epochs ("2ep"), as OpenLTH writes them.
/// Converts to a number of steps; one given in epochs has none before resolve() is given their length.
class StepCount {
 public:
  constexpr StepCount(std::uint64_t steps = 0) : steps_(steps) {}  // NOLINT(google-explicit-constructor)
  /// Reads a step count. ConfigError where the text has none of the three forms.
  static StepCount parse(const std::string& text);

  constexpr operator std::uint64_t() const { return steps_; }  // NOLINT(google-explicit-constructor)
  bool none() const { return steps_ == 0 && epochs_ == 0; }
  bool resolved() const { return epochs_ == 0 || steps_ > 0; }
  void resolve(std::uint64_t steps_per_epoch) {
    if (epochs_ > 0) steps_ = epochs_ * steps_per_epoch;
  }
  /// Returns the count as it was given, steps without a unit: "500", "2ep".
  std::string text() const;

 private:
  std::uint64_t steps_;
  std::uint64_t epochs_ = 0;  // 0: given in steps
};

}  // namespace ltlab
