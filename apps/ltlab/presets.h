#pragma once

#include <map>
#include <string>

namespace ltlab::app {

/// The settings of each preset, by its name, in the format of --config.
const std::map<std::string, std::string>& presets();

}  // namespace ltlab::app
