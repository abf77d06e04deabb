#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ltlab {

/// Something that lies in a folder. The type is its own where it is a symbolic link.
struct FolderEntry {
  std::string name;
  std::filesystem::file_type type;
};

/// What lies at `path` itself, not what a link leads to; not_found where nothing does. IoError: the system
/// refuses to look, so that it may well be there.
std::filesystem::file_type type_at(const std::filesystem::path& path);

/// What lies in a folder, sorted by name; nothing where there is no such folder. IoError: the system refuses.
/// std::filesystem::directory_iterator does likewise, but ends the program where memory runs out (libstdc++
/// 12 allocates in a function that is noexcept).
std::vector<FolderEntry> folder_entries(const std::filesystem::path& folder);

}  // namespace ltlab
