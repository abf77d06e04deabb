#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/analysis/interpolation.h"
#include "ltlab/analysis/sharpness.h"
#include "ltlab/base/names.h"

namespace ltlab {

/// The two sets of weights between which a line runs.
enum class LineKind {
  training,  ///< from the start of a level's training to its end
  pruning,   ///< from the trained weights of the level before to those of this one (Paul et al. 2023, arXiv
             ///< 2210.03044, section 3: matching levels in succession are linearly mode connected)
  copies,    ///< between two copies of a level, trained with images in different orders
  runs       ///< between the trained weights of the same level of two runs
};

/// training | pruning | copies | runs
const NameTable<LineKind>& line_kind_names();

/// A line measured for a run's level.
struct MeasuredLine {
  LineKind kind = LineKind::training;
  std::string run;  ///< its folder
  unsigned level = 0;
  double density = 1;
  std::vector<LinePoint> points;
  std::optional<std::pair<unsigned, unsigned>> copies = {};  ///< at the ends of LineKind::copies
};

/// Returns "0-1" of a line between copies 0 and 1; empty for lines of other kinds.
std::string pair_of(const MeasuredLine& line);

/// The sharpness of a run's level after training.
struct MeasuredSharpness {
  std::string run;
  unsigned level = 0;
  double density = 1;
  std::size_t survivors = 0, images = 0;  ///< of all parameters; of the training set, measured on
  Sharpness sharpness;
};

/// Writes an HDF5 file with a table `lines` of one row per point, and a table `sharpness` of one row per
/// eigenvalue; an empty table is left out. The attribute `batch_norm` tells the `statistics` of lines.
/// IoError where the disk refuses.
void write_landscape(const std::filesystem::path& path, const std::vector<MeasuredLine>& lines,
                     LineStatistics statistics, const std::vector<MeasuredSharpness>& sharpness);

}  // namespace ltlab
