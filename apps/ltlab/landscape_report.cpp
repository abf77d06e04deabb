#include "landscape_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "format.h"

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

template <class Measurement, class Value>
SampleStatistics over(const std::vector<const Measurement*>& runs, const Value& value) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const Measurement* run : runs) values.push_back(value(*run));
  return describe(values);
}

// What ltlab landscape calls a barrier: of a line that starts untrained there is none.
bool has_barrier(LineKind kind) {
  return kind != LineKind::training;
}

constexpr std::size_t kIntervalWidth = 11;

// A mean and, of several runs, its interval's half-width.
std::string with_interval(const char* pattern, const SampleStatistics& value, double scale = 1) {
  std::string text = format(pattern, value.mean * scale);
  if (value.size > 1) text += format(" ± %-8.3g", value.half_width * scale);
  return text;
}

double test_error(const LinePoint& point) {
  return 1 - point.test.accuracy;
}

// The mean test error of the runs at each point.
std::vector<double> mean_errors(const std::vector<const MeasuredLine*>& runs) {
  std::vector<double> errors;
  for (std::size_t p = 0; p < runs.front()->points.size(); ++p) {
    errors.push_back(over(runs, [p](const MeasuredLine& line) { return test_error(line.points[p]); }).mean);
  }
  return errors;
}

// Heights in eighths of `top`.
std::string bars(const std::vector<double>& values, double top) {
  static const std::array<const char*, 9> eighths{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const double value : values)
    text += eighths[static_cast<std::size_t>(std::clamp(std::ceil(8 * value / top), 0.0, 8.0))];
  return text;
}

// One row: a level's lines.
void print_level(std::ostream& out, LineKind kind, const std::vector<const MeasuredLine*>& runs, double top) {
  const auto mean = [&](const auto& value) { return over(runs, value).mean; };
  const std::vector<double> errors = mean_errors(runs);
  out << format("%5u %7.2f %% |", runs.front()->level,
                100 * mean([](const auto& line) { return line.density; }))
      << format("%8.2f%8.2f%10.2f |", 100 * errors.front(), 100 * errors.back(),
                100 * std::ranges::max(errors))
      << format("%8.4f%8.4f |", mean([](const auto& line) { return line.points.front().test.loss; }),
                mean([](const auto& line) { return line.points.back().test.loss; }));
  SampleStatistics error;
  if (has_barrier(kind)) {
    error = over(runs, [](const auto& line) { return barrier(line.points).test_error; });
    out << with_interval("%7.2f", error, 100)
        << with_interval("%9.4f", over(runs, [](const auto& line) { return barrier(line.points).test_loss; }))
        << " |";
  }
  out << ' ' << bars(errors, top);
  if (kind == LineKind::copies) out << (error.mean < kStableBarrier ? "  stable" : "  unstable");
  out << '\n';
}

void print_kind(std::ostream& out, LineKind kind, const ByLevel<MeasuredLine>& levels) {
  double top = 0;
  for (const auto& [level, runs] : levels) top = std::max(top, std::ranges::max(mean_errors(runs)));
  const bool several = std::ranges::any_of(levels, [](const auto& entry) { return entry.second.size() > 1; });
  const std::string gap(several ? kIntervalWidth : 0, ' '),
      errors = format("error from 0 to %.3g %%", 100 * top);
  out << '\n' << title(kind) << '\n';
  out << format("%15s | %-25s | %-15s |", "", "test error, %", "test loss");
  if (has_barrier(kind)) out << " barrier of test " << gap << gap << "|";
  out << '\n'
      << format("%5s%10s |%8s%8s%10s |%8s%8s |", "level", "density", "first", "last", "greatest", "first",
                "last");
  if (has_barrier(kind)) out << format("%7s", "error") << gap << format("%9s", "loss") << gap << " |";
  out << ' ' << errors << '\n';
  for (const auto& [level, runs] : levels) print_level(out, kind, runs, top);
}

template <class Measurement>
void count_runs(std::ostream& out, const ByLevel<Measurement>& levels) {
  std::size_t runs = 0;
  for (const auto& [level, of_level] : levels) runs = std::max(runs, of_level.size());
  if (runs > 1)
    out << format("\nMean (± half-width of the 95 %% confidence interval) over %zu runs.\n", runs);
}

ordered_json point_json(const LinePoint& point) {
  return {{"alpha", point.alpha},
          {"train_loss", point.train.loss},
          {"train_accuracy", point.train.accuracy},
          {"test_loss", point.test.loss},
          {"test_accuracy", point.test.accuracy}};
}

// A field of CSV, quoted where its text asks for that.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + '"';
}

}  // namespace

