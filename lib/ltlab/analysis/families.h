#pragma once

#include <span>
#include <vector>

namespace ltlab {

/// Returns p-values corrected for testing several hypotheses: the chance of any false rejection stays at the
/// level that corrected values are compared with (Holm 1979). Keeps the order; NaN stays, and is not counted.
std::vector<double> holm_corrected(std::span<const double> p_values);

/// Returns p-values corrected for testing hypotheses in an order that was fixed before the results were seen:
/// each is tested at the full level, up to the first that is not rejected, so that the corrected p-value is
/// the largest of those up to it (fixed-sequence procedure; Maurer, Hothorn & Lehmacher 1995, "Multiple
/// comparisons in drug clinical trials and preclinical assays: a-priori ordered hypotheses"; Westfall &
/// Krishen 2001, "Optimally weighted, fixed sequence and gatekeeper multiple testing procedures"). The chance
/// of any false rejection stays at the level. A NaN rejects nothing: it stays, and those after it are 1.
///
/// The densities of a search, from dense to sparse, are such a sequence: pruning fixes their order in
/// advance, a sparser network is expected to be no better, and a claim about one means little where a denser
/// network fails it. Every level is then tested without the loss of power that Holm's correction has.
std::vector<double> fixed_sequence_corrected(std::span<const double> p_values);

}  // namespace ltlab
