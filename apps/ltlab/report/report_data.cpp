#include "report/report_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "kernel_report.h"
#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/level_structure.h"
#include "ltlab/analysis/network_comparison.h"
#include "ltlab/analysis/search_results.h"
#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/store/run_store.h"
#include "ltlab/version.h"
#include "report/layer_images.h"
#include "search_report.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kPointsOfCurve = 120;  // of training; more than that no chart of a page shows
constexpr auto kTicket = "ticket", kImported = "imported", kPretraining = "pretraining";

// ----------------------------------------------------------------------------------------------------
// runs

// A ticket or control of a run that is reported.
struct Training {
  std::size_t run = 0;
  std::string
      name;  // below the run's folder: "replicate-0/random-mask-0"; of a run that is one ticket its own
  std::size_t replicate = 0;
  RunStore store;
  std::string branch;

  bool is_ticket() const { return branch == kTicket || branch == kImported; }
};

void find_trainings(const RunStore& store, const Training& around, std::vector<Training>& found) {
  for (const std::string& member : store.members()) {
    if (member.starts_with(RunStore::kCopy) || member == kPretraining) continue;
    const RunStore inside(store.folder() / member);
    const std::string branch = read_identity(inside.run_path()).branch;
    const fs::path name = fs::path(around.name) / member;
    Training training{around.run, name.string(), around.replicate, inside, branch};
    if (training.is_ticket()) training.replicate = found.empty() ? 0 : found.back().replicate + 1;
    if (!inside.levels().empty()) found.push_back(training);
    find_trainings(inside, training, found);
  }
}

// Tickets, each with its controls after it.
std::vector<Training> find_trainings(const std::vector<ReportedRun>& runs) {
  std::vector<Training> all;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const RunStore top(runs[r].folder);
    std::vector<Training> found;
    Training around{r, "", 0, top, ""};
    if (!top.holds_collection()) {
      around.branch = read_identity(top.run_path()).branch;
      found.push_back({r, around.branch, 0, top, around.branch});
    }
    find_trainings(top, around, found);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

RunRecord first_record(const RunStore& top) {
  return top.holds_collection() ? RunStore(top.folder() / top.members().front()).read_run() : top.read_run();
}

// "2025-01-31T12:00:00Z" of the last level that is finished.
std::optional<std::string> finished(const RunStore& top) {
  const std::optional<CollectionRecord> settings = top.read_settings();
  return settings && settings->totals ? std::optional(settings->totals->finished_utc) : std::nullopt;
}

ordered_json provenance_json(const fs::path& file) {
  ordered_json facts = ordered_json::array();
  for (const auto& fact : read_provenance(file)) facts.push_back({fact.first, fact.second});
  return facts;
}

// What the search found; null for an import, which was not searched.
ordered_json results_json(const ReportedRun& run, const RunRecord& first) {
  if (first.branch == kImported) return {};
  const SearchResults results = recorded_results(read_recorded_run(run.folder, run.name));
  std::ostringstream verdict;
  print_verdict(verdict, results);
  ordered_json json = report_json(results);
  json["words"] = verdict.str();
  return json;
}

ordered_json run_json(const ReportedRun& run) {
  const RunStore top(run.folder);
  if (!top.has_run())
    throw ConfigError("'" + run.folder.string() + "' holds no run: name the folder of a search, its --out");
  const RunRecord first = first_record(top);
  const std::optional<std::string> end = finished(top);
  return {{"name", run.name},
          {"folder", run.folder.string()},
          {"model", first.model},
          {"dataset", first.dataset},
          {"dataset_fingerprint", first.dataset_fingerprint},
          {"rewind_step", first.rewind_step},
          {"config", first.config},
          {"extent", first.extent},
          {"started_utc", first.started_utc},
          {"finished_utc", end ? ordered_json(*end) : ordered_json()},
          {"provenance", provenance_json(top.run_path())},
          {"results", results_json(run, first)}};
}

// ----------------------------------------------------------------------------------------------------
// trainings

// To five digits: more, no chart shows.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;  // JSON has null for what is no number
  const double unit = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::round(value * unit) / unit;
}

