#include "ltlab/config/config_text.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "ltlab/config/config_lines.h"
#include "ltlab/config/settings.h"
#include "ltlab/config/values.h"

namespace ltlab {
namespace {

std::string text_of(const SearchConfig& config, Decides decided) {
  std::string text;
  for (const Setting& setting : settings()) {
    if (setting.decides == decided && setting.is_stored(config))
      text += stored_line(setting.name, setting.print(config));
  }
  return text;
}

std::map<std::string, std::string> parse_lines(const std::string& text) {
  const ConfigLines lines = stored_lines(text);
  return {lines.begin(), lines.end()};
}

}  // namespace

std::string config_text(const SearchConfig& config) {
  return text_of(config, Decides::results);
}

std::string extent_text(const SearchConfig& config) {
  return text_of(config, Decides::extent);
}

std::string written_config(const SearchConfig& config) {
  std::string text = config_text(config);
  for (const Setting& setting : settings()) {
    if (!setting.without_line.empty() && setting.counts(config) && !setting.is_stored(config))
      text += stored_line(setting.name, setting.print(config));
  }
  return as_written(text + extent_text(config));
}

SearchConfig pruning_settings(const std::string& text) {
  GivenSettings given;
  for (const auto& [name, value] : parse_lines(text))
    if (find_setting(name)) given[name] = {value, SettingSource::run, "the config: "};
  SearchConfig config = read_settings(given);
  for (const Setting& setting : settings()) {
    const bool needed = setting.of_pruning || setting.name == "model";
    if (needed && setting.is_stored(config) && !given.contains(setting.name))
      throw ConfigError("the config has no line '" + setting.name + "'");
  }
  for (const double rate :
       {config.rate, config.convolution_rate.value_or(0), config.rate_of_output_layer()}) {
    if (!(rate >= 0 && rate < 1))
      throw ConfigError("the config has a rate of " + to_text(rate) + ", which is no fraction");
  }
  return config;
}

void require_same_densities(const std::string& before, const SearchConfig& config) {
  const std::optional<std::string> line = setting(before, "densities");
  if (!line) return;
  const std::vector<double> planned = parse_densities(*line);
  const std::size_t both = std::min(planned.size(), config.densities.size());
  if (std::equal(planned.begin(), planned.begin() + both, config.densities.begin())) return;
  throw ConfigError("--densities " + to_text(config.densities) + " are not those of the run, " + *line +
                    ": a search may go on with more levels, but not with other ones; give another --out");
}

std::optional<std::string> setting(const std::string& config_text, const std::string& name) {
  const std::map<std::string, std::string> lines = parse_lines(config_text);
  const auto line = lines.find(name);
  return line == lines.end() ? std::nullopt : std::optional(line->second);
}

std::vector<std::string> differing_settings(const std::string& before, const std::string& now) {
  std::map<std::string, std::string> differing;
  std::ranges::set_symmetric_difference(parse_lines(before), parse_lines(now),
                                        std::inserter(differing, differing.end()));
  std::vector<std::string> names;
  names.reserve(differing.size());
  for (const auto& [name, unused] : differing) names.push_back(name);
  return names;
}

std::vector<std::string> differences(const std::string& before, const std::string& now) {
  std::vector<std::string> lines;
  for (const std::string& name : differing_settings(before, now)) {
    const Setting* const known = find_setting(name);
    const std::string absent = known && !known->without_line.empty() ? known->without_line : "(default)";
    lines.push_back(name + ": " + setting(before, name).value_or(absent) + " before, " +
                    setting(now, name).value_or(absent) + " now");
  }
  return lines;
}

}  // namespace ltlab
