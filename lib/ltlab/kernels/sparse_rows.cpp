#include "ltlab/kernels/sparse_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ltlab/base/activations.h"
#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Three quarters of a first-level cache of 32 KiB; the rest is for outputs passing by.
constexpr double kWindowBytes = 24576;
// If a row has fewer survivors in a window, loading and storing its sums costs more than the cache saves.
constexpr double kSurvivorsPerSegment = 16;
static_assert(kLargestChannel == std::numeric_limits<std::uint16_t>::max());

// Returns a window's number of groups: what the cache holds or, for short rows, more within 16-bit positions.
std::size_t groups_per_window(const SurvivorList& list, const WindowRule& rule) {
  const double by_cache = kWindowBytes / static_cast<double>(rule.bytes_per_group);
  const double per_group = static_cast<double>(list.position.size()) /
                           static_cast<double>(std::max<std::size_t>(1, list.rows() * rule.groups));
  const double by_length = per_group > 0 ? kSurvivorsPerSegment / per_group : by_cache;
  const auto wanted = static_cast<double>(rule.groups);
  const auto groups = static_cast<std::size_t>(std::min(wanted, std::ceil(std::max(by_cache, by_length))));
  // Windows have equal sizes, rather than a short one at the end.
  const std::size_t windows = (rule.groups + groups - 1) / std::max<std::size_t>(1, groups);
  const std::size_t even = (rule.groups + windows - 1) / std::max<std::size_t>(1, windows);
  return std::clamp<std::size_t>(even, 1, std::max<std::size_t>(1, kLargestChannel / rule.group));
}

}  // namespace

SparseRows make_sparse_rows(const SurvivorList& list, const WindowRule& rule) {
  const std::size_t span = groups_per_window(list, rule) * rule.group;
  SparseRows result;
  result.rows = list.rows();
  result.windows =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, (rule.groups * rule.group + span - 1) / span));
  for (std::uint32_t w = 0; w < result.windows; ++w)
    result.origin.push_back(static_cast<std::uint32_t>(w * span));
  const auto in_row = [&](std::uint32_t r) {
    return std::span(list.position).subspan(list.begin[r], list.begin[r + 1] - list.begin[r]);
  };
  for (const std::uint32_t origin : result.origin) {
    for (std::uint32_t r = 0; r < result.rows; ++r) {
      const auto row = in_row(r);
      const auto first = std::ranges::lower_bound(row, origin) - row.begin();
      result.begin.push_back(list.begin[r] + static_cast<std::uint32_t>(first));
    }
  }
  result.begin.insert(result.begin.end(), list.begin.begin() + 1, list.begin.end());
  result.offset.reserve(list.position.size() + SparseRows::kReadAhead);
  for (const std::uint32_t position : list.position) {
    const std::size_t offset = position % span;
    if (offset > kLargestChannel)
      throw ConfigError("a layer's input is too large: a channel must have less than 65536 values");
    result.offset.push_back(static_cast<std::uint16_t>(offset));
  }
  result.offset.resize(list.position.size() + SparseRows::kReadAhead, 0);
  return result;
}

SparseMatrix make_sparse_matrix(std::span<const std::uint8_t> keep, std::size_t rows, std::size_t columns) {
  SurvivorList by_row, by_column;
  std::vector<std::uint32_t> row_order, next(columns, 0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      if (!keep[r * columns + c]) continue;
      by_row.position.push_back(static_cast<std::uint32_t>(c));
      ++next[c];
    }
    by_row.end_row();
  }
  // Counting sort by column: prefix sums, then place; rows stay ascending within each column.
  for (const std::uint32_t count : next) by_column.begin.push_back(by_column.begin.back() + count);
  std::copy_n(by_column.begin.begin(), columns, next.begin());
  by_column.position.resize(by_row.position.size());
  row_order.resize(by_row.position.size());
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t k = by_row.begin[r]; k < by_row.begin[r + 1]; ++k) {
      const std::uint32_t place = next[by_row.position[k]]++;
      by_column.position[place] = r;
      row_order[place] = k;
    }
  }
  const std::size_t bytes = kMaxLanes * sizeof(float);
  return {make_sparse_rows(by_row, {columns, 1, bytes}), make_sparse_rows(by_column, {rows, 1, bytes}),
          std::move(row_order)};
}

}  // namespace ltlab
