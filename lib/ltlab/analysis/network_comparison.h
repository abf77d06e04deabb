#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ltlab/analysis/mask_overlap.h"
#include "ltlab/analysis/neuron_matching.h"
#include "ltlab/analysis/run_context.h"
#include "ltlab/base/names.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// The measure by which two networks are to be as alike as possible when their neurons are matched.
enum class MatchBy {
  masks,   ///< the number of common survivors
  weights  ///< the sum of products of trained weights
};

/// masks | weights
const NameTable<MatchBy>& match_by_names();

/// A network's masks and the trained weights that they mask, in the same order.
struct MaskedNetwork {
  std::vector<Mask> masks;
  std::vector<Tensor> weights;
  std::optional<Wiring> wiring;  ///< none where it is not known
};

/// Returns the level's network. StoreError where a mask has no weights of its shape.
MaskedNetwork masked_network(const LevelRecord& level, const RunContext& context);

/// The overlap of two networks, in one layer or all together.
struct NetworkOverlap {
  MaskOverlap masks;
  std::optional<double> signs;  ///< fraction of the common survivors whose trained weights agree in sign
};

/// Compares layer by layer, and last all layers together. StoreError where layers or shapes differ.
std::vector<NetworkOverlap> compare_networks(const MaskedNetwork& a, const MaskedNetwork& b);

/// Returns `b` with its neurons in the order of their partners in `a`. StoreError where it is not known how
/// the layers of `a` are connected.
MaskedNetwork matched_to(const MaskedNetwork& a, const MaskedNetwork& b, MatchBy by);

/// Judges a matched overlap by chance. Matching finds common survivors in random masks too, so draws of `b`,
/// its values shuffled as `kept` says, are matched to `a` in the same way; they give the distribution of
/// common survivors by chance, layer by layer and last all together. Replaces by_density
/// (MaskChance::density) and by_inputs (MaskChance::inputs) of `found`, which is compare_networks() of `a`
/// and the matched `b`; the p-value is one-sided: (1 + draws with at least as many) / (1 + draws).
///
/// Draws are matched side by side on the processor's cores, whose number does not affect the result. If
/// given, `on_draw` is called after each of the 2 * draws, by any of the threads.
void judge_matched(const MaskedNetwork& a, const MaskedNetwork& b, MatchBy by, unsigned draws,
                   std::vector<NetworkOverlap>& found, const std::function<void()>& on_draw = {});

}  // namespace ltlab