template <class Number>
ordered_json to_json(const std::optional<Number>& value) {
  return value ? ordered_json(*value) : ordered_json();
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
  return {{"survivors", s.survivors},
          {"effective_survivors", to_json(s.effective_survivors)},
          {"dead_inputs", s.dead_inputs},
          {"dead_outputs", s.dead_outputs},
          {"dead_neurons", to_json(s.dead_neurons)},
          {"pruned", to_json(layer.pruned)},
          {"threshold", to_json(layer.threshold)},
          {"signs_kept", to_json(layer.signs_kept)}};
}

ordered_json level_json(const LevelReport& report, const LevelRecord& level) {
  ordered_json layers = ordered_json::array();
  for (const LayerReport& layer : report.layers) layers.push_back(layer_json(layer));
  return {{"level", level.level},
          {"density", level.density},
          {"effective_density", to_json(report.effective_density())},
          {"test_accuracy", level.test_accuracy},
          {"early_stop_step", level.early_stop_step},
          {"early_stop_test_accuracy", level.early_stop_test_accuracy},
          {"early_stop_validation_loss", level.early_stop_validation_loss},
          {"steps", level.steps},
          {"first_step", level.first_step},
          {"wall_seconds", level.cost.wall_seconds},
          {"flops", level.cost.flops},
          {"dense_flops", level.cost.dense_flops},
          {"layers", layers},
          {"kernels", kernels_json(level.kernels)},
          {"metrics", metrics_json(level.metrics)}};
}

// A square image of one or three channels with so many values: runs do not tell the extents of theirs.
std::optional<ordered_json> image_of(std::size_t values) {
  for (const std::size_t channels : {1, 3}) {
    const auto side =
        static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(values / channels))));
    if (side > 1 && channels * side * side == values)
      return ordered_json{{"channels", channels}, {"height", side}, {"width", side}};
  }
  return std::nullopt;
}

// One training's JSON, made level by level, and the images of its layers.
class TrainingData {
 public:
  explicit TrainingData(const Training& training) {
    LevelReporter reporter(training.store);
    json_ = {{"run", training.run}, {"name", training.name}, {"branch", training.branch}};
    const RunIdentity identity = read_identity(training.store.run_path());
    json_["seed"] = identity.seed;
    json_["trial"] = identity.trial;
    json_["levels"] = ordered_json::array();
    for (const unsigned level : training.store.levels()) {
      const LevelReport report = reporter.report(training.store.level_path(level));
      json_["levels"].push_back(level_json(report, reporter.record()));
      add_images(report, reporter.record());
    }
    json_["inputs"] = inputs_json();
  }

  ordered_json& json() { return json_; }
  const std::vector<LayerImages>& images() const { return images_; }

