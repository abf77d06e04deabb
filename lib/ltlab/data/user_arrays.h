#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "ltlab/data/dataset.h"

namespace ltlab {

/// Returns whether a source is a file of a user's arrays: h5:FILE:/images,/labels.
bool is_user_arrays(const std::string& source);

/// Reduces the source of a user's arrays to the file's name alone, `h5:FILE:/images,/labels`, and makes the
/// file's absolute folder the directory: the source is then the same wherever the file lies. A relative FILE
/// starts from the directory, if there is one. Other sources stay as they are. ConfigError as for
/// read_user_arrays().
void separate_folder(DatasetOptions& options);

/// Returns the path of the file of a source that separate_folder() left, in `directory`.
std::filesystem::path user_arrays_file(const std::string& specification, const std::string& directory);

/// Reads the arrays of `h5:FILE:/images,/labels` or `h5:FILE:/images,/labels,/test_images,/test_labels`; a
/// relative FILE starts from `directory`, if that is not empty. The result has both sets, and as many classes
/// as one more than the greatest label of both.
///
/// Images: uint8 or float32 of shape (images, features), (images, height, width) or (images, channels,
/// height, width), all floats finite. Four axes are refused as channels last where the last has the length of
/// channels (1 or 3) and the second has not. Labels: any integer type of shape (images), from 0 to at most
/// 255. Where no test set is named, a sixth of the images (rounded down) becomes it: the last ones of the
/// random permutation of stream {split_seed, "test-split"}. Both sets keep the order of the file.
///
/// A process of its own reads the file, so that a damaged file that crashes HDF5 is a DataError too.
///
/// ConfigError for a specification of another form; IoError where the file cannot be read; DataError, naming
/// file and array, for everything else.
Dataset read_user_arrays(const std::string& specification, const std::string& directory,
                         std::uint64_t split_seed);

}  // namespace ltlab
