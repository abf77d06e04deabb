#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ltlab {

/// A model written as text: one layer a line (or between semicolons), from images to classes; what follows a
/// '#' is a comment.
///
///     conv CHANNELS [HxW] [stride N] [padding N] [relu]   3x3; stride 1; padding that keeps the extent where
///                                                         the window is odd; without bias where batch-norm
///                                                         follows and there is no relu
///     linear OUTPUTS [relu]                               `classes` is the dataset's number of classes
///     batch-norm [relu]
///     max-pool HxW [stride N] [relu]                      stride: the window's height
///     average-pool HxW [stride N]
///     global-average-pool
///     dropout RATE
///     residual ... end [relu]                             y = f(lines between + x) (He et al. 2016); where
///                                                         they change the shape, x is subsampled and padded
///                                                         with channels of zeros (their option A)
///     repeat N ... end                                    the lines between, N times
///     inputs N                                            values that an image must have
///     NAME = N                                            a setting; numbers may be N, NAME, A*B, A-B
///
/// The last layer is linear, without relu, one output a class. Layers are named by kind, counted from 1:
/// conv1, fc1 (linear), bn1, pool1, dropout1, shortcut1.
struct ModelText {
  /// A layer; sizes that depend on the images are not known yet.
  struct Layer {
    enum class Kind {
      convolution,
      linear,
      batch_norm,
      max_pooling,
      average_pooling,
      global_average_pooling,
      dropout,
      shortcut  ///< reads the input of its block, and changes its shape if the block does
    };

    Kind kind;
    std::string name;
    std::string where;                                  ///< "line 3 ('conv 16')", for messages
    std::size_t outputs = 0;                            ///< channels or features; 0: one a class
    std::size_t height = 1, width = 1, stride = 1;      ///< of windows
    std::optional<std::size_t> padding = std::nullopt;  ///< if none, the one that keeps the extent
    double rate = 0;                                    ///< dropout
    bool relu = false;
    bool bias = true;
    bool adds_shortcut = false;  ///< its block's shortcut is added, and then the `sum_relu` applied
    bool sum_relu = false;
    std::size_t shortcut = 0;   ///< if it adds_shortcut: index of the shortcut's layer
    std::size_t block_end = 0;  ///< for a shortcut: index of the layer to which it is added
    std::string word = {};      ///< first word of its line: "conv", for a shortcut "residual"
  };

  std::optional<std::size_t> inputs;  ///< values that an image must have
  std::vector<Layer> layers;
};

/// Reads a model's text. ConfigError names the line, what is wrong and what would be right.
ModelText parse_model_text(const std::string& text);

/// Returns the same text with other settings in place of its own: {"width", "2"}. ConfigError where it has no
/// such setting.
std::string with_settings(const std::string& text,
                          const std::vector<std::pair<std::string, std::string>>& settings);

/// Returns the same model on one line, without comments.
std::string one_line(const std::string& text);

}  // namespace ltlab
