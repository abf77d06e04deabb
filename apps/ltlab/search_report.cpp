#include "search_report.h"

#include <cmath>
#include <set>

#include "format.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

std::string percent(double fraction) {
  return format("%.2f %%", 100 * fraction);
}

std::string accuracy(const SampleStatistics& s) {
  return s.size > 1 ? format("%6.2f ± %.2f", 100 * s.mean, 100 * s.half_width)
                    : format("%6.2f", 100 * s.mean);
}

std::string step(const SampleStatistics& s) {
  return s.size > 1 ? format("%.0f ± %.0f", s.mean, s.half_width) : format("%.0f", s.mean);
}

// Pads by characters, not bytes: "±" is two bytes of UTF-8.
std::string pad(const std::string& text, std::size_t width) {
  std::size_t characters = 0;
  for (const char c : text) characters += (c & 0xC0) != 0x80;
  return text + std::string(width > characters ? width - characters : 0, ' ');
}

// Branches in the order of the columns: the ticket, then the controls.
std::vector<std::string> branch_names(const std::vector<LevelStatistics>& levels) {
  std::set<std::string> controls;
  for (const LevelStatistics& level : levels) {
    for (const auto& [name, unused] : level.branches) {
      if (name != "ticket") controls.insert(name);
    }
  }
  std::vector<std::string> names{"ticket"};
  names.insert(names.end(), controls.begin(), controls.end());
  return names;
}

void print_table(std::ostream& out, const std::vector<LevelStatistics>& levels) {
  constexpr std::size_t kAccuracy = 15, kStep = 15;
  const std::vector<std::string> branches = branch_names(levels);
  out << "                  ";
  for (const std::string& branch : branches) out << "| " << pad(branch, 2 * kAccuracy + kStep);
  out << "\nlevel   density   ";
  for (std::size_t i = 0; i < branches.size(); ++i) {
    out << "| " << pad("test % at end", kAccuracy) << pad("at early stop", kAccuracy)
        << pad("early-stop step", kStep);
  }
  out << '\n';
  for (const LevelStatistics& level : levels) {
    out << format("%5u  %7.2f %%   ", level.level, 100 * level.density);
    for (const std::string& branch : branches) {
      const auto found = level.branches.find(branch);
      const bool has = found != level.branches.end();
      out << "| " << pad(has ? accuracy(found->second.test_accuracy) : "", kAccuracy)
          << pad(has ? accuracy(found->second.early_stop_test_accuracy) : "", kAccuracy)
          << pad(has ? step(found->second.early_stop_step) : "", kStep);
    }
    out << '\n';
  }
}

void print_control_verdict(std::ostream& out, const std::vector<LevelStatistics>& levels,
                           const Verdict& verdict, const std::string& control,
                           const std::optional<std::size_t>& fails) {
  if (fails) {
    out << control << (verdict.dense_deviation ? ": not matching from " : ": below the dense network from ")
        << percent(levels[*fails].density) << " density on";
  } else {
    out << control << (verdict.dense_deviation ? ": matching" : ": at least as accurate as the dense network")
        << " down to the sparsest level";
  }
  if (verdict.sparsest_matching) {
    const auto& branches = levels[*verdict.sparsest_matching].branches;
    const auto found = branches.find(control);
    if (found != branches.end()) {
      const double ahead = branches.at("ticket").test_accuracy.mean - found->second.test_accuracy.mean;
      out << format("; at the winning ticket's density it is %.2f points %s (%s)", 100 * std::abs(ahead),
                    ahead >= 0 ? "below" : "above", percent(found->second.test_accuracy.mean).c_str());
    }
  }
  out << '\n';
}

// What a verdict is worth: a single replicate has no deviation, and must not be read as if it had.
void print_criterion(std::ostream& out, const Verdict& verdict, std::size_t replicates) {
  const std::string required = percent(verdict.required_accuracy);
  if (verdict.dense_deviation) {
    out << "Mean ± half-width of the 95 % confidence interval over " << replicates << " replicates.\n"
        << "A level is matching if its mean test accuracy is at least the dense network's less one standard "
           "deviation: "
        << required << ".\n";
  } else {
    out << "One replicate: no confidence interval and no standard deviation. Levels are compared with the "
           "dense "
           "network's\nown test accuracy, "
        << required << "; whether a difference is more than chance, only --replicates can tell.\n";
  }
}

