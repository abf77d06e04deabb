#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/study/registration.h"
#include "ltlab/study/study_lines.h"
#include "ltlab/study/verdicts.h"
#include "tuning.h"

namespace ltlab::app {

/// The verdicts of one specification.
struct SpecifiedVerdicts {
  std::string name;  ///< as of Specification; empty where nothing is varied
  std::vector<ClaimVerdict> verdicts;
  std::vector<TunedSearch> tunings;
};

/// A look at growing data, after which a study may end.
struct Look {
  unsigned seeds = 0;
  double alpha = 0.05;  ///< that this look may spend
};

/// What a study has found.
struct StudyFindings {
  std::string name;
  StudyLines study;
  std::vector<RegistrationEntry> registered;
  std::map<std::string, LineTiming> timings;      ///< of lines of the study file
  std::vector<SpecifiedVerdicts> specifications;  ///< the main one first
  std::vector<Look> looks;                        ///< those planned; one where there is nothing to grow
  std::size_t looks_done = 1;

  const std::vector<ClaimVerdict>& verdicts() const { return specifications.front().verdicts; }
};

/// Returns an effect of a claim, or its spread, in words: "1.96 points", "2.51", "340 steps".
std::string effect_words(const Claim& claim, double effect);

/// Prints the verdicts as a table, and what a reader must know of them, for a terminal.
void print_study(std::ostream& out, const StudyFindings& findings);

/// Returns a page in Markdown: question, registration, claims and their verdicts, exclusions and deviations.
std::string study_markdown(const StudyFindings& findings);

/// Returns all of it. Accuracies and their differences are fractions; undefined figures are null.
nlohmann::ordered_json study_json(const StudyFindings& findings);

}  // namespace ltlab::app
