#include "search_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>
#include <utility>

#include "format.h"
#include "terminal.h"

namespace ltlab::app {

using namespace std::chrono_literals;

SearchProgress::SearchProgress(SearchConfig config, unsigned workers)
    : config_(std::move(config)), workers_(workers), terminal_(isatty(STDERR_FILENO) == 1) {}

SearchProgress::~SearchProgress() {
  if (terminal_) wipe_line();
}

void SearchProgress::on_plan(const std::vector<double>& densities) {
  densities_ = densities;
  recorded_.assign(densities.size(), 0);
  seconds_.resize(densities.size());
}

void SearchProgress::on_progress(const TrainingProgress& progress) {
  running_[{progress.name.replicate, progress.name.branch, progress.name.trial, progress.name.level}] =
      progress;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_line_ < (terminal_ ? 200ms : 30s)) return;
  last_line_ = now;
  show(describe(progress), false);
}

void SearchProgress::on_recorded(const TrainingName& name, const LevelSummary& summary, bool now) {
  results_.add(name, summary);
  running_.erase({name.replicate, name.branch, name.trial, name.level});
  if (name.branch != "pretraining") ++recorded_[name.level];
  if (!now) return;
  if (name.branch != "pretraining") seconds_[name.level].push_back(summary.cost.wall_seconds);
  show(describe(name, summary), true);
  last_line_ = std::chrono::steady_clock::now();
}

std::size_t SearchProgress::trainings(std::size_t level) const {
  std::size_t controls = 0;
  for (const Control control : config_.controls) controls += level == 0 ? 0 : config_.trials_of(control);
  return config_.replicates * (1 + controls);
}

// Sparser levels cost less, so the nearest level known is a fair guess, on the safe side.
double SearchProgress::expected_seconds(std::size_t level) const {
  for (std::size_t l = level + 1; l-- > 0;) {
    if (!seconds_[l].empty()) {
      return std::accumulate(seconds_[l].begin(), seconds_[l].end(), 0.0) /
             static_cast<double>(seconds_[l].size());
    }
  }
  for (const auto& [key, progress] : running_) {
    if (progress.steps_per_second > 0) return static_cast<double>(progress.steps) / progress.steps_per_second;
  }
  return 0;
}

double SearchProgress::seconds_left() const {
  double work = 0;
  for (std::size_t level = 0; level < densities_.size(); ++level) {
    work += static_cast<double>(trainings(level) - recorded_[level]) * expected_seconds(level);
  }
  for (const auto& [key, progress] : running_) work -= progress.wall_seconds;
  return std::max(0.0, work / workers_);
}

// Shortens the text where the terminal is too narrow for all of it, the more the narrower it is.
std::string SearchProgress::describe(const TrainingName& name, const LevelSummary& summary) const {
  const std::string trial =
      name.branch == "ticket" || name.branch == "pretraining" ? "" : format(" trial %u", name.trial);
  const auto early_stop = static_cast<unsigned long long>(summary.early_stop_step);
  const double density = 100 * summary.density, accuracy = 100 * summary.test_accuracy;
  const std::string lines[] = {
      format(
          "replicate %u  level %2u  density %6.2f %%  %s%s: test accuracy %.2f %%, early stop at step %llu "
          "(%.2f %%), %.1f s",
          name.replicate, name.level, density, name.branch.c_str(), trial.c_str(), accuracy, early_stop,
          100 * summary.early_stop_test_accuracy, summary.cost.wall_seconds),
      format("r%u L%u %.2f %% %s%s: test %.2f %%, early stop %llu, %.1f s", name.replicate, name.level,
             density, name.branch.c_str(), trial.c_str(), accuracy, early_stop, summary.cost.wall_seconds),
      format("r%u L%u %s: test %.2f %%", name.replicate, name.level, name.branch.c_str(), accuracy)};
  const std::size_t most = terminal_columns(STDERR_FILENO);
  for (const std::string& line : lines) {
    if (line.size() < most) return line;
  }
  return lines[2];
}

std::string SearchProgress::describe(const TrainingProgress& progress) const {
  std::size_t all = 0;
  for (std::size_t level = 0; level < densities_.size(); ++level) all += trainings(level);
  const std::size_t done = std::accumulate(recorded_.begin(), recorded_.end(), std::size_t{0});
  // Words are short so that all of it fits a terminal of 80 columns; a narrower one cuts the end off.
  const std::string control = "random-", &branch = progress.name.branch;
  const std::string name = branch.starts_with(control) ? branch.substr(control.size()) : branch;
  return format("[%zu/%zu %s left] r%u %s L%u %.3g%% %llu/%llu loss %.3f acc %.1f%% %.0f steps/s", done, all,
                duration(seconds_left()).c_str(), progress.name.replicate, name.c_str(), progress.name.level,
                100 * progress.density, static_cast<unsigned long long>(progress.step),
                static_cast<unsigned long long>(progress.steps), progress.train_loss,
                100 * progress.validation_accuracy, progress.steps_per_second);
}

void SearchProgress::show(const std::string& line, bool lasting) const {
  if (terminal_) wipe_line();
  if (!terminal_ || lasting) {
    std::cerr << line + "\n";
  } else {
    std::cerr << line.substr(0, terminal_columns(STDERR_FILENO) - 1) << std::flush;
  }
}

}  // namespace ltlab::app
