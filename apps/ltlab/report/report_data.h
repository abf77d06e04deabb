#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ltlab::app {

/// A run folder, of one ticket or a collection, and its name on the page.
struct ReportedRun {
  std::string name;
  std::filesystem::path folder;
};

/// Returns everything the page shows, as page.js reads it:
/// - "runs": for each, its settings, provenance, and the content and verdict of `ltlab search --json`;
/// - "trainings": every level's figures, metrics, layers and kernels for each ticket and control, and per
///   layer
///   "masks" and "weights" as LayerImages packs them, null where they are left out; "inputs" where the first
///   layer takes pixels: an image's extents, and of each level the survivors at each pixel, packed as uint16
///   in little-endian order;
/// - "overlaps": for each level, the masks of all tickets, pair by pair;
/// - "studies", which `ltlab report` adds: the verdicts.json of each study.
/// Masks and weights are included as long as everything fits into `most_bytes`: the tickets' masks first,
/// then, replicate by replicate, the tickets' weights and the controls' masks, and last the controls'
/// weights. ConfigError where a folder holds no run, or a control; DataError where one has yet to train its
/// dense network; StoreError, IoError.
nlohmann::ordered_json report_data(const std::vector<ReportedRun>& runs, std::size_t most_bytes);

/// How many layers' masks or weights `data` lacks images of, and how many there are in all.
struct LeftOut {
  std::size_t images = 0, of = 0;
};
LeftOut left_out(const nlohmann::ordered_json& data);

}  // namespace ltlab::app
