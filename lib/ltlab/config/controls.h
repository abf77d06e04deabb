#pragma once

#include <string_view>

#include "ltlab/base/names.h"

namespace ltlab {

/// The networks with which a ticket is compared. Each changes one thing of the ticket as it is before
/// training, and is trained like it: see lottery/controls.h.
enum class Control {
  random_reinit,  ///< weights drawn anew, trained from step 0 (Frankle & Carbin 2019, section 2)
  random_mask,    ///< a random mask of the same density in each layer, which is the same as permuting the
                  ///< mask within layers (the shuffling of Frankle et al. 2021, arXiv 2009.08576, section 5)
  global_random_mask,   ///< a random mask of the same density over all layers together
  shuffled_weights,     ///< the survivors' weights permuted within each layer (Zhou et al. 2019, arXiv
                        ///< 1905.01067, section 4.1: reshuffled)
  shuffled_magnitudes,  ///< only their magnitudes permuted (Zhou et al., section 4.2: reshuffled, with the
                        ///< sign of the initial weight)
  sign_only,     ///< only the signs of the weights in masked layers, times the deviation of the layer's
                 ///< initialization (Zhou et al., section 4.2)
  supermask,     ///< no training at all (Zhou et al., section 5)
  inverted_mask  ///< the lowest scores kept, as many in each layer (Frankle et al. 2021, section 5);
                 ///< synflow's in each of its rounds
};

/// The source of a control's mask, and so its likeness to its ticket's.
enum class ControlMask {
  of_ticket,        ///< the ticket's own
  drawn_by_layer,   ///< drawn, with as many survivors in each layer
  drawn_over_all,   ///< drawn, with as many survivors in all layers together
  of_lowest_scores  ///< those that the ticket's pruning prunes; as many survivors in each layer, or as near
                    ///< as the granularity comes
};

/// The properties of a control that are known without training it.
struct ControlKind {
  Control value;
  std::string_view name;  ///< of its option, branch and folder
  ControlMask mask;
  bool is_drawn;    ///< whether anything is drawn for it, so that trials differ
  bool is_rewound;  ///< whether it trains from the rewind step, with weights from there, as its ticket does
  /// Whether a ticket that is no better than it is no winning ticket (Frankle & Carbin 2019, section 1): the
  /// control lacks the ticket's weights or its mask.
  bool refutes;
  std::string_view help;

  /// Whether its mask can be had without training the networks that its ticket was pruned from.
  constexpr bool draws_mask() const {
    return mask == ControlMask::drawn_by_layer || mask == ControlMask::drawn_over_all;
  }
};

inline constexpr ControlKind kControls[] = {
    {Control::random_reinit, "random-reinit", ControlMask::of_ticket, true, false, true,
     "the ticket's mask with new weights"},
    {Control::random_mask, "random-mask", ControlMask::drawn_by_layer, true, true, true,
     "its weights under a random mask as dense in each layer (its mask shuffled within layers)"},
    {Control::global_random_mask, "global-random-mask", ControlMask::drawn_over_all, true, true, true,
     "under one as dense in all layers together"},
    {Control::shuffled_weights, "shuffled-weights", ControlMask::of_ticket, true, true, true,
     "its weights permuted within layers"},
    {Control::shuffled_magnitudes, "shuffled-magnitudes", ControlMask::of_ticket, true, true, false,
     "its weights' magnitudes permuted within layers, their signs kept"},
    {Control::sign_only, "sign-only", ControlMask::of_ticket, false, true, false,
     "only their signs, times the deviation of the layer's initial weights"},
    {Control::supermask, "supermask", ControlMask::of_ticket, false, true, false, "not trained at all"},
    {Control::inverted_mask, "inverted-mask", ControlMask::of_lowest_scores, false, true, true,
     "the lowest scores kept, by synflow in each of its rounds"},
};

/// The names of kControls.
inline const NameTable<Control>& control_names() {
  static const NameTable<Control> table("control", kControls);
  return table;
}

}  // namespace ltlab
