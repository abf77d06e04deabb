#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ltlab {

/// Unpacks the members `names` (whole paths within the archive) of a ustar archive, plain or gzip'd, into
/// `folder`, each under the last part of its path; all other members are passed over. DataError, naming the
/// archive, where it is damaged or lacks one of them; IoError where the disk refuses.
void unpack_tar(const std::filesystem::path& archive, const std::vector<std::string>& names,
                const std::filesystem::path& folder);

}  // namespace ltlab
