#pragma once

#include <filesystem>

namespace ltlab::app {

/// Whether a file may be written at `out`, told before anything is measured. ConfigError where there is one
/// already and not `force`, where something else is in its place (a folder, a symbolic link, a device, a
/// run's file), or where its folder is none.
void check_output_file(const std::filesystem::path& out, bool force);

}  // namespace ltlab::app
