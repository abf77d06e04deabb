#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/config/search_config.h"

namespace ltlab {

/// A text of another kind than the setting's; what() is the right kind: "a number".
struct WrongKind : ConfigError {
  using ConfigError::ConfigError;
};

/// Returns "--rate takes a number, not 'x'; see --help", for a text that is not of the option's kind.
ConfigError wrong_value(const std::string& option, const std::string& kind, const std::string& text);

inline constexpr auto kWholeNumber = "a whole number of at most 18 digits";
/// Returns a whole number of at most 18 digits; empty for any other word.
std::optional<std::uint64_t> parse_count(const std::string& word);

/// Reads "fc1=0.3,conv2=0": rates of layers by name, at least 0 and below 1. ConfigError otherwise, or where
/// a layer is named twice.
std::map<std::string, double> parse_layer_rates(const std::string& text);

/// Reads "0.5,0.2", strictly falling between 1 and 0; ConfigError otherwise.
std::vector<double> parse_densities(const std::string& text);
bool fall_between_1_and_0(const std::vector<double>& densities);
inline constexpr auto kFall = "must fall from level to level, between 1 and 0 (0.5,0.2 is 50 %, then 20 %)";

/// Reads "2ep,500"; ConfigError otherwise.
std::vector<StepCount> parse_step_counts(const std::string& text);

/// Reads "random-reinit,sign-only", or "none"; ConfigError otherwise.
std::vector<Control> parse_controls(const std::string& text);

/// Each reads a setting's value. WrongKind, or ConfigError where it is of the right kind and still invalid. A
/// count that `to` cannot hold becomes the largest that it can.
void parse_value(const std::string& text, double& to);
void parse_value(const std::string& text, bool& to);
void parse_value(const std::string& text, std::string& to);
void parse_value(const std::string& text, StepCount& to);
template <std::unsigned_integral T>
void parse_value(const std::string& text, T& to) {
  const std::optional<std::uint64_t> count = parse_count(text);
  if (!count) throw WrongKind(kWholeNumber);
  to = static_cast<T>(std::min<std::uint64_t>(*count, std::numeric_limits<T>::max()));
}
template <class T>
void parse_value(const std::string& text, std::optional<T>& to) {
  parse_value(text, to.emplace());
}

/// Each prints a value as it is read: the shortest text that gives the same value.
std::string to_text(double value);
std::string to_text(bool value);
std::string to_text(const std::string& value);
std::string to_text(const StepCount& value);
std::string to_text(Control value);
std::string to_text(const std::map<std::string, double>& values);
template <std::unsigned_integral T>
std::string to_text(T value) {
  return std::to_string(value);
}
template <class T>
std::string to_text(const std::optional<T>& value) {
  return value ? to_text(*value) : "";
}
template <class T>
std::string to_text(const std::vector<T>& values) {
  return join(values, ",", [](const T& value) { return to_text(value); });
}

}  // namespace ltlab
