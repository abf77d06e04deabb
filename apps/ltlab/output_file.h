#pragma once

#include <filesystem>

namespace ltlab::app {

/// Checks before anything is measured that a file may be written at `out`. ConfigError where there is one
/// already and `force` is not set, where something else is in its place (a folder, a symbolic link, a device,
/// a run's file), or where its folder is not a folder.
void check_output_file(const std::filesystem::path& out, bool force);

}  // namespace ltlab::app
