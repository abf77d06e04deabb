#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/mean_test.h"
#include "ltlab/study/claim.h"

namespace ltlab {

enum class Decision { supported, refuted, undecided };

/// supported | refuted | undecided
inline const NameTable<Decision>& decision_names() {
  using enum Decision;
  static const NameTable<Decision> table(
      "decision", {{supported, "supported"}, {refuted, "refuted"}, {undecided, "undecided"}});
  return table;
}

/// A claim's test at one of its densities.
struct ClaimTest {
  double density = 1;    ///< of `of`; of a course, where it ends
  double estimate = 0;   ///< of the effect
  Interval interval;     ///< 95 %: Student's or Welch's, of a ratio Fieller's
  std::size_t size = 0;  ///< seeds, or pairs
  bool paired = false;   ///< of differences and ratios: test_difference()
  /// What the test looks at, `estimate` less the claim's number, and its standard deviation over seeds: of
  /// pairs or one sample, or of each of two samples alike. Of ratios both are of a - number * b.
  double beyond = 0, deviation = 0;
  double unit = 1;         ///< of these two, in that of the effect: of ratios 1 / mean(b)
  double width = 0;        ///< the claim's, in the figure's unit
  double p_supported = 1;  ///< that the claim is wrong, so that a small one supports it
  double p_refuted = 1;    ///< that its contrary is wrong, so that a small one refutes it
  /// The effect beyond the claim's number that as many seeds would have shown in 80 % of experiments.
  double smallest_effect = 0;
  /// The share of networks, of the side that has more of them, that were still improving when their training
  /// ended: VariantNetwork::still_improving. With more steps they might rank otherwise.
  double still_improving = 0;
  /// Whether the same test tells Claim::unlike from `to`; empty where the claim names none.
  std::optional<bool> tells_unlike;
};

/// A number that a paper printed for a claim's effect.
struct QuotedNumber {
  double value = 0;
  std::string source;  ///< "figure 3"
};

/// How a claim's effect agrees with a quoted number: undecided where the interval is too wide to tell.
struct Agreement {
  QuotedNumber quoted;
  bool holds_number = false;                 ///< whether the interval holds the number
  Decision direction = Decision::undecided;  ///< whether the effect lies on the number's side of none
};

struct ClaimVerdict {
  Claim claim;
  std::vector<ClaimTest> tests;  ///< in the order of the claim's densities
  std::size_t supported = 0;     ///< tests from the first on that support it
  /// The p-values of the claim as a whole, before and after Holm's correction over its family.
  double p_supported = 1, p_refuted = 1, corrected_p_supported = 1, corrected_p_refuted = 1;
  Decision decision = Decision::undecided;
  bool blind = false;  ///< a test does not tell Claim::unlike, so that nothing supports the claim
  std::string reason;  ///< why it is undecided although tested, or not tested
  std::optional<Agreement> agreement;
};

/// The networks that claims are about, by the names of their variants.
using StudyVariants = std::map<std::string, Variant>;

struct VerdictOptions {
  double alpha = 0.05;                                       ///< two-sided, of each family
  std::map<std::string, std::vector<std::string>> families;  ///< names of claims; others are their own
  std::map<std::string, QuotedNumber> quotes;                ///< by the names of claims
};

/// Evaluates claims. Directional claims are tested two-sided at `alpha`; likeness by one-sided tests at alpha
/// (TOST and non-inferiority: Schuirmann 1987), and refuted two-sided. A claim over several densities is
/// tested in their order until the first that is not supported. ConfigError where a claim names a variant or
/// a density that is not there.
std::vector<ClaimVerdict> evaluate(const std::vector<Claim>& claims, const StudyVariants& variants,
                                   const VerdictOptions& options);

/// Returns how many claims would be supported if all of them were one family, corrected by Holm.
std::size_t count_supported_as_one_family(const std::vector<ClaimVerdict>& verdicts, double alpha);

/// Returns the level of a variant whose density counts as equal. ConfigError, naming the densities that there
/// are, where there is none.
unsigned level_of(const Variant& variant, double density);

}  // namespace ltlab