void print_ticket_verdict(std::ostream& out, const std::vector<LevelStatistics>& levels,
                          const Verdict& verdict) {
  const bool matching = verdict.dense_deviation.has_value();
  if (!verdict.sparsest_matching) {
    out << "No winning ticket: no pruned level "
        << (matching ? "is matching.\n" : "reaches the dense network's test accuracy.\n");
    return;
  }
  const LevelStatistics& level = levels[*verdict.sparsest_matching];
  out << (matching ? "Winning ticket: the sparsest matching level is level "
                   : "Winning ticket of this replicate: the sparsest level at least as accurate is level ")
      << level.level << ", " << percent(level.density) << " density, "
      << percent(level.branches.at("ticket").test_accuracy.mean) << " test accuracy (dense "
      << percent(verdict.dense_accuracy) << ").\n";
}

// NaN, which JSON writes as null, where nothing was trained.
double flops_ratio(const Cost& cost) {
  return cost.flops / cost.dense_flops;
}

void print_cost(std::ostream& out, const SearchResults& results) {
  const Cost cost = results.cost();
  out << format(
      "Cost: %s of training, summed over %zu trainings; %.3g FLOPs, %.1f %% of the %.3g of dense "
      "training.\n",
      duration(cost.wall_seconds).c_str(), results.trainings(), cost.flops, 100 * flops_ratio(cost),
      cost.dense_flops);
}

// Spread is null where there is none: for a single value.
ordered_json to_json(const SampleStatistics& s) {
  const auto spread = [&](double value) { return s.size > 1 ? ordered_json(value) : ordered_json(); };
  return {{"mean", s.mean},
          {"standard_deviation", spread(s.deviation)},
          {"half_width_95", spread(s.half_width)},
          {"n", s.size}};
}

ordered_json to_json(const Cost& cost) {
  return {{"wall_seconds", cost.wall_seconds},
          {"flops", cost.flops},
          {"dense_flops", cost.dense_flops},
          {"flops_ratio", flops_ratio(cost)}};
}

ordered_json to_json(const Verdict& verdict, const std::vector<LevelStatistics>& levels) {
  const auto density_of = [&](const std::optional<std::size_t>& index) {
    return index ? ordered_json(levels[*index].density) : ordered_json();
  };
  ordered_json controls;
  for (const auto& [control, fails] : verdict.control_fails) controls[control] = density_of(fails);
  const bool matching = verdict.dense_deviation.has_value();
  ordered_json json = {
      {"criterion", matching ? "mean test accuracy >= dense mean - dense standard deviation"
                             : "test accuracy >= dense test accuracy, of one replicate"},
      {"required_test_accuracy", verdict.required_accuracy},
      {"dense_test_accuracy", verdict.dense_accuracy},
      {"dense_standard_deviation", matching ? ordered_json(*verdict.dense_deviation) : ordered_json()},
      {"sparsest_matching_density", density_of(verdict.sparsest_matching)}};
  if (!controls.empty()) json["control_fails_from_density"] = controls;
  return json;
}

}  // namespace

void print_verdict(std::ostream& out, const SearchResults& results) {
  const std::vector<LevelStatistics> levels = results.levels();
  const Verdict verdict = judge(levels);
  print_criterion(out, verdict, levels.front().branches.at("ticket").test_accuracy.size);
  print_ticket_verdict(out, levels, verdict);
  for (const auto& [control, fails] : verdict.control_fails)
    print_control_verdict(out, levels, verdict, control, fails);
  print_cost(out, results);
}

void print_report(std::ostream& out, const SearchResults& results) {
  print_table(out, results.levels());
  out << '\n';
  print_verdict(out, results);
}

ordered_json report_json(const SearchResults& results) {
  const std::vector<LevelStatistics> levels = results.levels();
  ordered_json rows = ordered_json::array();
  for (const LevelStatistics& level : levels) {
    ordered_json branches;
    for (const auto& [name, s] : level.branches) {
      branches[name] = {{"test_accuracy", to_json(s.test_accuracy)},
                        {"early_stop_test_accuracy", to_json(s.early_stop_test_accuracy)},
                        {"early_stop_step", to_json(s.early_stop_step)}};
    }
    rows.push_back({{"level", level.level}, {"density", level.density}, {"branches", branches}});
  }
  return {{"levels", rows}, {"verdict", to_json(judge(levels), levels)}, {"cost", to_json(results.cost())}};
}

}  // namespace ltlab::app
