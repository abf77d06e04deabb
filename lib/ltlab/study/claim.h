#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/figures.h"
#include "ltlab/base/names.h"

namespace ltlab {

/// The networks that one side of a claim is about.
struct Subject {
  std::string variant;            ///< "base", "base/random-reinit"
  std::vector<double> densities;  ///< 1 is the dense network
};

/// What a claim measures.
enum class Effect {
  value,       ///< a figure of one variant
  difference,  ///< of a figure of two variants
  ratio,       ///< of a figure's means of two variants
  trend,       ///< of a figure, each time the density is halved
  exponent     ///< b of figure = a * density^b
};

/// What a claim says of its effect.
enum class Relation {
  above,
  below,
  within,    ///< at most `width` from `value`
  not_worse  ///< not worse than 0 by `width`, in the direction in which the figure is good
};

/// A claim, read from a sentence. See parse_claim().
struct Claim {
  std::string name, text;
  Effect effect = Effect::value;
  Figure figure = Figure::test_accuracy;
  Subject of;                 ///< at each of its densities the claim is tested, in their order
  std::optional<Subject> to;  ///< as many densities; of differences and ratios
  Relation relation = Relation::above;
  double value = 0;
  double width = 0;
  bool width_in_deviations = false;   ///< of `to` over its seeds
  std::optional<std::string> unlike;  ///< a variant that the same test must tell from `to`
};

/// Reads a claim: a sentence that names a figure of kFigures, variants of the study, and densities.
///
///     FIGURE of A at D above|below [FIGURE of] B [at D] [by X]
///     FIGURE of A at D above|below X
///     FIGURE of A at D as good as [FIGURE of] B [at D] within M [sd|points] [, unlike C]
///     FIGURE of A at D equal to [FIGURE of] B [at D] within M [sd|points] [, unlike C]
///     ratio|difference of FIGURE of A at D to [FIGURE of] B [at D] is X within W
///     ratio|difference of FIGURE of A at D to [FIGURE of] B [at D] above|below X
///     FIGURE of A rises|falls from D to D
///     exponent of FIGURE of A from D to D is X within W, or above|below X
///
/// D may be several densities, as 0.2,0.1,0.05: the claim is then tested at each, in this order, until the
/// first that is not supported. The second D is the first's where it is left out. Accuracies are fractions,
/// or points where that word follows; `sd` is the standard deviation of B over its seeds. ConfigError that
/// says which word is at fault.
Claim parse_claim(const std::string& name, const std::string& text);

}  // namespace ltlab
