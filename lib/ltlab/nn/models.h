#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ltlab/nn/network.h"

namespace ltlab {

/// A model is described by
/// - the name of a built-in one (built_in_models()), with or without settings: "resnet-20",
///   "resnet-20:width=2";
/// - the widths of fully connected layers, hidden ones with ReLU: "mlp:784-500-300-10"; or
/// - its text (ModelText) on one line: "conv 16 relu; global-average-pool; linear classes".

/// A model that needs no file: its text, in the language of ModelText, and what distinguishes it from other
/// models of the same text.
struct BuiltInModel {
  std::string name;
  std::string text;
  std::vector<std::pair<std::string, std::string>> settings;
  ImageShape image;  ///< of the paper's data
};

/// Returns the models, from small to large: LeNets, Conv-2/4/6, ResNets, VGGs.
const std::vector<BuiltInModel>& built_in_models();

/// Returns a description as above, on one line. ConfigError where it is malformed.
std::string check_model(const std::string& description);

/// Returns the description of what a user names: one as above, or "FILE", "FILE:width=2" with a file of
/// ModelText. The file is read and put on one line, so that nothing depends on it any more. ConfigError where
/// the description is malformed, IoError where the file cannot be read.
std::string read_model(const std::string& named);

/// Returns the text of a described model, as it is written (if built-in) or on one line.
std::string model_text(const std::string& description);

/// Returns the image shape that a model is shown with if the user names none: that of its paper's data, or
/// else of CIFAR-10.
ImageShape usual_image(const std::string& description);

/// Returns the names of the layers with weights, from inputs to classes: "conv1", ..., "fc1", ... ConfigError
/// where the description is malformed.
std::vector<std::string> layer_names(const std::string& description);

/// Builds the network. `image` and `classes` are the dataset's. ConfigError where the description is
/// malformed or does not fit them.
template <class T>
Network<T> make_network(const std::string& description, const ImageShape& image, std::size_t classes,
                        std::size_t batch);

/// Returns the layout of the batches that such a network takes, without building it.
ActivationShape input_layout(const std::string& description, const ImageShape& image, std::size_t classes,
                             std::size_t batch);

}  // namespace ltlab
