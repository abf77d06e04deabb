#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "ltlab/data/dataset.h"

namespace ltlab {

/// A classification problem read from a user's HDF5 file.
struct UserArrays {
  ImageSet train, test;
  std::size_t classes = 0;  ///< the greatest label of both sets and one
};

/// Whether a source is a file of a user's arrays: h5:FILE:/images,/labels.
bool is_user_arrays(const std::string& source);

/// Makes a file's name alone, `h5:FILE:/images,/labels`, the source of a user's arrays, and the file's
/// folder, absolute, the directory: the source is then the same wherever the file lies. A relative FILE
/// starts from the directory, if there is one. Other sources stay as they are. ConfigError as of
/// read_user_arrays().
void separate_folder(DatasetOptions& options);

/// The file of a source that separate_folder() left, in `directory`.
std::filesystem::path user_arrays_file(const std::string& specification, const std::string& directory);

/// Reads what `h5:FILE:/images,/labels` or `h5:FILE:/images,/labels,/test_images,/test_labels` names; a
/// relative FILE starts from `directory`, if that is not empty.
///
/// Images: uint8 or float32 of shape (images, features), (images, height, width) or (images, channels,
/// height, width), floats all finite; four axes of which the last is as long as channels are (1 or 3), and
/// the second is not, are refused as channels last. Labels: any integer type of shape (images), from 0 to at
/// most 255. Where no test set is named, a sixth of the images (rounded down) becomes it: the last ones of
/// the random permutation of stream {split_seed, "test-split"}; both sets keep the order of the file.
///
/// A process of its own reads the file, so that a damaged one on which HDF5 crashes is a DataError too.
///
/// ConfigError for a specification of another form; IoError where the file cannot be read; DataError, naming
/// file and array, for everything else.
UserArrays read_user_arrays(const std::string& specification, const std::string& directory,
                            std::uint64_t split_seed);

}  // namespace ltlab
