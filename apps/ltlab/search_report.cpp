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
    out << control << ": not matching from " << percent(levels[*fails].density) << " density on";
  } else {
    out << control << ": matching down to the sparsest level";
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

ordered_json to_json(const SampleStatistics& s) {
  return {
      {"mean", s.mean}, {"standard_deviation", s.deviation}, {"half_width_95", s.half_width}, {"n", s.size}};
}

}  // namespace

void print_report(std::ostream& out, const std::vector<LevelStatistics>& levels) {
  print_table(out, levels);
  const Verdict verdict = judge(levels);
  const std::size_t replicates = levels.front().branches.at("ticket").test_accuracy.size;
  out << '\n'
      << "Mean ± half-width of the 95 % confidence interval over " << replicates
      << (replicates == 1 ? " replicate: no interval and no deviation; the verdict needs --replicates.\n"
                          : " replicates.\n")
      << "A level is matching if its mean test accuracy is at least the dense network's less one standard "
         "deviation: "
      << percent(verdict.dense_accuracy - verdict.dense_deviation) << ".\n";
  if (verdict.sparsest_matching) {
    const LevelStatistics& level = levels[*verdict.sparsest_matching];
    out << "Winning ticket: the sparsest matching level is level " << level.level << ", "
        << percent(level.density) << " density, " << percent(level.branches.at("ticket").test_accuracy.mean)
        << " test accuracy (dense " << percent(verdict.dense_accuracy) << ").\n";
  } else {
    out << "No winning ticket: no pruned level is matching.\n";
  }
  for (const auto& [control, fails] : verdict.control_fails)
    print_control_verdict(out, levels, verdict, control, fails);
}

ordered_json report_json(const std::vector<LevelStatistics>& levels) {
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
  const Verdict verdict = judge(levels);
  const auto density_of = [&](const std::optional<std::size_t>& index) {
    return index ? ordered_json(levels[*index].density) : ordered_json();
  };
  ordered_json controls;
  for (const auto& [control, fails] : verdict.control_fails) controls[control] = density_of(fails);
  return {{"levels", rows},
          {"verdict",
           {{"dense_test_accuracy", verdict.dense_accuracy},
            {"dense_standard_deviation", verdict.dense_deviation},
            {"sparsest_matching_density", density_of(verdict.sparsest_matching)},
            {"control_fails_from_density", controls}}}};
}

}  // namespace ltlab::app
