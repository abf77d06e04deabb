#include "output_file.h"

#include "ltlab/base/error.h"
#include "ltlab/store/run_store.h"

namespace ltlab::app {
namespace fs = std::filesystem;

void check_output_file(const fs::path& out, bool force) {
  const std::string name = "'" + out.string() + "'";
  if (out.filename().empty() || fs::is_directory(fs::symlink_status(out)))
    throw ConfigError(name + " is a folder: --out takes the name of a file in it");
  const fs::path folder = fs::absolute(out).parent_path();
  const fs::file_status status = fs::symlink_status(out);
  if (fs::is_symlink(status))
    throw ConfigError(name + " is a symbolic link: give --out the file that is meant");
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw ConfigError(name + " is no ordinary file: give another --out");
  if (fs::exists(status) && !force)
    throw ConfigError(name + " is there already: --force replaces it, or give another --out");
  if (fs::exists(status) && out.extension() == ".h5" && RunStore(folder).has_run())
    throw ConfigError(name +
                      " lies in the folder of a run, where --force replaces nothing: give another --out");
  if (!fs::is_directory(folder))
    throw ConfigError("there is no folder '" + folder.string() + "' for --out: make it, or give another");
}

}  // namespace ltlab::app
