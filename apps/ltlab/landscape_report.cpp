#include "landscape_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/instability.h"
#include "ltlab/base/join.h"
#include "terminal.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

const char* title(LineKind kind) {
  switch (kind) {
    case LineKind::training:
      return "from the weights a level starts with to those it is trained to";
    case LineKind::pruning:
      return "from the trained weights of the level before to those of this level";
    case LineKind::copies:
      return "between two copies of a level, trained with images in different orders";
    case LineKind::runs:
      return "between the trained weights of the two runs";
  }
  return "";
}

template <class Measurement>
using ByLevel = std::map<unsigned, std::vector<const Measurement*>>;

// Returns the statistics of the runs' means, each over the pairs of copies where there are several.
template <class Measurement, class Value>
SampleStatistics over(const std::vector<const Measurement*>& all, const Value& value) {
  std::map<std::string, std::vector<double>> values;
  for (const Measurement* one : all) values[one->run].push_back(value(*one));
  std::vector<double> means;
  means.reserve(values.size());
  for (const auto& [run, own] : values) means.push_back(describe(own).mean);
  return describe(means);
}

// A line that starts untrained has no barrier.
bool has_barrier(LineKind kind) {
  return kind != LineKind::training;
}

// Returns a mean and, for several runs, its interval's half-width.
std::string with_interval(const char* pattern, const SampleStatistics& value, double scale = 1) {
  std::string text = format(pattern, value.mean * scale);
  if (value.size > 1) text += format(" ± %.3g", value.half_width * scale);
  return text;
}

constexpr std::size_t kBesideBars = 30, kFewestBars = 8, kMostBars = 60;  // of a line

double test_error(const LinePoint& point) {
  return 1 - point.test.accuracy;
}

// Returns in how many runs a level was measured at most.
template <class Measurement>
std::size_t most_runs(const ByLevel<Measurement>& levels) {
  std::size_t most = 0;
  for (const auto& [level, all] : levels)
    most = std::max(most, over(all, [](const Measurement&) { return 0; }).size);
  return most;
}

// Returns the alignment of with_interval's texts: left where intervals of any length follow.
template <class Measurement>
Align alignment(const ByLevel<Measurement>& levels) {
  return most_runs(levels) > 1 ? Align::left : Align::right;
}

// Returns the mean test error of the runs at each point.
std::vector<double> mean_errors(const std::vector<const MeasuredLine*>& runs) {
  std::vector<double> errors;
  for (std::size_t p = 0; p < runs.front()->points.size(); ++p) {
    errors.push_back(over(runs, [p](const MeasuredLine& line) { return test_error(line.points[p]); }).mean);
  }
  return errors;
}

// Returns at most so many values: the greatest of each group of neighbours.
std::vector<double> thinned(const std::vector<double>& values, std::size_t most) {
  const std::size_t every = (values.size() + most - 1) / most;
  std::vector<double> greatest((values.size() + every - 1) / every, 0);
  for (std::size_t i = 0; i < values.size(); ++i)
    greatest[i / every] = std::max(greatest[i / every], values[i]);
  return greatest;
}

// Returns bars with heights in eighths of `top`.
std::string bars(const std::vector<double>& values, double top) {
  return join(values, "", [top](double value) {
    return bar(static_cast<std::size_t>(std::clamp(std::ceil(8 * value / top), 0.0, 8.0)));
  });
}

// Returns what a table of copies tells beside a level's lines: its noise, and whether it is stable.
std::pair<std::string, std::string> noise_and_stability(const std::vector<const MeasuredLine*>& lines) {
  std::vector<MeasuredLine> copies;
  copies.reserve(lines.size());
  for (const MeasuredLine* line : lines) copies.push_back(*line);
  const Instability level = instability(copies).front();
  return {format("%.2f", 100 * level.noise), stability_names().name(stability(level))};
}

