#pragma once

#include <chrono>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "ltlab/analysis/search_results.h"
#include "ltlab/lottery/search.h"

namespace ltlab::app {

/// Shows the progress of a search on standard error: one line that rewrites itself on a terminal; otherwise
/// one line per training and an occasional one in between. Also gathers the results.
class SearchProgress : public SearchObserver {
 public:
  SearchProgress(SearchConfig config, unsigned workers);
  /// Wipes the terminal's line.
  ~SearchProgress() override;

  void on_plan(const std::vector<double>& densities) override;
  void on_progress(const TrainingProgress& progress) override;
  void on_recorded(const TrainingName& name, const LevelSummary& summary, bool now) override;

  const SearchResults& results() const { return results_; }

 private:
  using Key = std::tuple<unsigned, std::string, unsigned, unsigned>;  // replicate, branch, trial, level

  std::size_t trainings(std::size_t level) const;
  double seconds_left() const;
  double expected_seconds(std::size_t level) const;
  std::string describe(const TrainingProgress& progress) const;
  std::string describe(const TrainingName& name, const LevelSummary& summary) const;
  void show(const std::string& line, bool lasting) const;

  SearchConfig config_;
  unsigned workers_;
  bool terminal_;
  std::vector<double> densities_;
  std::vector<std::size_t> recorded_;         // trainings, by level
  std::vector<std::vector<double>> seconds_;  // of this session's trainings, by level
  std::map<Key, TrainingProgress> running_;
  SearchResults results_;
  std::chrono::steady_clock::time_point last_line_{};
};

}  // namespace ltlab::app
