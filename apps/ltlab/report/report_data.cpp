#include "report/report_data.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/network_comparison.h"
#include "ltlab/analysis/search_results.h"
#include "ltlab/base/error.h"
#include "ltlab/base/text.h"
#include "ltlab/base/utc.h"
#include "ltlab/store/run_store.h"
#include "ltlab/version.h"
#include "report/training_data.h"
#include "search_options.h"
#include "search_report.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

// ----------------------------------------------------------------------------------------------------
// runs

// Returns the search's results; null for an import, which was not searched.
ordered_json results_json(const ReportedRun& run, const RunRecord& first) {
  if (first.branch == "imported") return {};
  const SearchFindings findings{recorded_results(read_recorded_run(run.folder, run.name)),
                                layer_collapse(RunStore(run.folder)), first.classes};
  TextStream verdict;
  print_verdict(verdict, findings);
  ordered_json json = report_json(findings);
  json["words"] = verdict.str();
  return json;
}

ordered_json run_json(const ReportedRun& run) {
  const RunStore top(run.folder);
  if (!top.has_run())
    throw ConfigError("'" + run.folder.string() + "' holds no run: name the folder of a search, its --out");
  const RunRecord first = runs_in(top).front().read_run();
  const std::optional<CollectionRecord> settings = top.read_settings();
  const bool finished = settings && settings->totals;  // at least a level
  return {{"name", run.name},
          {"folder", run.folder.string()},
          {"model", first.model},
          {"dataset", first.dataset},
          {"dataset_fingerprint", first.dataset_fingerprint},
          {"rewind_step", first.rewind_step},
          {"config", first.config},
          {"extent", first.extent},
          {"started_utc", first.started_utc},
          {"finished_utc", finished ? ordered_json(settings->totals->finished_utc) : ordered_json()},
          {"provenance", read_provenance(top.run_path())},
          {"results", results_json(run, first)}};
}

// ----------------------------------------------------------------------------------------------------
// overlaps

ordered_json chance_json(const MaskOverlap& masks, const ChanceOverlap& chance) {
  return {{"jaccard", rounded(masks.jaccard_of(chance.mean))}, {"z", rounded(masks.z_score(chance))}};
}

ordered_json layer_json(const NetworkOverlap& layer) {
  const MaskOverlap& m = layer.masks;
  return {{"name", m.name},
          {"common", m.common},
          {"jaccard", rounded(m.jaccard())},
          {"signs", json_if(layer.signs.has_value(), rounded(layer.signs.value_or(0)))},
          {"by_density", chance_json(m, m.by_density)},
          {"by_inputs", chance_json(m, m.by_inputs)}};
}

// Returns the overlaps of all tickets at one level, by index; those of other models are not compared.
ordered_json level_overlaps(const std::vector<ReportedTraining>& trainings, unsigned level) {
  ordered_json pairs = ordered_json::array();
  std::vector<std::pair<std::size_t, MaskedNetwork>> before;
  for (std::size_t t = 0; t < trainings.size(); ++t) {
    if (!is_ticket(trainings[t].branch) || !trainings[t].store.has_level(level)) continue;
    MaskedNetwork network =
        masked_network(trainings[t].store.read_level(level), RunContext(trainings[t].store.folder()));
    for (const auto& [other, its] : before) {
      const auto same = [](const Mask& a, const Mask& b) { return a.name == b.name && a.shape == b.shape; };
      if (std::ranges::equal(its.masks, network.masks, same))
        pairs.push_back(
            {{"a", other}, {"b", t}, {"layers", json_array(compare_networks(its, network), layer_json)}});
    }
    before.emplace_back(t, std::move(network));
  }
  return {{"level", level}, {"pairs", pairs}};
}

ordered_json overlaps_json(const std::vector<ReportedTraining>& trainings) {
  std::map<unsigned, std::size_t> tickets;  // that have the level
  for (const ReportedTraining& training : trainings) {
    if (!is_ticket(training.branch)) continue;
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

// Masks or weights of one layer of a training, which the page may or may not hold.
struct Image {
  std::pair<int, std::size_t> rank;  // the lower, the sooner it is kept
  ordered_json* place;
  ordered_json packed;
};

std::vector<Image> pack_images(const std::vector<ReportedTraining>& trainings,
                               std::vector<TrainingData>& data) {
  std::vector<Image> images;
  for (std::size_t t = 0; t < trainings.size(); ++t) {
    const bool ticket = is_ticket(trainings[t].branch);
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
    const std::size_t bytes = json_text(image.packed).size();
    if (bytes > most_bytes) continue;
    most_bytes -= bytes;
    *image.place = std::move(image.packed);
  }
}

}  // namespace

ordered_json report_data(const std::vector<ReportedRun>& runs, std::size_t most_bytes) {
  ordered_json document = {
      {"ltlab", LTLAB_VERSION}, {"created_utc", utc_now()}, {"runs", json_array(runs, run_json)}};
  std::vector<ReportedTraining> trainings;
  for (std::size_t r = 0; r < runs.size(); ++r)
    std::ranges::move(find_trainings(r, runs[r].folder), std::back_inserter(trainings));
  document["overlaps"] = overlaps_json(trainings);
  std::vector<TrainingData> data(trainings.begin(), trainings.end());
  std::vector<Image> images = pack_images(trainings, data);
  std::size_t bytes = json_text(document).size();
  for (TrainingData& training : data) bytes += json_text(training.json()).size();
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
