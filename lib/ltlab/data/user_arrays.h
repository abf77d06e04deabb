#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "ltlab/data/dataset.h"

namespace ltlab {

/// A classification problem read from a user's HDF5 file.
struct UserArrays {
  ImageSet train, test;
  std::size_t classes = 0;  ///< the greatest label of both sets and one
};

/// Reads what `h5:FILE:/images,/labels` or `h5:FILE:/images,/labels,/test_images,/test_labels` names.
///
/// Images: uint8 or float32 of shape (images, features), (images, height, width) or (images, channels,
/// height, width), floats all finite; four axes of which the last is as long as channels are (1 or 3), and
/// the second is not, are refused as channels last. Labels: any integer type of shape (images), from 0 to at
/// most 255. Where no test set is named, a sixth of the images (rounded down) becomes it: the last ones of
/// the random permutation of stream {split_seed, "test-split"}; both sets keep the order of the file.
///
/// ConfigError for a specification of another form; IoError where the file cannot be read; DataError, naming
/// file and array, for everything else.
UserArrays read_user_arrays(const std::string& specification, std::uint64_t split_seed);

}  // namespace ltlab
