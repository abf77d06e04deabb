#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ltlab {

/// The places of a sparse matrix's survivors, row by row, and of each one's input in a panel of activations.
/// The values are kept apart (one contiguous array in the same order), so that a gradient or an optimizer's
/// state shares this structure.
///
/// The inputs are cut into windows small enough for the first-level cache: kernels do all rows of one window
/// before the next. A row's survivors ascend, so those of each window are one segment of it.
struct SparseRows {
  std::uint32_t rows = 0, windows = 1;
  /// Row r's survivors in window w are numbers begin[w * rows + r] up to begin[(w + 1) * rows + r].
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> origin;  ///< for each window, the position that `offset` counts from
  /// For each survivor, its input's position, counted from its window's origin. 16 bits halve what the
  /// kernels read besides activations. kReadAhead unused entries follow the last.
  std::vector<std::uint16_t> offset;

  static constexpr std::size_t kReadAhead = 4;
  std::size_t survivors() const { return offset.empty() ? 0 : offset.size() - kReadAhead; }
};

/// The survivors of a matrix as a list: row r's are begin[r] up to begin[r + 1], each with the position of
/// its input, ascending in each row.
struct SurvivorList {
  std::vector<std::uint32_t> begin{0};
  std::vector<std::uint32_t> position;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(begin.size() - 1); }
  void end_row() { begin.push_back(static_cast<std::uint32_t>(position.size())); }
};

/// The most positions of a channel, its border included, that the offsets of a convolution's survivors can
/// distinguish.
inline constexpr std::size_t kLargestChannel = 65535;

/// How inputs are cut into windows: only between groups of `group` positions (1 for a linear layer, a channel
/// for a convolution). A kernel's tile touches `bytes_per_group` bytes of each group.
struct WindowRule {
  std::size_t groups = 1, group = 1, bytes_per_group = 1;
};

/// Returns the rows. ConfigError: a single group spans more positions than 16 bits can distinguish.
SparseRows make_sparse_rows(const SurvivorList& list, const WindowRule& rule);

/// The structure of a matrix by rows and by columns, for the three products of training a linear layer.
struct SparseMatrix {
  SparseRows by_row;
  SparseRows by_column;                  ///< the transposed matrix
  std::vector<std::uint32_t> row_order;  ///< survivor k of by_column is survivor row_order[k] of by_row
};

/// Returns the structure of the nonzeros of a row-major 0/1 mask of rows x columns entries.
SparseMatrix make_sparse_matrix(std::span<const std::uint8_t> keep, std::size_t rows, std::size_t columns);

}  // namespace ltlab
