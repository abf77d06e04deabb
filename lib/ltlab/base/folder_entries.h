#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ltlab {

/// An entry of a folder. The type of a symbolic link is that of the link itself.
struct FolderEntry {
  std::string name;
  std::filesystem::file_type type;
};

/// Returns the type of `path` itself, not of what a link leads to; not_found where nothing is there. IoError:
/// the system refuses to look, so something may well be there.
std::filesystem::file_type type_at(const std::filesystem::path& path);
/// Returns whether there is anything at `path`, even a link that leads nowhere. Errors as of type_at().
inline bool is_there(const std::filesystem::path& path) {
  return type_at(path) != std::filesystem::file_type::not_found;
}

/// Returns the entries of a folder, sorted by name; none where there is no such folder. IoError: the system
/// refuses. std::filesystem::directory_iterator does the same, but ends the program where memory runs out
/// (libstdc++ 12 allocates in a function that is noexcept).
std::vector<FolderEntry> folder_entries(const std::filesystem::path& folder);

}  // namespace ltlab
