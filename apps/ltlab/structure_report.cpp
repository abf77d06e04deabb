#include "structure_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"
#include "terminal.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kColumnsOfLayers = 9;  // a table with more layers is unreadable

// A figure that an import lacks is not a number.
std::optional<double> known(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

// Returns the number, or nothing where there is none.
template <class Number>
std::string cell(const char* pattern, const std::optional<Number>& value) {
  return value ? format(pattern, *value) : "";
}

std::string percent_cell(const std::optional<double>& fraction) {
  return fraction ? percent(*fraction) : "";
}

std::string density_cell(const std::optional<double>& density) {
  return density ? density_text(*density) : "";
}

// Returns a bar for each bin; one that is not empty shows.
std::string bars(const Histogram& histogram) {
  const std::size_t most = std::ranges::max(histogram.counts);
  return join(histogram.counts, "", [most](std::size_t count) {
    return bar(count == 0 ? 0 : std::max<std::size_t>(1, 8 * count / most));
  });
}

void print_masks(std::ostream& out, const LevelReport& report) {
  TextTable table{"", {"layer", "shape"}, {}};
  table.add({"survivors", "density", "effective", "dead\ninputs", "dead\noutputs", "dead\nneurons",
             "threshold", "signs\nkept"},
            Align::right);
  for (const LayerReport& layer : report.layers) {
    const LayerStructure& s = layer.structure;
    table.rows.push_back(
        {s.name, extents_text(s.shape), std::to_string(s.survivors), density_text(s.density()),
         density_cell(s.effective_density()), std::to_string(s.dead_inputs), std::to_string(s.dead_outputs),
         cell("%zu", s.dead_neurons), cell("%.4g", layer.threshold), percent_cell(layer.signs_kept)});
  }
  out << '\n';
  print_terminal(out, table);
}

void print_weights(std::ostream& out, const LevelReport& report) {
  TextTable table{"", {"survivors' weights", "training"}, {}, 2};
  table.add({"mean", "deviation", "least |w|", "greatest |w|", "positive"}, Align::right);
  for (const LayerReport& layer : report.layers) {
    for (const auto& [when, weights] :
         {std::pair{"before", &layer.before}, std::pair{"after", &layer.after}}) {
      if (!*weights) continue;
      const WeightStatistics& w = **weights;
      table.rows.push_back({layer.structure.name, when, format("%.4f", w.mean), format("%.4f", w.deviation),
                            format("%.3g", w.least_magnitude), format("%.3g", w.greatest_magnitude),
                            percent_cell(w.positive)});
    }
  }
  out << '\n';
  print_terminal(out, table);
}

void print_blocks(std::ostream& out, const LevelReport& report) {
  TextTable table{"empty blocks, outputs x weights (of as many survivors at random places)", {""}, {}};
  std::map<std::string, std::size_t> columns;  // of a block's extents: not every layer holds every block
  for (const LayerReport& layer : report.layers) {
    auto& row = table.rows.emplace_back(1, layer.structure.name);
    for (const BlockStructure& block : layer.structure.blocks) {
      const std::string extents = format("%zux%zu", block.height, block.width);
      const auto [column, fresh] = columns.emplace(extents, table.columns.size());
      if (fresh) table.columns.emplace_back(extents);
      row.resize(std::max(row.size(), column->second + 1));
      row[column->second] = format("%.2f %% (%.2f %%)", 100 * block.empty, 100 * block.expected);
    }
  }
  out << '\n';
  print_terminal(out, table);
}

std::vector<double> survivors_of(const Mask& mask, const Tensor& weights) {
  std::vector<double> values;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) values.push_back(weights.values[i]);
  }
  return values;
}

// Returns as many bins as a line holds beside the longest name and both ends.
std::size_t bins_of(const std::ostream& out, const LevelReport& report) {
  constexpr std::size_t kFewest = 8, kMost = 40, kEnds = 20;
  std::size_t name = 0;
  for (const LayerReport& layer : report.layers) name = std::max(name, display_width(layer.structure.name));
  const std::size_t width = line_width(out), taken = name + kEnds;
  return std::clamp(width - std::min(width, taken), kFewest, kMost);
}

void add_histogram(const std::string& name, const char* pattern, const Histogram& h, TextTable& table) {
  table.rows.push_back(
      {name, format(pattern, h.least) + " |" + bars(h) + "| " + format(pattern, h.greatest)});
}

void print_histograms(std::ostream& out, const LevelReport& report, const LevelRecord& record) {
  const std::size_t bins = bins_of(out, report);
  TextTable outputs{"outputs by their number of survivors (fan-in)", {"", ""}, {}};
  TextTable inputs{"inputs by their number of survivors (fan-out)", {"", ""}, {}};
  TextTable weights{"survivors by their weight after training", {"", ""}, {}};
  for (const LayerReport& layer : report.layers) {
    const LayerStructure& s = layer.structure;
    add_histogram(s.name, "%6.0f", degree_histogram(s.output_degrees, bins), outputs);
    add_histogram(s.name, "%6.0f", degree_histogram(s.input_degrees, bins), inputs);
  }
  for (const Mask& mask : record.masks) {
    if (const Tensor* values = find_named(record.weights, mask.name))
      add_histogram(mask.name, "%6.3f", histogram(survivors_of(mask, *values), bins), weights);
  }
  out << '\n';
  for (const TextTable& table : {outputs, inputs, weights}) print_terminal(out, table);
}

