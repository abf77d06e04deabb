#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ltlab/analysis/level_structure.h"
#include "ltlab/store/records.h"
#include "ltlab/store/run_store.h"
#include "report/layer_images.h"

namespace ltlab::app {

/// A ticket or control of a run that is reported.
struct ReportedTraining {
  std::size_t run = 0;    ///< index of the run
  std::string name;       ///< below the run's folder: "replicate-0/random-mask-0"; its branch for that itself
  std::size_t replicate;  ///< of the run
  RunStore store;
  std::string branch;
};

/// Returns all trainings of the `run`-th run, in `folder`, that have a level: tickets, each followed by its
/// controls. StoreError.
std::vector<ReportedTraining> find_trainings(std::size_t run, const std::filesystem::path& folder);

/// The page's data on one training, and the images of its layers.
class TrainingData {
 public:
  /// Reads its levels, one after the other. StoreError.
  explicit TrainingData(const ReportedTraining& training);

  /// The same as in report_data(), but without "masks" and "weights" in its "layers".
  nlohmann::ordered_json& json() { return json_; }
  /// The images, in the order of the layers.
  const std::vector<LayerImages>& images() const { return images_; }

 private:
  void add_images(const LevelReport& report, const LevelRecord& level);
  void begin_layers(const std::vector<Mask>& masks);

  nlohmann::ordered_json json_;
  std::vector<LayerImages> images_;
  nlohmann::ordered_json image_;  // extents of what the first layer takes; null where that is no pixels
  std::vector<std::uint8_t> pixels_;
};

}  // namespace ltlab::app
