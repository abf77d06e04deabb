#pragma once

#include <string_view>

#include "ltlab/base/names.h"

namespace ltlab {

/// What a ticket is compared with. Each changes one thing of the ticket as it is before training, and is
/// trained like it: see lottery/controls.h.
enum class Control {
  random_reinit,  ///< weights drawn anew, trained from step 0 (Frankle & Carbin 2019, section 2)
  random_mask,    ///< a random mask of the same density in each layer: to permute the mask within layers, as
                  ///< Frankle et al. 2021 (arXiv 2009.08576, section 5) shuffle it, is to draw such a one
  global_random_mask,  ///< a random mask of the same density of all layers together
  shuffled_weights,    ///< the survivors' weights permuted within each layer (Zhou et al. 2019, arXiv
                       ///< 1905.01067, section 4.1: reshuffled)
  sign_only,           ///< of the weights in masked layers the signs alone (Zhou et al., section 4.2)
  supermask,           ///< no training at all (Zhou et al., section 5)
  inverted_mask        ///< the lowest scores kept, in each layer as many (Frankle et al. 2021, section 5)
};

/// Where a control's mask comes from, and so how it is like its ticket's.
enum class ControlMask {
  of_ticket,        ///< it is the ticket's
  drawn_by_layer,   ///< drawn, with as many survivors in each layer
  drawn_over_all,   ///< drawn, with as many survivors in all layers together
  of_lowest_scores  ///< what the ticket's pruning prunes; as many survivors in each layer, or as near as the
                    ///< granularity comes
};

/// What is known of a control without training it.
struct ControlKind {
  Control value;
  std::string_view name;  ///< of its option, its branch and its folder
  ControlMask mask;
  bool is_drawn;    ///< whether anything is drawn for it, so that trials differ
  bool is_rewound;  ///< whether it trains from the rewind step, with weights from there, as its ticket does
  std::string_view help;

  /// Whether its mask is had without training the networks that its ticket was pruned from.
  constexpr bool draws_mask() const {
    return mask == ControlMask::drawn_by_layer || mask == ControlMask::drawn_over_all;
  }
};

inline constexpr ControlKind kControls[] = {
    {Control::random_reinit, "random-reinit", ControlMask::of_ticket, true, false,
     "the ticket's mask with new weights"},
    {Control::random_mask, "random-mask", ControlMask::drawn_by_layer, true, true,
     "its weights under a random mask as dense in each layer (its mask shuffled within layers)"},
    {Control::global_random_mask, "global-random-mask", ControlMask::drawn_over_all, true, true,
     "under one as dense in all layers together"},
    {Control::shuffled_weights, "shuffled-weights", ControlMask::of_ticket, true, true,
     "its weights permuted within layers"},
    {Control::sign_only, "sign-only", ControlMask::of_ticket, false, true, "only their signs"},
    {Control::supermask, "supermask", ControlMask::of_ticket, false, true, "not trained at all"},
    {Control::inverted_mask, "inverted-mask", ControlMask::of_lowest_scores, false, true,
     "the lowest scores kept"},
};

/// The names of kControls.
const NameTable<Control>& control_names();

}  // namespace ltlab
