#include "ltlab/kernels/compressed_rows.h"

namespace ltlab {

CompressedRows compress_rows(std::span<const std::uint8_t> keep, std::uint32_t rows, std::uint32_t columns) {
  CompressedRows result{rows, columns, {0}, {}};
  result.begin.reserve(rows + 1);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c) {
      if (keep[r * columns + c]) result.column.push_back(c);
    }
    result.begin.push_back(static_cast<std::uint32_t>(result.column.size()));
  }
  return result;
}

SparseStructure make_sparse_structure(std::span<const std::uint8_t> keep, std::uint32_t rows,
                                      std::uint32_t columns) {
  SparseStructure result{compress_rows(keep, rows, columns), {columns, rows, {}, {}}, {}};
  const CompressedRows& by_row = result.by_row;
  CompressedRows& by_column = result.by_column;
  // Counting sort by column: count, prefix sum, then place; rows stay ascending within each column.
  by_column.begin.assign(columns + std::size_t{1}, 0);
  for (const std::uint32_t c : by_row.column) ++by_column.begin[c + 1];
  for (std::size_t c = 0; c < columns; ++c) by_column.begin[c + 1] += by_column.begin[c];
  by_column.column.resize(by_row.survivors());
  result.row_order.resize(by_row.survivors());
  std::vector<std::uint32_t> next(by_column.begin.begin(), by_column.begin.end() - 1);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t k = by_row.begin[r]; k < by_row.begin[r + 1]; ++k) {
      const std::uint32_t place = next[by_row.column[k]]++;
      by_column.column[place] = r;
      result.row_order[place] = k;
    }
  }
  return result;
}

}  // namespace ltlab
