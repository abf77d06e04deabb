#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ltlab/base/image_shape.h"

namespace ltlab {

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

}  // namespace ltlab
