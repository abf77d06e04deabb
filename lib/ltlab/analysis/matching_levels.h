#pragma once

#include <optional>
#include <vector>

#include "ltlab/analysis/matching.h"
#include "ltlab/analysis/samples.h"
#include "ltlab/base/names.h"

namespace ltlab {

/// A corrected p-value below it is called significant.
constexpr double kSignificance = 0.05;

/// What makes a pruned network match the dense one.
enum class Criterion {
  /// Its accuracy is not worse than the dense network's by a margin: a one-sided t test at 5 %. Levels are
  /// judged by validation accuracy, from dense to sparse, until the first that is not matching: a fixed
  /// sequence of tests (Maurer, Hothorn & Lehmacher 1995), so that the chance of calling any level matching
  /// that is not stays at 5 %, and test accuracy is left to be reported.
  not_worse,
  /// Its mean test accuracy is at least the dense network's less one standard deviation (Chen et al. 2020,
  /// arXiv 2007.12223, section 3), whatever denser levels do. For comparison with papers: it is no test. Of
  /// five seeds an equal network matches in 91 % of cases, and one 1.5 deviations worse in a quarter.
  one_deviation
};

/// not-worse | one-deviation
inline const NameTable<Criterion>& criterion_names() {
  using enum Criterion;
  static const NameTable<Criterion> table("criterion",
                                          {{not_worse, "not-worse"}, {one_deviation, "one-deviation"}});
  return table;
}

struct MatchingOptions {
  Criterion criterion = Criterion::not_worse;
  double margin = 0.005;  ///< of accuracy: half a point
};

/// A pruned level beside the dense network.
struct LevelMatch {
  unsigned level = 0;
  double density = 1;
  /// The test of the accuracy that the criterion looks at, less the dense network's. One replicate has none.
  std::optional<MeanTest> difference;
  bool matches = false;  ///< by itself, whatever denser levels do
};

/// Which levels of a variant match the dense network.
struct Matching {
  Criterion criterion = Criterion::not_worse;
  bool on_validation = true;       ///< whether the accuracy looked at is validation's; imports may lack that
  std::vector<LevelMatch> levels;  ///< from dense to sparse, pruned ones
  std::optional<std::size_t> sparsest;  ///< index of the sparsest matching level; none where none is
  /// Whether the variant ended before a level failed: it may match at sparser levels, too.
  bool ended_first = false;
  /// `sparsest` by resampling the seeds that have all levels; none where there are fewer than two.
  std::optional<MatchingDistribution> resampled;
};

/// Judges the levels of a variant. A variant of one replicate has no test: its levels match if they are at
/// least as accurate as the dense network.
Matching find_matching(const Variant& variant, const MatchingOptions& options);

}  // namespace ltlab