 private:
  void add_images(const LevelReport& report, const LevelRecord& level) {
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

  void begin_layers(const std::vector<Mask>& masks) {
    images_.resize(masks.size());
    for (const Mask& mask : masks)
      json_["layers"].push_back({{"name", mask.name}, {"shape", mask.shape}, {"size", mask.size()}});
    if (masks.front().shape.size() == 2) image_ = image_of(masks.front().shape[1]);
  }

  ordered_json inputs_json() const {
    if (!image_) return {};
    ordered_json inputs = *image_;
    inputs["survivors"] = packed(pixels_);
    return inputs;
  }

  ordered_json json_;
  std::vector<LayerImages> images_;
  std::optional<ordered_json> image_;
  std::vector<std::uint8_t> pixels_;
};

// ----------------------------------------------------------------------------------------------------
// overlaps

ordered_json chance_json(const MaskOverlap& masks, const ChanceOverlap& chance) {
  return {{"jaccard", rounded(masks.jaccard_of(chance.mean))}, {"z", rounded(masks.z_score(chance))}};
}

ordered_json pair_json(std::size_t a, std::size_t b, const std::vector<NetworkOverlap>& overlaps) {
  ordered_json layers = ordered_json::array();
  for (const NetworkOverlap& layer : overlaps) {
    const MaskOverlap& m = layer.masks;
    layers.push_back({{"name", m.name},
                      {"common", m.common},
                      {"jaccard", rounded(m.jaccard())},
                      {"signs", layer.signs ? ordered_json(rounded(*layer.signs)) : ordered_json()},
                      {"by_density", chance_json(m, m.by_density)},
                      {"by_inputs", chance_json(m, m.by_inputs)}});
  }
  return {{"a", a}, {"b", b}, {"layers", layers}};
}

// All tickets at one level, by their indices; those of other models are not compared.
ordered_json level_overlaps(const std::vector<Training>& trainings, unsigned level) {
  ordered_json pairs = ordered_json::array();
  std::vector<std::pair<std::size_t, MaskedNetwork>> before;
  for (std::size_t t = 0; t < trainings.size(); ++t) {
    if (!trainings[t].is_ticket() || !trainings[t].store.has_level(level)) continue;
    MaskedNetwork network =
        masked_network(trainings[t].store.read_level(level), RunContext(trainings[t].store.folder()));
    for (const auto& [other, its] : before) {
      const auto same = [](const Mask& a, const Mask& b) { return a.name == b.name && a.shape == b.shape; };
      if (std::ranges::equal(its.masks, network.masks, same))
        pairs.push_back(pair_json(other, t, compare_networks(its, network)));
    }
    before.emplace_back(t, std::move(network));
  }
  return {{"level", level}, {"pairs", pairs}};
}

ordered_json overlaps_json(const std::vector<Training>& trainings) {
  std::map<unsigned, std::size_t> tickets;  // that have the level
  for (const Training& training : trainings) {
    if (!training.is_ticket()) continue;
    for (const unsigned level : training.store.levels()) ++tickets[level];
  }
  ordered_json levels = ordered_json::array();
  for (const auto& [level, count] : tickets) {
    if (count > 1) levels.push_back(level_overlaps(trainings, level));
  }
  return levels;
}

// ----------------------------------------------------------------------------------------------------
// images

// Masks or weights of one layer of a training, which the page has or has not.
struct Image {
  std::pair<int, std::size_t> rank;  // the less, the sooner it is kept
  ordered_json* place;
  ordered_json packed;
};

std::vector<Image> pack_images(const std::vector<Training>& trainings, std::vector<TrainingData>& data) {
  std::vector<Image> images;
  for (std::size_t t = 0; t < trainings.size(); ++t) {
    const bool ticket = trainings[t].is_ticket();
    const std::size_t replicate = trainings[t].replicate;
    ordered_json& layers = data[t].json()["layers"];
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const LayerImages& layer = data[t].images()[l];
      layers[l]["masks"] = layers[l]["weights"] = nullptr;
      images.push_back({{ticket ? 0 : 1, replicate}, &layers[l]["masks"], layer.packed_masks()});
      images.push_back({{ticket ? 1 : 2, replicate}, &layers[l]["weights"], layer.packed_weights()});
    }
  }
  return images;
}

void keep_images(std::vector<Image> images, std::size_t most_bytes) {
  std::ranges::stable_sort(images, {}, &Image::rank);
  for (Image& image : images) {
    const std::size_t bytes = image.packed.dump().size();
    if (bytes > most_bytes) continue;
    most_bytes -= bytes;
    *image.place = std::move(image.packed);
  }
}

}  // namespace

ordered_json report_data(const std::vector<ReportedRun>& runs, std::size_t most_bytes) {
  ordered_json document = {
      {"ltlab", LTLAB_VERSION}, {"created_utc", utc_now()}, {"runs", ordered_json::array()}};
  for (const ReportedRun& run : runs) document["runs"].push_back(run_json(run));
  const std::vector<Training> trainings = find_trainings(runs);
  document["overlaps"] = overlaps_json(trainings);
  std::vector<TrainingData> data(trainings.begin(), trainings.end());
  std::vector<Image> images = pack_images(trainings, data);
  std::size_t bytes = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace).size();
  for (TrainingData& training : data) bytes += training.json().dump().size();
  keep_images(std::move(images), most_bytes - std::min(most_bytes, bytes));
  document["trainings"] = ordered_json::array();
  for (TrainingData& training : data) document["trainings"].push_back(std::move(training.json()));
  return document;
}

LeftOut left_out(const ordered_json& data) {
  LeftOut left;
  for (const ordered_json& training : data["trainings"]) {
    for (const ordered_json& layer : training["layers"]) {
      for (const char* kind : {"masks", "weights"}) {
        ++left.of;
        left.images += layer[kind].is_null() ? 1 : 0;
      }
    }
  }
  return left;
}

}  // namespace ltlab::app
