#pragma once

#include <string>

#include "ltlab/hdf5/file.h"

namespace ltlab {

/// The root attribute that holds a file's content_digest().
inline constexpr auto kDigestAttribute = "content_sha256";

/// Returns a SHA-256 of the file's content, however HDF5 lays it out: every group, dataset (type, shape,
/// values) and attribute in order of names, except the attribute that holds this digest. Soft and external
/// links do not count: they change when another file comes, and hold nothing.
///
/// StoreError where the file is beyond the limits of ltlab/hdf5/limits.h, or has links other than external
/// ones of its root.
///
/// HDF5's own checksums guard each piece against accidents; this also detects a piece that is missing or
/// exchanged.
std::string content_digest(const hdf5::File& file);

}  // namespace ltlab
