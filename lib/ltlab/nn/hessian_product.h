#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/nn/network.h"

namespace ltlab {

/// Images and their classes, as forward_backward() takes them.
template <class T>
struct LabelledBatch {
  Activations<T> images;
  std::vector<std::uint8_t> labels;
};

/// Vectors below run along the survivors of every parameter (biases and batch norm's arrays too) in the order
/// of network.parameters(): survivor_count() values.
template <class T>
std::size_t survivor_count(const Network<T>& network);

/// The survivors' values, and their replacement.
template <class T>
std::vector<double> survivors_of(const Network<T>& network);
template <class T>
void assign_survivors(Network<T>& network, std::span<const double> values);

/// The gradient g of the mean loss over all images of the batches. The loss is that of training: batch norm
/// takes each batch's mean and variance, so the loss then depends on how images are batched, and dropout
/// drops what `step` names, the same in every batch. The network's values are as before afterwards, running
/// statistics included; each parameter's `gradient` is overwritten. ConfigError: no images.
template <class T>
std::vector<double> mean_gradient(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                  const TrainingStep& step = {});

/// H v, of the Hessian H of the same loss at the survivors' values w, by a central difference of gradients,
///
///     H v = (g(w + h v) - g(w - h v)) / 2h,    h = sqrt(e) (1 + |w|) / |v|,
///
/// e the precision of T (Pearlmutter 1994, "Fast exact multiplication by the Hessian", section 2, tells of
/// such differences). Costs two gradients. Where the loss is smooth, the error is the gradients' rounding
/// divided by h |v|: about sqrt(e) of the gradients of single images, 1e-8 in double and 3e-4 in float. H of
/// a ReLU network is that of the linear piece that w lies in, and a difference across a kink adds the kink's
/// share: h is smaller than the smooth part alone would ask for (the cube root of e), so that hardly any
/// image's unit changes sides. Prefer double. v = 0 gives 0.
template <class T>
std::vector<double> hessian_product(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                    std::span<const double> v, const TrainingStep& step = {});

}  // namespace ltlab
