#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ltlab/config/config_lines.h"
#include "ltlab/study/claim.h"
#include "ltlab/study/verdicts.h"

namespace ltlab {

/// What a study file asks, beside the searches that it describes.
struct StudyLines {
  std::string question, source;                              ///< of the whole study; may be empty
  std::vector<Claim> claims;                                 ///< in the order of the file
  std::map<std::string, QuotedNumber> quotes;                ///< by claims' names
  std::map<std::string, std::vector<std::string>> families;  ///< of claims' names
  std::map<std::uint64_t, std::string> exclusions;  ///< reasons by seed, which is left out everywhere
  std::map<std::string, std::string> deviations;    ///< from what was registered or published
  std::vector<unsigned> looks;  ///< numbers of seeds after which claims are evaluated; empty: after all
};

/// Returns whether a line of a comparison file is one of these, and not a setting of a search.
bool is_study_line(const std::string& name);

/// Reads them:
///
///     question = TEXT                 source = TEXT
///     claim.NAME = SENTENCE           (parse_claim)
///     quote.NAME = NUMBER, SOURCE     what a paper printed for the claim's effect
///     family.NAME = CLAIM,CLAIM,...   claims that are corrected together
///     exclude.SEED = REASON           deviation.NAME = TEXT
///     looks = 3,5,8                   numbers of seeds, rising
///
/// ConfigError, naming the line, also where one names a claim that is not there.
StudyLines read_study_lines(const ConfigLines& lines);

/// Throws ConfigError where a claim names a variant that is not among these.
void check_variants(const StudyLines& study, const std::vector<std::string>& variants);

}  // namespace ltlab
