#include "report/training_data.h"

#include <cmath>

#include "format.h"
#include "json_output.h"
#include "kernel_report.h"
#include "ltlab/base/error.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kPointsOfCurve = 120;  // of training; no chart of a page shows more

// Finds the trainings inside `store`, which is `around`.
void find_trainings(const RunStore& store, const ReportedTraining& around,
                    std::vector<ReportedTraining>& found) {
  for (const std::string& member : store.members()) {
    if (member.starts_with(RunStore::kCopy) || member == "pretraining") continue;
    const RunStore inside(store.folder() / member);
    const std::string branch = inside.read_identity().branch;
    const fs::path name = fs::path(around.name) / member;
    ReportedTraining training{around.run, name.string(), around.replicate, inside, branch};
    if (is_ticket(training.branch)) training.replicate = found.empty() ? 0 : found.back().replicate + 1;
    if (!inside.levels().empty()) found.push_back(training);
    find_trainings(inside, training, found);
  }
}

ordered_json metrics_json(const std::vector<MetricsRow>& rows) {
  const std::size_t every = rows.size() / kPointsOfCurve + 1;
  ordered_json steps = ordered_json::array(), train = steps, loss = steps, accuracy = steps;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % every != 0 && i + 1 != rows.size()) continue;
    steps.push_back(rows[i].step);
    train.push_back(rounded(rows[i].train_loss));
    loss.push_back(rounded(rows[i].validation_loss));
    accuracy.push_back(rounded(rows[i].validation_accuracy));
  }
  return {
      {"step", steps}, {"train_loss", train}, {"validation_loss", loss}, {"validation_accuracy", accuracy}};
}

ordered_json layer_json(const LayerReport& layer) {
  const LayerStructure& s = layer.structure;
  return {{"survivors", s.survivors},       {"effective_survivors", s.effective_survivors},
          {"dead_inputs", s.dead_inputs},   {"dead_outputs", s.dead_outputs},
          {"dead_neurons", s.dead_neurons}, {"pruned", layer.pruned},
          {"threshold", layer.threshold},   {"signs_kept", layer.signs_kept}};
}

ordered_json level_json(const LevelReport& report, const LevelRecord& level) {
  ordered_json json = record_json<LevelSummary>(level);
  json["effective_density"] = report.effective_density();
  json["layers"] = json_array(report.layers, layer_json);
  json["kernels"] = kernels_json(level.kernels);
  json["metrics"] = metrics_json(level.metrics);
  return json;
}

// Returns a square image of one or three channels with so many values, null where there is none: runs do not
// record its extents.
ordered_json image_of(std::size_t values) {
  for (const std::size_t channels : {1, 3}) {
    const auto pixels = static_cast<double>(values) / static_cast<double>(channels);
    const auto side = static_cast<std::size_t>(std::lround(std::sqrt(pixels)));
    if (side > 1 && channels * side * side == values)
      return {{"channels", channels}, {"height", side}, {"width", side}};
  }
  return {};
}

}  // namespace

std::vector<ReportedTraining> find_trainings(std::size_t run, const fs::path& folder) {
  const RunStore top(folder);
  std::vector<ReportedTraining> found;
  ReportedTraining around{run, "", 0, top, ""};
  if (!top.holds_collection()) {
    around.branch = top.read_identity().branch;
    found.push_back({run, around.branch, 0, top, around.branch});
  }
  find_trainings(top, around, found);
  return found;
}

TrainingData::TrainingData(const ReportedTraining& training) {
  LevelReporter reporter(training.store);
  const RunIdentity identity = training.store.read_identity();
  json_ = {{"run", training.run},   {"name", training.name},   {"branch", training.branch},
           {"seed", identity.seed}, {"trial", identity.trial}, {"levels", ordered_json::array()}};
  for (const unsigned level : training.store.levels()) {
    const LevelReport report = reporter.report(training.store.level_file(level));
    json_["levels"].push_back(level_json(report, reporter.record()));
    add_images(report, reporter.record());
  }
  json_["inputs"] = image_;
  if (!image_.is_null()) json_["inputs"]["survivors"] = packed(pixels_);
}

void TrainingData::add_images(const LevelReport& report, const LevelRecord& level) {
  if (images_.empty()) begin_layers(level.masks);
  for (std::size_t l = 0; l < level.masks.size(); ++l) {
    const Tensor* weights = find_named(level.weights, level.masks[l].name);
    if (!weights) throw StoreError("a level has a mask of '" + level.masks[l].name + "' but no weights");
    images_.at(l).add(level.masks[l], *weights);
  }
  for (const std::size_t degree : report.layers.front().structure.input_degrees) {
    pixels_.push_back(static_cast<std::uint8_t>(degree));
    pixels_.push_back(static_cast<std::uint8_t>(degree >> 8));
  }
}

void TrainingData::begin_layers(const std::vector<Mask>& masks) {
  images_.resize(masks.size());
  for (const Mask& mask : masks)
    json_["layers"].push_back({{"name", mask.name}, {"shape", mask.shape}, {"size", mask.size()}});
  if (masks.front().shape.size() == 2) image_ = image_of(masks.front().shape[1]);
}

}  // namespace ltlab::app
