#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ltlab::app {

/// A run folder, one ticket's or a collection's, and what the page calls it.
struct ReportedRun {
  std::string name;
  std::filesystem::path folder;
};

/// All that the page shows, as page.js reads it:
/// - "runs": settings, provenance, and what `ltlab search --json` and its verdict tell of each;
/// - "trainings": of each ticket and control every level's figures, metrics, layers and kernels, and per
/// layer
///   "masks" and "weights" as LayerImages packs them, null where they are left out; "inputs" where the first
///   layer takes pixels: an image's extents, and of each level the survivors at each pixel, packed as uint16
///   in little-endian order;
/// - "overlaps": of each level the masks of all tickets, pair by pair.
/// Masks and weights are kept as long as all of it takes at most `most_bytes`: the tickets' masks first, then
/// replicate by replicate the tickets' weights and the controls' masks, last the controls' weights.
/// ConfigError where a folder holds no run, or a control; DataError where one has yet to train its dense
/// network; StoreError, IoError.
nlohmann::ordered_json report_data(const std::vector<ReportedRun>& runs, std::size_t most_bytes);

/// Of how many layers' masks or weights, of how many in all, `data` has not the images.
struct LeftOut {
  std::size_t images = 0, of = 0;
};
LeftOut left_out(const nlohmann::ordered_json& data);

}  // namespace ltlab::app
