#pragma once

#include <string>
#include <vector>

#include "ltlab/nn/network.h"

namespace ltlab {

/// Models are described by name:
/// - "lenet-300-100": fully connected, 784-300-100-10 (LeCun et al. 1998);
/// - "mlp:784-500-300-10": fully connected with any widths, hidden layers with ReLU;
/// - "conv-2", "conv-4", "conv-6": pairs of 3x3 convolutions of 64, 128, 256 channels, each pair followed by
///   2x2 max-pooling, then fully connected layers of 256, 256 and one output a class, ReLU after each but the
///   last (Frankle & Carbin 2019, figure 2).

/// Names of the layers with weights, from inputs to classes: "conv1", ..., "fc1", ... ConfigError where the
/// description is malformed.
std::vector<std::string> layer_names(const std::string& description);

/// Builds the network. `image` and `classes` are the dataset's. ConfigError where the description is
/// malformed or does not fit them.
template <class T>
Network<T> make_network(const std::string& description, const ImageShape& image, std::size_t classes,
                        std::size_t batch);

/// Layout of the batches that such a network takes, without building it.
ActivationShape input_layout(const std::string& description, const ImageShape& image, std::size_t classes,
                             std::size_t batch);

}  // namespace ltlab
