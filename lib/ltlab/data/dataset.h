#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/base/activations.h"
#include "ltlab/data/augmentation.h"

namespace ltlab {

/// Labelled images as they were read: pixels in [image][channel][y][x] order, unsigned bytes or floats.
struct ImageSet {
  ImageShape shape;
  std::variant<AlignedVector<std::uint8_t>, AlignedVector<float>> pixels;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
};

/// Per-channel affine map applied when a batch is gathered: value = pixel * scale[c] + shift[c].
/// load_dataset() standardizes: over all training images, validation included, each channel gets mean 0 and
/// standard deviation 1; a channel that never changes is only shifted.
struct Normalization {
  std::vector<float> scale, shift;
};

/// A classification problem: training images, a validation set held out of them, and a test set.
struct Dataset {
  /// As the user named it: "embedded", "mnist", "h5:FILE:/images,/labels".
  std::string name;
  /// SHA-256 (hex) of types, shapes, labels and pixels of both sets. Independent of the split, except where
  /// labels are drawn, or the test set, too, is held out, by the split's seed (h5 without test arrays).
  std::string fingerprint;
  std::size_t classes = 0;
  Normalization normalization;
  ImageSet train;
  ImageSet test;
  std::vector<std::uint32_t> training;    ///< indices into `train` that the optimizer sees
  std::vector<std::uint32_t> validation;  ///< indices into `train` held out
};

/// Returns the labels below Dataset::classes that no training image has, ascending. A network has outputs for
/// them that no image trains.
std::vector<std::size_t> classes_without_images(const Dataset& dataset);

/// How to build a Dataset.
struct DatasetOptions {
  /// embedded | mnist | fashion-mnist | cifar10 | h5:FILE:/images,/labels[,/test_images,/test_labels]
  std::string source = "embedded";
  /// Folder of the files; empty: $LTLAB_DATA, then ../shared/data, then $XDG_CACHE_HOME/ltlab or
  /// ~/.cache/ltlab; for h5 the current folder.
  std::string directory;
  std::size_t validation = 5000;  ///< images held out of the training set
  std::uint64_t split_seed = 0;   ///< names the split (purpose "validation-split") and drawn labels
  std::optional<std::uint64_t> validation_seed;  ///< names, in its place, the images held out for validation
  std::uint64_t embedded_seed = 0;               ///< names the embedded images
  std::size_t embedded_train = 60000, embedded_test = 10000;
  /// Whether each training image, validation included, gets a label drawn at random (Zhang et al. 2017,
  /// arXiv 1611.03530, section 2), named by the split's seed; the test set keeps its labels.
  bool random_labels = false;
  /// The fraction of the training images, validation excluded, whose labels are drawn at random, named by the
  /// split's seed: with ten classes a tenth of these stay as they were.
  double label_noise = 0;

  bool operator==(const DatasetOptions&) const = default;
};

/// Reads or generates the data, checks it and splits it.
/// Throws ConfigError (unknown source, impossible split), DataError (damaged file, by name; pixels that float
/// arithmetic cannot standardize), IoError (cannot read).
Dataset load_dataset(const DatasetOptions& options);

/// Splits the training images of `dataset` anew: the first `validation` of a permutation that `seed` names
/// (purpose "validation-split") are held out. ConfigError where that leaves none to train with.
void hold_out_validation(std::size_t validation, std::uint64_t seed, Dataset& dataset);

/// Gathers and normalizes the images `indices` of `images` into `batch`, in the layout of the kernels:
/// batch.at(feature, i) = pixel * scale + shift for image indices[i]; padding lanes stay finite.
/// batch.features() must equal images.shape.features(), and batch.image() images.shape where the batch has a
/// border (ConfigError); the batch's size is set to indices.size().
void gather(const ImageSet& images, const Normalization& normalization,
            std::span<const std::uint32_t> indices, Activations<float>& batch);
/// Does the same, but shows image indices[i] as views[i] does.
void gather(const ImageSet& images, const Normalization& normalization,
            std::span<const std::uint32_t> indices, std::span<const ImageView> views,
            Activations<float>& batch);

/// Prefetches those images, so that a gather() soon after need not wait for memory: images in random order
/// are nowhere near the caches.
void prefetch(const ImageSet& images, std::span<const std::uint32_t> indices);

}  // namespace ltlab