// Returns one row: a level's lines.
std::vector<std::string> row_of(LineKind kind, const std::vector<const MeasuredLine*>& runs, double top,
                                std::size_t most_bars) {
  const auto mean = [&](const auto& value) { return over(runs, value).mean; };
  const std::vector<double> errors = mean_errors(runs);
  std::vector<std::string> row{
      std::to_string(runs.front()->level),
      density_text(mean([](const auto& line) { return line.density; })),
      format("%.2f", 100 * errors.front()),
      format("%.2f", 100 * errors.back()),
      format("%.2f", 100 * std::ranges::max(errors)),
      format("%.4f", mean([](const auto& line) { return line.points.front().test.loss; })),
      format("%.4f", mean([](const auto& line) { return line.points.back().test.loss; }))};
  if (has_barrier(kind)) {
    row.push_back(with_interval(
        "%5.2f", over(runs, [](const auto& line) { return barrier(line.points).test_error; }), 100));
    row.push_back(
        with_interval("%7.4f", over(runs, [](const auto& line) { return barrier(line.points).test_loss; })));
  }
  const std::string drawn = bars(thinned(errors, most_bars), top);
  if (kind != LineKind::copies) {
    row.push_back(drawn);
    return row;
  }
  const auto [noise, stable] = noise_and_stability(runs);
  row.insert(row.end(), {noise, drawn, stable});
  return row;
}

void print_kind(std::ostream& out, LineKind kind, const ByLevel<MeasuredLine>& levels) {
  double top = 0;
  for (const auto& [level, runs] : levels) top = std::max(top, std::ranges::max(mean_errors(runs)));
  TextTable table{title(kind), {}, {}, 2};
  table.add({"level", "density"}, Align::right);
  table.add({"first", "last", "greatest"}, Align::right, "test error, %");
  table.add({"first", "last"}, Align::right, "test loss");
  if (has_barrier(kind)) table.add({"error", "loss"}, alignment(levels), "barrier of test");
  if (kind == LineKind::copies) table.add({"noise"}, Align::right, "of copies");
  const std::string errors = format("error from 0 to %.3g %%", 100 * top);
  table.add({""}, Align::left, errors);
  if (kind == LineKind::copies) table.add({""}, Align::left, errors);
  const std::size_t most_bars =
      std::clamp(line_width(out), kBesideBars + kFewestBars, kBesideBars + kMostBars) - kBesideBars;
  for (const auto& [level, runs] : levels) table.rows.push_back(row_of(kind, runs, top, most_bars));
  out << '\n';
  print_terminal(out, table);
}

template <class Measurement>
void count_runs(std::ostream& out, const ByLevel<Measurement>& levels) {
  const std::size_t runs = most_runs(levels);
  if (runs < 2) return;
  out << '\n';
  print_line(out, format("Mean (± half-width of the 95 %% confidence interval) over %zu runs.", runs));
}

ordered_json point_json(const LinePoint& point) {
  return {{"alpha", point.alpha},
          {"train_loss", point.train.loss},
          {"train_accuracy", point.train.accuracy},
          {"test_loss", point.test.loss},
          {"test_accuracy", point.test.accuracy}};
}

}  // namespace

void print_lines(std::ostream& out, const std::vector<MeasuredLine>& lines) {
  std::map<LineKind, ByLevel<MeasuredLine>> kinds;
  for (const MeasuredLine& line : lines) kinds[line.kind][line.level].push_back(&line);
  for (const auto& [kind, levels] : kinds) print_kind(out, kind, levels);
  out << '\n';
  print_line(
      out,
      format("barrier: greatest less the mean of both ends; stable: less than %g points of error (Frankle "
             "et al. 2020)",
             100 * kStableBarrier));
  if (kinds.contains(LineKind::copies)) {
    print_line(out,
               "noise: standard deviation of the copies' test error, in points; a barrier of its size tells "
               "of none");
  }
  if (!kinds.empty()) count_runs(out, kinds.begin()->second);
}

