#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ltlab {

/// Where the survivors of a [rows x columns] weight matrix lie, in compressed-sparse-row order. The values
/// are kept apart (one contiguous array in the same order), so that a gradient or an optimizer's state shares
/// this structure.
struct CompressedRows {
  std::uint32_t rows = 0, columns = 0;
  std::vector<std::uint32_t> begin;   ///< rows + 1 offsets into `column`
  std::vector<std::uint32_t> column;  ///< ascending within a row

  std::size_t survivors() const { return column.size(); }
};

/// Structure of the nonzeros of a row-major 0/1 mask of rows x columns entries.
CompressedRows compress_rows(std::span<const std::uint8_t> keep, std::uint32_t rows, std::uint32_t columns);

/// A matrix's structure by rows and by columns, as the three products of training need it.
struct SparseStructure {
  CompressedRows by_row;
  CompressedRows by_column;              ///< the transposed matrix
  std::vector<std::uint32_t> row_order;  ///< by_column entry k is by_row entry row_order[k]
};

SparseStructure make_sparse_structure(std::span<const std::uint8_t> keep, std::uint32_t rows,
                                      std::uint32_t columns);

}  // namespace ltlab
