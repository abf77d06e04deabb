#include "ltlab/analysis/landscape_file.h"

#include <cstdint>
#include <utility>

#include "ltlab/hdf5/file.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/provenance.h"

namespace ltlab {
namespace {

// Makes a column that holds value(row) for each row of its table.
template <class Type, class Row, class Value>
hdf5::Column column(const std::string& name, const std::vector<Row>& rows, const Value& value) {
  std::vector<Type> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(static_cast<Type>(value(row)));
  return {name, std::move(values)};
}

std::vector<hdf5::Column> line_columns(const std::vector<MeasuredLine>& lines) {
  struct Row {
    const MeasuredLine& line;
    const LinePoint& point;
  };
  std::vector<Row> rows;
  for (const MeasuredLine& line : lines) {
    for (const LinePoint& point : line.points) rows.push_back({line, point});
  }
  using In = const Row&;
  return {column<std::string>("line", rows, [](In row) { return line_kind_names().name(row.line.kind); }),
          column<std::string>("run", rows, [](In row) { return row.line.run; }),
          column<std::string>("pair", rows, [](In row) { return pair_of(row.line); }),
          column<std::uint64_t>("level", rows, [](In row) { return row.line.level; }),
          column<double>("density", rows, [](In row) { return row.line.density; }),
          column<double>("alpha", rows, [](In row) { return row.point.alpha; }),
          column<double>("train_loss", rows, [](In row) { return row.point.train.loss; }),
          column<double>("train_accuracy", rows, [](In row) { return row.point.train.accuracy; }),
          column<double>("test_loss", rows, [](In row) { return row.point.test.loss; }),
          column<double>("test_accuracy", rows, [](In row) { return row.point.test.accuracy; })};
}

std::vector<hdf5::Column> sharpness_columns(const std::vector<MeasuredSharpness>& all) {
  struct Row {
    const MeasuredSharpness& one;
    std::size_t index;
  };
  std::vector<Row> rows;
  for (const MeasuredSharpness& one : all) {
    for (std::size_t i = 0; i < one.sharpness.largest.size(); ++i) rows.push_back({one, i});
  }
  using In = const Row&;
  return {
      column<std::string>("run", rows, [](In row) { return row.one.run; }),
      column<std::uint64_t>("level", rows, [](In row) { return row.one.level; }),
      column<double>("density", rows, [](In row) { return row.one.density; }),
      column<std::uint64_t>("survivors", rows, [](In row) { return row.one.survivors; }),
      column<std::uint64_t>("images", rows, [](In row) { return row.one.images; }),
      column<std::uint64_t>("index", rows, [](In row) { return row.index; }),
      column<double>("eigenvalue", rows, [](In row) { return row.one.sharpness.largest[row.index]; }),
      column<double>("least_eigenvalue", rows, [](In row) { return row.one.sharpness.least; }),
      column<double>("trace", rows, [](In row) { return row.one.sharpness.trace.mean; }),
      column<double>("trace_half_width", rows, [](In row) { return row.one.sharpness.trace.half_width; })};
}

}  // namespace

const NameTable<LineKind>& line_kind_names() {
  using enum LineKind;
  static const NameTable<LineKind> table(
      "line", {{training, "training"}, {pruning, "pruning"}, {copies, "copies"}, {runs, "runs"}});
  return table;
}

std::string pair_of(const MeasuredLine& line) {
  if (!line.copies) return "";
  return std::to_string(line.copies->first) + "-" + std::to_string(line.copies->second);
}

void write_landscape(const std::filesystem::path& path, const std::vector<MeasuredLine>& lines,
                     LineStatistics statistics, const std::vector<MeasuredSharpness>& sharpness) {
  hdf5::File file = hdf5::File::create_image(path);
  file.set_attribute("format", "ltlab-landscape");
  file.set_attribute("format_version", std::uint64_t{1});
  hdf5::Group provenance = file.create_group("provenance");
  for (const auto& [key, value] : collect_provenance()) provenance.set_attribute(key, value);
  if (!lines.empty()) {
    file.set_attribute("batch_norm", line_statistics_names().name(statistics));
    file.write_table("lines", line_columns(lines));
  }
  if (!sharpness.empty()) file.write_table("sharpness", sharpness_columns(sharpness));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  write_atomically(FolderLock(folder), path.filename(), file.close_image());
}

}  // namespace ltlab
