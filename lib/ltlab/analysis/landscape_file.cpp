#include "ltlab/analysis/landscape_file.h"

#include <cstdint>
#include <utility>

#include "ltlab/hdf5/file.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/provenance.h"

namespace ltlab {
namespace {

// Makes a table's rows: its columns follow each other, each filled by value(measurement, part of it).
template <class Measurement, class Part>
class TableBuilder {
 public:
  void add(const Measurement& measurement, const Part& part) { rows_.emplace_back(&measurement, part); }

  template <class Type, class Value>
  void column(const std::string& name, const Value& value) {
    std::vector<Type> values;
    for (const auto& [measurement, part] : rows_)
      values.push_back(static_cast<Type>(value(*measurement, part)));
    columns_.push_back({name, std::move(values)});
  }
  const std::vector<hdf5::Column>& columns() const { return columns_; }

 private:
  std::vector<std::pair<const Measurement*, Part>> rows_;
  std::vector<hdf5::Column> columns_;
};

std::vector<hdf5::Column> line_columns(const std::vector<MeasuredLine>& lines) {
  TableBuilder<MeasuredLine, LinePoint> table;
  for (const MeasuredLine& line : lines) {
    for (const LinePoint& point : line.points) table.add(line, point);
  }
  using Line = const MeasuredLine&;
  using Point = const LinePoint&;
  table.column<std::string>("line", [](Line line, Point) { return line_kind_names().name(line.kind); });
  table.column<std::string>("run", [](Line line, Point) { return line.run; });
  table.column<std::uint64_t>("level", [](Line line, Point) { return line.level; });
  table.column<double>("density", [](Line line, Point) { return line.density; });
  table.column<double>("alpha", [](Line, Point point) { return point.alpha; });
  table.column<double>("train_loss", [](Line, Point point) { return point.train.loss; });
  table.column<double>("train_accuracy", [](Line, Point point) { return point.train.accuracy; });
  table.column<double>("test_loss", [](Line, Point point) { return point.test.loss; });
  table.column<double>("test_accuracy", [](Line, Point point) { return point.test.accuracy; });
  return table.columns();
}

std::vector<hdf5::Column> sharpness_columns(const std::vector<MeasuredSharpness>& all) {
  TableBuilder<MeasuredSharpness, std::size_t> table;
  for (const MeasuredSharpness& one : all) {
    for (std::size_t i = 0; i < one.sharpness.largest.size(); ++i) table.add(one, i);
  }
  using One = const MeasuredSharpness&;
  table.column<std::string>("run", [](One one, std::size_t) { return one.run; });
  table.column<std::uint64_t>("level", [](One one, std::size_t) { return one.level; });
  table.column<double>("density", [](One one, std::size_t) { return one.density; });
  table.column<std::uint64_t>("survivors", [](One one, std::size_t) { return one.survivors; });
  table.column<std::uint64_t>("images", [](One one, std::size_t) { return one.images; });
  table.column<std::uint64_t>("index", [](One, std::size_t i) { return i; });
  table.column<double>("eigenvalue", [](One one, std::size_t i) { return one.sharpness.largest[i]; });
  table.column<double>("least_eigenvalue", [](One one, std::size_t) { return one.sharpness.least; });
  table.column<double>("trace", [](One one, std::size_t) { return one.sharpness.trace.mean; });
  table.column<double>("trace_half_width",
                       [](One one, std::size_t) { return one.sharpness.trace.half_width; });
  return table.columns();
}

}  // namespace

const NameTable<LineKind>& line_kind_names() {
  using enum LineKind;
  static const NameTable<LineKind> table(
      "line", {{training, "training"}, {pruning, "pruning"}, {copies, "copies"}, {runs, "runs"}});
  return table;
}

void write_landscape(const std::filesystem::path& path, const std::vector<MeasuredLine>& lines,
                     const std::vector<MeasuredSharpness>& sharpness) {
  hdf5::File file = hdf5::File::create_image(path);
  file.set_attribute("format", "ltlab-landscape");
  file.set_attribute("format_version", std::uint64_t{1});
  hdf5::Group provenance = file.create_group("provenance");
  for (const auto& [key, value] : collect_provenance()) provenance.set_attribute(key, value);
  if (!lines.empty()) file.write_table("lines", line_columns(lines));
  if (!sharpness.empty()) file.write_table("sharpness", sharpness_columns(sharpness));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  write_atomically(FolderLock(folder), path.filename(), file.close_image());
}

}  // namespace ltlab