void print_collapse(std::ostream& out, const std::vector<LevelReport>& levels) {
  const auto first = std::ranges::find_if(levels, is_cut);
  if (first == levels.end()) return;
  const bool all = std::all_of(first, levels.end(), is_cut);
  const std::string level = std::to_string(first->summary.level);
  const std::string where = all ? " from level " + level + " on: " : " at level " + level + ": ";
  print_line(out, "Layer collapse" + where + collapse_text(*first));
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
  const auto block_json = [](const BlockStructure& block) {
    return ordered_json{{"height", block.height},
                        {"width", block.width},
                        {"empty", block.empty},
                        {"expected", block.expected}};
  };
  return {{"name", s.name},
          {"shape", s.shape},
          {"survivors", s.survivors},
          {"density", s.density()},
          {"effective_survivors", s.effective_survivors},
          {"effective_density", s.effective_density()},
          {"dead_inputs", s.dead_inputs},
          {"dead_outputs", s.dead_outputs},
          {"dead_neurons", s.dead_neurons},
          {"pruned", layer.pruned},
          {"threshold", layer.threshold},
          {"signs_kept", layer.signs_kept},
          {"weights_before", to_json(layer.before)},
          {"weights_after", to_json(layer.after)},
          {"output_degrees", s.output_degrees},
          {"input_degrees", s.input_degrees},
          {"blocks", json_array(s.blocks, block_json)}};
}

// Returns a layer's fields of CSV.
ordered_json csv_row(const LevelReport& level, const LayerReport& layer) {
  const LayerStructure& s = layer.structure;
  ordered_json row = {level.summary.level,   s.name,        s.size,
                      s.survivors,           s.density(),   s.effective_survivors,
                      s.effective_density(), s.dead_inputs, s.dead_outputs,
                      s.dead_neurons,        layer.pruned,  layer.threshold,
                      layer.signs_kept};
  for (const auto& weights : {layer.before, layer.after}) {
    const WeightStatistics w = weights.value_or(WeightStatistics());
    for (const double value : {w.mean, w.deviation, w.least_magnitude, w.greatest_magnitude, w.positive})
      row.push_back(json_if(weights.has_value(), value));
  }
  return row;
}

// Returns the names of the layers without a survivor.
std::vector<std::string> empty_layers(const LevelReport& level) {
  std::vector<std::string> names;
  for (const LayerReport& layer : level.layers) {
    if (layer.structure.survivors == 0) names.push_back(layer.structure.name);
  }
  return names;
}

}  // namespace

bool is_cut(const LevelReport& level) {
  return level.effective_density() == 0.0;
}

std::string collapse_text(const LevelReport& level) {
  const std::vector<std::string> empty = empty_layers(level);
  return (empty.empty() ? "" : "pruning left no weight of " + join(empty, ", ") + ", so ") +
         "no path leads from an input to an output (effective density 0).";
}

void print_levels(std::ostream& out, const std::vector<LevelReport>& levels) {
  const bool wide = levels.front().layers.size() <= kColumnsOfLayers;
  TextTable table;
  table.add({"level", "density", "effective", "test", "dead\nneurons"}, Align::right);
  for (const LayerReport& layer : levels.front().layers) {
    if (!wide) break;
    table.add({"left", "pruned"}, Align::right, layer.structure.name);
  }
  for (const LevelReport& level : levels) {
    auto& row = table.rows.emplace_back();
    row = {std::to_string(level.summary.level), density_text(level.summary.density),
           density_cell(level.effective_density()), percent_cell(known(level.summary.test_accuracy)),
           cell("%zu", level.dead_neurons())};
    for (const LayerReport& layer : level.layers) {
      if (!wide) break;
      row.push_back(density_text(layer.structure.density()));
      row.push_back(cell("%zu", layer.pruned));
    }
  }
  out << '\n';
  print_terminal(out, table);
  if (!wide) print_line(out, "Each layer's survivors and what was pruned: --csv");
  print_collapse(out, levels);
}

void print_level(std::ostream& out, const LevelReport& report, const LevelRecord& record) {
  std::string text =
      format("Level %u: density ", report.summary.level) + density_text(report.summary.density);
  if (const auto density = report.effective_density()) text += ", effective " + density_text(*density);
  if (const auto accuracy = known(report.summary.test_accuracy))
    text += ", test accuracy " + percent_cell(accuracy);
  out << '\n';
  print_line(out, text);
  if (is_cut(report)) print_line(out, "Layer collapse: " + collapse_text(report));
  print_masks(out, report);
  print_weights(out, report);
  print_histograms(out, report, record);
  print_blocks(out, report);
}

ordered_json levels_json(const std::vector<LevelReport>& levels) {
  return json_array(levels, [](const LevelReport& level) {
    const std::optional<double> density = level.effective_density();
    ordered_json row = record_json(level.summary);
    row["effective_density"] = density;
    row["layer_collapse"] = json_if(density.has_value(), is_cut(level));
    row["empty_layers"] = empty_layers(level);
    row["dead_neurons"] = level.dead_neurons();
    row["layers"] = json_array(level.layers, [](const LayerReport& layer) { return to_json(layer); });
    return row;
  });
}

void print_csv(std::ostream& out, const std::vector<LevelReport>& levels) {
  std::string names =
      "level,layer,size,survivors,density,effective_survivors,effective_density,dead_inputs,dead_outputs,"
      "dead_neurons,pruned,threshold,signs_kept";
  for (const char* when : {"before", "after"}) {
    for (const char* what :
         {"mean", "standard_deviation", "least_magnitude", "greatest_magnitude", "positive"})
      names += format(",%s_%s", what, when);
  }
  std::vector<ordered_json> rows;
  for (const LevelReport& level : levels) {
    for (const LayerReport& layer : level.layers) rows.push_back(csv_row(level, layer));
  }
  print_csv(out, names, rows);
}

}  // namespace ltlab::app
