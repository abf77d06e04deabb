#pragma once

#include "ltlab/config/search_config.h"

namespace ltlab::app {

/// Names on standard error the classes that no training image shows, if any.
void warn_of_empty_classes(const Dataset& dataset);

/// Warns on standard error of settings that are allowed but hardly meant: milestones that no training
/// reaches, or that come twice; settings of levels or layers that do not exist; masks that should change
/// during training and hardly can; a score that sees fewer images than asked for; a dense network that starts
/// from the zeros of the masks that --from brings. The config is in steps.
void warn_of_settings(const SearchConfig& config, std::size_t training_images, std::size_t levels);

}  // namespace ltlab::app