void print_lines(std::ostream& out, const std::vector<MeasuredLine>& lines) {
  std::map<LineKind, ByLevel<MeasuredLine>> kinds;
  for (const MeasuredLine& line : lines) kinds[line.kind][line.level].push_back(&line);
  for (const auto& [kind, levels] : kinds) print_kind(out, kind, levels);
  out << "\nbarrier: greatest less the mean of both ends; stable: less than "
      << format("%g", 100 * kStableBarrier) << " points of error (Frankle et al. 2020)\n";
  if (!kinds.empty()) count_runs(out, kinds.begin()->second);
}

void print_sharpness(std::ostream& out, const std::vector<MeasuredSharpness>& all) {
  ByLevel<MeasuredSharpness> levels;
  for (const MeasuredSharpness& one : all) levels[one.level].push_back(&one);
  const std::size_t count = all.front().sharpness.largest.size();
  const std::string gap(all.size() > levels.size() ? kIntervalWidth : 0, ' ');
  out << format("\nHessian of the training loss on %zu images, at the survivors after training\n",
                all.front().images)
      << format("level   density  survivors       trace%s       least%s  largest eigenvalue%s\n", gap.c_str(),
                gap.c_str(), count > 1 ? "s" : "");
  for (const auto& [level, runs] : levels) {
    out << format("%5u %7.2f %%", level, 100 * over(runs, [](const auto& one) { return one.density; }).mean)
        << format("%11.0f", over(runs, [](const auto& one) { return one.survivors; }).mean)
        << with_interval("%12.5g", over(runs, [](const auto& one) { return one.sharpness.trace.mean; }))
        << with_interval("%12.4g", over(runs, [](const auto& one) { return one.sharpness.least; }));
    for (std::size_t i = 0; i < count; ++i) {
      out << with_interval("%12.5g", over(runs, [i](const auto& one) { return one.sharpness.largest[i]; }));
    }
    out << '\n';
  }
  count_runs(out, levels);
}

ordered_json lines_json(const std::vector<MeasuredLine>& lines) {
  ordered_json result = ordered_json::array();
  for (const MeasuredLine& line : lines) {
    const Barrier rise = barrier(line.points);
    ordered_json points = ordered_json::array();
    for (const LinePoint& point : line.points) points.push_back(point_json(point));
    result.push_back({{"line", line_kind_names().name(line.kind)},
                      {"run", line.run},
                      {"level", line.level},
                      {"density", line.density},
                      {"barrier",
                       {{"train_loss", rise.train_loss},
                        {"train_error", rise.train_error},
                        {"test_loss", rise.test_loss},
                        {"test_error", rise.test_error}}},
                      {"points", points}});
  }
  return result;
}

ordered_json sharpness_json(const std::vector<MeasuredSharpness>& all) {
  ordered_json result = ordered_json::array();
  for (const MeasuredSharpness& one : all) {
    result.push_back({{"run", one.run},
                      {"level", one.level},
                      {"density", one.density},
                      {"survivors", one.survivors},
                      {"images", one.images},
                      {"largest_eigenvalues", one.sharpness.largest},
                      {"least_eigenvalue", one.sharpness.least},
                      {"trace", one.sharpness.trace.mean},
                      {"trace_half_width", one.sharpness.trace.half_width},
                      {"hessian_products", one.sharpness.products}});
  }
  return result;
}

void print_lines_csv(std::ostream& out, const std::vector<MeasuredLine>& lines) {
  out << "line,run,level,density,alpha,train_loss,train_accuracy,test_loss,test_accuracy\n";
  for (const MeasuredLine& line : lines) {
    for (const LinePoint& p : line.points) {
      out << line_kind_names().name(line.kind) << ',' << quoted(line.run)
          << format(",%u,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", line.level, line.density, p.alpha, p.train.loss,
                    p.train.accuracy, p.test.loss, p.test.accuracy);
    }
  }
}

void print_sharpness_csv(std::ostream& out, const std::vector<MeasuredSharpness>& all) {
  out << "run,level,density,survivors,images,index,eigenvalue,least_eigenvalue,trace,trace_half_width\n";
  for (const MeasuredSharpness& one : all) {
    const Sharpness& s = one.sharpness;
    for (std::size_t i = 0; i < s.largest.size(); ++i) {
      out << quoted(one.run)
          << format(",%u,%.9g,%zu,%zu,%zu,%.9g,%.9g,%.9g,%.9g\n", one.level, one.density, one.survivors,
                    one.images, i, s.largest[i], s.least, s.trace.mean, s.trace.half_width);
    }
  }
}

}  // namespace ltlab::app
