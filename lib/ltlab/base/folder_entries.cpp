#include "ltlab/base/folder_entries.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

fs::file_type type_of(const dirent& entry, const fs::path& folder) {
  switch (entry.d_type) {
    case DT_REG:
      return fs::file_type::regular;
    case DT_DIR:
      return fs::file_type::directory;
    case DT_LNK:
      return fs::file_type::symlink;
    default:  // other things, and file systems that give no type
      break;
  }
  return type_at(folder / entry.d_name);
}

}  // namespace

fs::file_type type_at(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (error && type != fs::file_type::not_found)
    throw IoError("cannot look at '" + path.string() + "': " + error.message());
  return type;
}

std::vector<FolderEntry> folder_entries(const fs::path& folder) {
  std::vector<FolderEntry> entries;
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  if (!open && errno == ENOENT) return entries;
  const auto fail = [&](int error) {
    throw IoError("cannot list folder '" + folder.string() + "': " + std::strerror(error));
  };
  if (!open) fail(errno);
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({entry->d_name, type_of(*entry, folder)});
    errno = 0;
  }
  if (errno != 0) fail(errno);
  std::ranges::sort(entries, {}, &FolderEntry::name);
  return entries;
}

}  // namespace ltlab
