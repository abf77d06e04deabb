#include "ltlab/train/step_count.h"

#include <charconv>
#include <limits>

#include "ltlab/base/error.h"

namespace ltlab {

StepCount StepCount::parse(const std::string& text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  if (error != std::errc() || number > kMost || !(unit.empty() || unit == "it" || unit == "ep")) {
    throw ConfigError("'" + text + "' is no number of steps: write 500 or 500it for steps, 2ep for epochs" +
                      ", at most " + std::to_string(kMost));
  }
  if (unit != "ep") return number;
  StepCount count;
  count.epochs_ = number;
  return count;
}

std::string StepCount::text() const {
  return epochs_ > 0 ? std::to_string(epochs_) + "ep" : std::to_string(steps_);
}

}  // namespace ltlab
