#include "tuning.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>

#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/tuning.h"
#include "ltlab/base/join.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

// Returns the FLOPs of all of a trial's trainings, relative to that of its dense network.
double cost_of(const RecordedRun& trial) {
  double all = 0, dense = 0;
  for (const RecordedTraining& training : trial.trainings) {
    all += training.summary.cost.flops;
    if (training.summary.level == 0) dense = training.summary.cost.flops;
  }
  return dense > 0 ? all / dense : 0;
}

// Returns whether the text is the least or the greatest number of those; not where one is no number.
bool is_at_end(const std::string& text, const std::vector<std::string>& of) {
  const auto number = [](const std::string& one) {
    double value = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(one.data(), one.data() + one.size(), value);
    return value;
  };
  const auto all_are = [&](const auto& holds) {
    return std::ranges::all_of(of, [&](const std::string& one) { return holds(number(one), number(text)); });
  };
  return all_are(std::less_equal{}) || all_are(std::greater_equal{});
}

// Returns the options whose chosen value is_at_end(). The values of the last option change fastest.
std::vector<std::string> options_at_end(const OptionValues& tried, std::size_t trials, std::size_t chosen) {
  std::vector<std::string> options;
  std::size_t in_a_row = trials;  // trials that have the same value
  for (const auto& [option, values] : tried) {
    in_a_row /= values.size();
    if (is_at_end(values[chosen / in_a_row % values.size()], values)) options.push_back(option);
  }
  return options;
}

std::string told_choice(const TunedSearch& search) {
  if (search.at_end.empty()) return "chosen";
  return "chosen; an end of " + join(search.at_end, ", of ");
}

}  // namespace

std::vector<TunedSearch> run_trials(ComparisonRunner& runner, const Specification& specification,
                                    const std::string& out) {
  for (const auto& [name, tuning] : specification.tunings)
    runner.run(tuning.trials, tuning_folder(specification, out, name));
  return read_tunings(specification, out);
}

bool are_trials_finished(const Specification& specification, const std::string& out) {
  return std::ranges::all_of(specification.tunings, [&](const auto& each) {
    return ComparisonRunner::is_finished(each.second.trials, tuning_folder(specification, out, each.first));
  });
}

std::vector<TunedSearch> read_tunings(const Specification& specification, const std::string& out) {
  std::vector<TunedSearch> tunings;
  for (const auto& [name, tuning] : specification.tunings) {
    TunedSearch& search = tunings.emplace_back(TunedSearch{name, {}, 0, {}});
    for (const auto& [trial, config] : tuning.trials)
      search.trials.push_back(read_recorded_run(tuning_folder(specification, out, name) / trial, trial));
    search.chosen = best_trial(search.trials);
    search.at_end = options_at_end(tuning.values, search.trials.size(), search.chosen);
  }
  return tunings;
}

Specification tuned(Specification specification, const std::vector<TunedSearch>& tunings) {
  for (const TunedSearch& tuning : tunings) {
    const auto search =
        std::ranges::find(specification.searches, tuning.name, &NamedSearches::value_type::first);
    search->second = specification.tunings.at(tuning.name).candidates[tuning.chosen].second;
  }
  return specification;
}

TextTable tuning_table(const std::vector<TunedSearch>& tunings) {
  TextTable table{
      "Settings chosen by trials of another seed: the best mean accuracy of all pruned levels on the "
      "validation images. What all trials took is part of the cost of the networks that they chose for. "
      "Where "
      "the value at an end of a list was chosen, one beyond might be better.",
      {"variant", "trial", {"validation accuracy", Align::right}, {"cost / dense", Align::right}, ""},
      {}};
  table.label = "tuning";
  for (const TunedSearch& search : tunings) {
    for (std::size_t i = 0; i < search.trials.size(); ++i)
      table.rows.push_back(
          {search.name, search.trials[i].name, format("%.2f %%", 100 * tuning_accuracy(search.trials[i])),
           format("%.3f", cost_of(search.trials[i])), i == search.chosen ? told_choice(search) : ""});
  }
  table.keys = 2;
  return table;
}

ordered_json tuning_json(const std::vector<TunedSearch>& tunings) {
  return json_array(tunings, [](const TunedSearch& search) {
    return ordered_json{{"variant", search.name},
                        {"chosen", search.trials[search.chosen].name},
                        {"at_end", search.at_end},
                        {"trials", json_array(search.trials, [](const RecordedRun& trial) {
                           return ordered_json{{"name", trial.name},
                                               {"validation_accuracy", tuning_accuracy(trial)},
                                               {"relative_flops", cost_of(trial)}};
                         })}};
  });
}

}  // namespace ltlab::app
