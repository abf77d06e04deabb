#include "structure_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "format.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kBins = 40;
constexpr std::size_t kColumnsOfLayers = 9;  // more layers make no table that one can read

// What an import does not tell is not a number.
std::optional<double> known(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

// A number, or as many blanks where there is none.
std::string cell(const char* pattern, const std::optional<double>& value, double scale = 1) {
  const std::string text = format(pattern, value.value_or(0) * scale);
  return value ? text : std::string(text.size(), ' ');
}

std::string count_cell(const char* pattern, const std::optional<std::size_t>& value) {
  const std::string text = format(pattern, value.value_or(0));
  return value ? text : std::string(text.size(), ' ');
}

// Heights in eighths of a line; a bin that is not empty shows.
std::string bars(const Histogram& histogram) {
  static const std::array<const char*, 9> eighths{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  std::string text;
  for (const std::size_t count : histogram.counts)
    text += eighths[count == 0 ? 0 : std::max<std::size_t>(1, 8 * count / most)];
  return text;
}

void print_histogram(std::ostream& out, const std::string& name, const char* pattern, const Histogram& h) {
  out << format("  %-18s", name.c_str()) << format(pattern, h.least) << " |" << bars(h) << "| "
      << format(pattern, h.greatest) << '\n';
}

void print_masks(std::ostream& out, const LevelReport& report) {
  out << format("\n%-20s%-18s%11s%11s%12s%29s%12s%12s\n", "layer", "shape", "survivors", "density",
                "effective", "dead: inputs outputs neurons", "threshold", "signs kept");
  for (const LayerReport& layer : report.layers) {
    const LayerStructure& s = layer.structure;
    out << format("%-20s%-18s%11zu%9.2f %%", s.name.c_str(), extents_text(s.shape).c_str(), s.survivors,
                  100 * s.density())
        << cell("%10.2f %%", s.effective_density(), 100) << format("%13zu%8zu", s.dead_inputs, s.dead_outputs)
        << count_cell("%8zu", s.dead_neurons) << cell("%12.4g", layer.threshold)
        << cell("%10.2f %%", layer.signs_kept, 100) << '\n';
  }
}

void print_weights(std::ostream& out, const LevelReport& report) {
  out << format("\n%-20s%-10s%10s%11s%14s%14s%12s\n", "survivors' weights", "training", "mean", "deviation",
                "least |w|", "greatest |w|", "positive");
  for (const LayerReport& layer : report.layers) {
    for (const auto& [when, weights] :
         {std::pair{"before", &layer.before}, std::pair{"after", &layer.after}}) {
      if (!*weights) continue;
      const WeightStatistics& w = **weights;
      out << format("%-20s%-10s%10.4f%11.4f%14.3g%14.3g%10.2f %%\n", layer.structure.name.c_str(), when,
                    w.mean, w.deviation, w.least_magnitude, w.greatest_magnitude, 100 * w.positive);
    }
  }
}

void print_blocks(std::ostream& out, const LevelReport& report) {
  out << "\nempty blocks, outputs x weights (of as many survivors at random places)\n";
  for (const LayerReport& layer : report.layers) {
    out << format("  %-18s", layer.structure.name.c_str());
    for (const BlockStructure& block : layer.structure.blocks) {
      out << format("  %zux%zu: %.2f %% (%.2f %%)", block.height, block.width, 100 * block.empty,
                    100 * block.expected);
    }
    out << '\n';
  }
}

std::vector<double> survivors_of(const Mask& mask, const Tensor& weights) {
  std::vector<double> values;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) values.push_back(weights.values[i]);
  }
  return values;
}

void print_histograms(std::ostream& out, const LevelReport& report, const LevelRecord& record) {
  out << "\noutputs by their number of survivors (fan-in)\n";
  for (const LayerReport& layer : report.layers)
    print_histogram(out, layer.structure.name, "%7.0f",
                    degree_histogram(layer.structure.output_degrees, kBins));
  out << "inputs by their number of survivors (fan-out)\n";
  for (const LayerReport& layer : report.layers)
    print_histogram(out, layer.structure.name, "%7.0f",
                    degree_histogram(layer.structure.input_degrees, kBins));
  out << "survivors by their weight after training\n";
  for (const Mask& mask : record.masks) {
    if (const Tensor* weights = find_named(record.weights, mask.name))
      print_histogram(out, mask.name, "%7.3f", histogram(survivors_of(mask, *weights), kBins));
  }
}

