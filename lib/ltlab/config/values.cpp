#include "ltlab/config/values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "ltlab/base/text.h"

namespace ltlab {
namespace {

std::optional<double> parse_number(const std::string& word) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

// Reads a number between 0 and 1; not 1, and 0 only where it is allowed.
double parse_fraction(const std::string& word, bool zero_allowed) {
  const std::optional<double> number = parse_number(word);
  if (!number || !(*number >= 0 && *number < 1) || (*number == 0 && !zero_allowed))
    throw ConfigError("'" + word + "' is no fraction between 0 and 1");
  return *number;
}

}  // namespace

ConfigError wrong_value(const std::string& option, const std::string& kind, const std::string& text) {
  return ConfigError("--" + option + " takes " + kind + ", not '" + text + "'; see --help");
}

std::optional<std::uint64_t> parse_count(const std::string& word) {
  constexpr std::size_t kMostDigits = 18;
  const bool digits = !word.empty() && word.size() <= kMostDigits &&
                      std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional(std::stoull(word)) : std::nullopt;
}

std::map<std::string, double> parse_layer_rates(const std::string& text) {
  std::map<std::string, double> rates;
  for (const std::string& word : split(text, ',')) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw ConfigError("'" + word + "' is no rate of a layer, as fc1=0.3");
    const double rate = parse_fraction(word.substr(equals + 1), true);
    if (!rates.emplace(word.substr(0, equals), rate).second)
      throw ConfigError("layer '" + word.substr(0, equals) + "' twice");
  }
  if (rates.empty()) throw ConfigError("no rate is given");
  return rates;
}

bool fall_between_1_and_0(const std::vector<double>& densities) {
  double before = 1;
  return std::ranges::all_of(
      densities, [&](double density) { return density > 0 && density < std::exchange(before, density); });
}

std::vector<double> parse_densities(const std::string& text) {
  if (text == "none") return {};  // replaces a comparison base's
  std::vector<double> densities;
  for (const std::string& word : split(text, ',')) densities.push_back(parse_fraction(word, false));
  if (densities.empty()) throw ConfigError("no density is given");
  if (!fall_between_1_and_0(densities)) throw ConfigError("'" + text + "': they " + kFall);
  return densities;
}

std::vector<StepCount> parse_step_counts(const std::string& text) {
  std::vector<StepCount> counts;
  for (const std::string& word : split(text, ',')) counts.push_back(StepCount::parse(word));
  return counts;
}

std::vector<Control> parse_controls(const std::string& text) {
  if (text == "none") return {};                           // replaces a preset's or a comparison base's
  if (text.empty()) return {control_names().parse(text)};  // which names the valid ones
  std::vector<Control> controls;
  for (const std::string& name : split(text, ',')) controls.push_back(control_names().parse(name));
  return controls;
}

void parse_value(const std::string& text, double& to) {
  const std::optional<double> number = parse_number(text);
  if (!number) throw WrongKind("a number");
  to = *number;
}

void parse_value(const std::string& text, bool& to) {
  std::string word = text;
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
  to = word == "1" || word == "true" || word == "yes" || word == "on";
  if (!to && word != "0" && word != "false" && word != "no" && word != "off") throw WrongKind("yes or no");
}

void parse_value(const std::string& text, std::string& to) {
  to = text;
}

void parse_value(const std::string& text, StepCount& to) {
  to = StepCount::parse(text);
}

std::string to_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

std::string to_text(bool value) {
  return value ? "true" : "false";
}

std::string to_text(const std::string& value) {
  return value;
}

std::string to_text(const StepCount& value) {
  return value.text();
}

std::string to_text(Control value) {
  return control_names().name(value);
}

std::string to_text(const std::map<std::string, double>& values) {
  return join(values, ",", [](const auto& value) { return value.first + "=" + to_text(value.second); });
}

}  // namespace ltlab