void print_sharpness(std::ostream& out, const std::vector<MeasuredSharpness>& all) {
  ByLevel<MeasuredSharpness> levels;
  for (const MeasuredSharpness& one : all) levels[one.level].push_back(&one);
  const std::size_t count = all.front().sharpness.largest.size();
  const Align aligned = alignment(levels);
  TextTable table{format("Hessian of the training loss on %zu images, at the survivors after training",
                         all.front().images),
                  {},
                  {},
                  2};
  table.add({"level", "density", "survivors"}, Align::right);
  table.add({"trace", "least"}, aligned);
  if (count == 1) table.add({"largest eigenvalue"}, aligned);
  for (std::size_t i = 1; count > 1 && i <= count; ++i)
    table.columns.emplace_back(std::to_string(i), aligned, "largest eigenvalues");
  for (const auto& [level, runs] : levels) {
    auto& row = table.rows.emplace_back();
    row = {std::to_string(level), density_text(over(runs, [](const auto& one) { return one.density; }).mean),
           format("%.0f", over(runs, [](const auto& one) { return one.survivors; }).mean),
           with_interval("%8.5g", over(runs, [](const auto& one) { return one.sharpness.trace.mean; })),
           with_interval("%8.4g", over(runs, [](const auto& one) { return one.sharpness.least; }))};
    for (std::size_t i = 0; i < count; ++i)
      row.push_back(
          with_interval("%8.5g", over(runs, [i](const auto& one) { return one.sharpness.largest[i]; })));
  }
  out << '\n';
  print_terminal(out, table);
  count_runs(out, levels);
}

ordered_json lines_json(const std::vector<MeasuredLine>& lines) {
  return json_array(lines, [](const MeasuredLine& line) {
    const Barrier rise = barrier(line.points);
    return ordered_json{{"line", line_kind_names().name(line.kind)},
                        {"run", line.run},
                        {"pair", pair_of(line)},
                        {"level", line.level},
                        {"density", line.density},
                        {"barrier",
                         {{"train_loss", rise.train_loss},
                          {"train_error", rise.train_error},
                          {"test_loss", rise.test_loss},
                          {"test_error", rise.test_error}}},
                        {"points", json_array(line.points, point_json)}};
  });
}

ordered_json instability_json(const std::vector<MeasuredLine>& copies) {
  return json_array(instability(copies), [](const Instability& level) {
    const SampleStatistics& barrier = level.barrier;
    return ordered_json{{"level", level.level},
                        {"density", level.density},
                        {"runs", barrier.size},
                        {"mean", barrier.mean},
                        {"half_width", barrier.size > 1 ? ordered_json(barrier.half_width) : nullptr},
                        {"pairs", level.pairs},
                        {"noise", level.noise},
                        {"stability", stability_names().name(stability(level))}};
  });
}

ordered_json sharpness_json(const std::vector<MeasuredSharpness>& all) {
  return json_array(all, [](const MeasuredSharpness& one) {
    return ordered_json{{"run", one.run},
                        {"level", one.level},
                        {"density", one.density},
                        {"survivors", one.survivors},
                        {"images", one.images},
                        {"largest_eigenvalues", one.sharpness.largest},
                        {"least_eigenvalue", one.sharpness.least},
                        {"trace", one.sharpness.trace.mean},
                        {"trace_half_width", one.sharpness.trace.half_width},
                        {"hessian_products", one.sharpness.products}};
  });
}

void print_lines_csv(std::ostream& out, const std::vector<MeasuredLine>& lines) {
  std::vector<ordered_json> rows;
  for (const MeasuredLine& line : lines) {
    for (const LinePoint& point : line.points)
      rows.push_back({line_kind_names().name(line.kind), line.run, pair_of(line), line.level, line.density,
                      point_json(point)});
  }
  print_csv(out, "line,run,pair,level,density,alpha,train_loss,train_accuracy,test_loss,test_accuracy", rows);
}

void print_sharpness_csv(std::ostream& out, const std::vector<MeasuredSharpness>& all) {
  std::vector<ordered_json> rows;
  for (const MeasuredSharpness& one : all) {
    const Sharpness& s = one.sharpness;
    for (std::size_t i = 0; i < s.largest.size(); ++i)
      rows.push_back({one.run, one.level, one.density, one.survivors, one.images, i, s.largest[i], s.least,
                      s.trace.mean, s.trace.half_width});
  }
  print_csv(out,
            "run,level,density,survivors,images,index,eigenvalue,least_eigenvalue,trace,trace_half_width",
            rows);
}

}  // namespace ltlab::app