template <class Number>
ordered_json to_json(const std::optional<Number>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json to_json(const std::optional<WeightStatistics>& weights) {
  if (!weights) return {};
  return {{"mean", weights->mean},
          {"standard_deviation", weights->deviation},
          {"least_magnitude", weights->least_magnitude},
          {"greatest_magnitude", weights->greatest_magnitude},
          {"positive", weights->positive}};
}

ordered_json to_json(const LayerReport& layer) {
  const LayerStructure& s = layer.structure;
  ordered_json blocks = ordered_json::array();
  for (const BlockStructure& block : s.blocks) {
    blocks.push_back({{"height", block.height},
                      {"width", block.width},
                      {"empty", block.empty},
                      {"expected", block.expected}});
  }
  return {{"name", s.name},
          {"shape", s.shape},
          {"survivors", s.survivors},
          {"density", s.density()},
          {"effective_survivors", to_json(s.effective_survivors)},
          {"effective_density", to_json(s.effective_density())},
          {"dead_inputs", s.dead_inputs},
          {"dead_outputs", s.dead_outputs},
          {"dead_neurons", to_json(s.dead_neurons)},
          {"pruned", to_json(layer.pruned)},
          {"threshold", to_json(layer.threshold)},
          {"signs_kept", to_json(layer.signs_kept)},
          {"weights_before", to_json(layer.before)},
          {"weights_after", to_json(layer.after)},
          {"output_degrees", s.output_degrees},
          {"input_degrees", s.input_degrees},
          {"blocks", blocks}};
}

std::string csv(const std::optional<double>& value) {
  return value ? format(",%.9g", *value) : ",";
}

std::string csv_count(const std::optional<std::size_t>& value) {
  return value ? format(",%zu", *value) : ",";
}

std::string csv(const std::optional<WeightStatistics>& weights) {
  if (!weights) return ",,,,,";
  return csv(weights->mean) + csv(weights->deviation) + csv(weights->least_magnitude) +
         csv(weights->greatest_magnitude) + csv(weights->positive);
}

}  // namespace

void print_levels(std::ostream& out, const std::vector<LevelReport>& levels) {
  const bool wide = levels.front().layers.size() <= kColumnsOfLayers;
  out << format("\n%5s%11s%13s%10s%9s  ", "level", "density", "effective", "test", "dead");
  for (const LayerReport& layer : levels.front().layers)
    out << (wide ? format("| %-22s", layer.structure.name.c_str()) : "");
  out << format("\n%48s  ", "neurons");
  for (std::size_t l = 0; wide && l < levels.front().layers.size(); ++l)
    out << format("| %10s%11s ", "left", "pruned");
  out << '\n';
  for (const LevelReport& level : levels) {
    out << format("%5u%9.2f %%", level.summary.level, 100 * level.summary.density)
        << cell("%11.2f %%", level.effective_density(), 100)
        << cell("%8.2f %%", known(level.summary.test_accuracy), 100)
        << count_cell("%9zu", level.dead_neurons()) << "  ";
    for (std::size_t l = 0; wide && l < level.layers.size(); ++l) {
      const LayerReport& layer = level.layers[l];
      out << format("| %8.2f %%", 100 * layer.structure.density()) << count_cell("%11zu ", layer.pruned);
    }
    out << '\n';
  }
  if (!wide) out << "Each layer's survivors and what was pruned: --csv\n";
}

void print_level(std::ostream& out, const LevelReport& report, const LevelRecord& record) {
  out << format("\nLevel %u: density %.2f %%", report.summary.level, 100 * report.summary.density);
  if (const auto density = report.effective_density()) out << format(", effective %.2f %%", 100 * *density);
  if (const auto accuracy = known(report.summary.test_accuracy))
    out << format(", test accuracy %.2f %%", 100 * *accuracy);
  out << '\n';
  print_masks(out, report);
  print_weights(out, report);
  print_histograms(out, report, record);
  print_blocks(out, report);
}

ordered_json levels_json(const std::vector<LevelReport>& levels) {
  ordered_json rows = ordered_json::array();
  for (const LevelReport& level : levels) {
    ordered_json layers = ordered_json::array();
    for (const LayerReport& layer : level.layers) layers.push_back(to_json(layer));
    rows.push_back({{"level", level.summary.level},
                    {"density", level.summary.density},
                    {"effective_density", to_json(level.effective_density())},
                    {"test_accuracy", level.summary.test_accuracy},
                    {"dead_neurons", to_json(level.dead_neurons())},
                    {"layers", layers}});
  }
  return rows;
}

void print_csv(std::ostream& out, const std::vector<LevelReport>& levels) {
  out << "level,layer,size,survivors,density,effective_survivors,effective_density,dead_inputs,dead_outputs,"
         "dead_neurons,pruned,threshold,signs_kept";
  for (const char* when : {"before", "after"}) {
    for (const char* what :
         {"mean", "standard_deviation", "least_magnitude", "greatest_magnitude", "positive"})
      out << ',' << what << '_' << when;
  }
  out << '\n';
  for (const LevelReport& level : levels) {
    for (const LayerReport& layer : level.layers) {
      const LayerStructure& s = layer.structure;
      out << level.summary.level << ',' << s.name << ',' << s.size << ',' << s.survivors << csv(s.density())
          << csv_count(s.effective_survivors) << csv(s.effective_density()) << ',' << s.dead_inputs << ','
          << s.dead_outputs << csv_count(s.dead_neurons) << csv_count(layer.pruned) << csv(layer.threshold)
          << csv(layer.signs_kept) << csv(layer.before) << csv(layer.after) << '\n';
    }
  }
}

}  // namespace ltlab::app
