#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comparison_file.h"
#include "comparison_runner.h"
#include "ltlab/analysis/compared_run.h"
#include "text_table.h"

namespace ltlab::app {

/// A search whose settings were chosen by trials.
struct TunedSearch {
  std::string name;
  std::vector<RecordedRun> trials;
  std::size_t chosen = 0;           ///< of the trials: best_trial()
  std::vector<std::string> at_end;  ///< options of whose numbers the least or the greatest was chosen
};

/// Runs what is missing of a specification's trials, in the folders of comparison_file.h, and returns the
/// searches that are tuned. Errors as of ComparisonRunner::run().
std::vector<TunedSearch> run_trials(ComparisonRunner& runner, const Specification& specification,
                                    const std::string& out);

/// Returns whether every trial is finished.
bool are_trials_finished(const Specification& specification, const std::string& out);

/// Returns the same of trials that are recorded. Errors as of read_recorded_run().
std::vector<TunedSearch> read_tunings(const Specification& specification, const std::string& out);

/// Returns a specification whose searches have the settings that their trials chose.
Specification tuned(Specification specification, const std::vector<TunedSearch>& tunings);

/// Returns one row a trial; no rows where nothing was tuned.
TextTable tuning_table(const std::vector<TunedSearch>& tunings);

/// Returns the same. Accuracies are fractions, costs relative to the trial's dense training.
nlohmann::ordered_json tuning_json(const std::vector<TunedSearch>& tunings);

}  // namespace ltlab::app
