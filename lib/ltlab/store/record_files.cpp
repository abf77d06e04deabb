#include "ltlab/store/record_files.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/base/sha256.h"
#include "ltlab/hdf5/child.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/fields.h"
#include "ltlab/store/vouched_files.h"

namespace ltlab {
namespace {

using hdf5::Column;
using hdf5::File;
using hdf5::Group;

constexpr auto kPosition =
    "position";  // attribute of an array: its place among its like, from input to output

struct FileKindName {
  FileKind value;
  const char* name;
};
constexpr FileKindName kFileKinds[] = {{FileKind::run, "run"},
                                       {FileKind::collection, "collection"},
                                       {FileKind::level, "level"},
                                       {FileKind::checkpoint, "checkpoint"}};

// ----------------------------------------------------------------------------------------------------
// writing

File new_file(FileKind kind, const std::string& name) {
  File file = File::create_image(name);
  file.set_attribute("format", kFormat);
  file.set_attribute("format_version", kFormatVersion);
  file.set_attribute("kind", to_string(kind));
  Group provenance = file.create_group("provenance");
  for (const auto& [key, value] : collect_provenance()) provenance.set_attribute(key, value);
  return file;
}

// Optional fields that say nothing are left out.
template <class Record>
void write_fields(File& file, const Record& record) {
  for (const Field<Record>& field : fields<Record>()) {
    const FieldValue value = field.get(record);
    if (!field.optional || value != field.get(Record())) file.set_attribute(field.name, value);
  }
}

void write_part(File& file, const std::string& name, const std::vector<Tensor>& tensors,
                bool may_lack = false) {
  if (may_lack && tensors.empty()) return;
  Group group = file.create_group(name);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    group.write(tensors[t].name, tensors[t].shape, std::span<const float>(tensors[t].values))
        .set_attribute(kPosition, std::uint64_t{t});
  }
}

void write_part(File& file, const std::string& name, const std::vector<Mask>& masks) {
  Group group = file.create_group(name);
  for (std::size_t m = 0; m < masks.size(); ++m) {
    hdf5::Dataset dataset = group.write_bits(masks[m].name, masks[m].shape, masks[m].keep);
    dataset.set_attribute(kPosition, std::uint64_t{m});
    dataset.set_attribute("density", masks[m].density());
  }
}

void write_set(Group& group, const std::string& set, const Predictions& predictions) {
  const auto& [classes, probabilities] = predictions;
  group.write(set + "_class", {classes.size()}, std::span<const std::uint8_t>(classes));
  group.write(set + "_probability", {probabilities.size()}, std::span<const float>(probabilities));
}

void write_part(File& file, const std::string& name, const LevelPredictions& predictions, bool /*may_lack*/) {
  if (predictions.empty()) return;
  Group group = file.create_group(name);
  write_set(group, "test", predictions.test);
  write_set(group, "validation", predictions.validation);
}

void write_part(File& file, const std::string& name, const std::string& text) {
  if (!text.empty()) file.set_attribute(name, text);
}

void write_part(File& file, const std::string& /*name*/, const std::optional<RunTotals>& totals) {
  if (totals) write_fields(file, *totals);
}

template <class Row>
void write_part(File& file, const std::string& name, const std::vector<Row>& rows) {
  std::vector<Column> columns;
  for (const Field<Row>& field : fields<Row>()) {
    const auto values_like = [&]<class Value>(const Value& /*type*/) -> Column::Values {
      std::vector<Value> values;
      values.reserve(rows.size());
      for (const Row& row : rows) values.push_back(std::get<Value>(field.get(row)));
      return values;
    };
    columns.push_back({field.name, std::visit(values_like, field.get(Row()))});
  }
  file.write_table(name, columns);
}

// Writes a record into a file that names its run, and returns the file's bytes.
template <class Record>
std::vector<std::byte> encode_record(File file, const Record& record) {
  write_fields<Figures<Record>>(file, record);
  for_each_part(record, [&](const char* name, const auto& part, auto... may_lack) {
    write_part(file, name, part, may_lack...);
  });
  file.set_attribute(kDigestAttribute, content_digest(file));
  return file.close_image();
}

// ----------------------------------------------------------------------------------------------------
// reading

void check_format(const File& file) {
  if (!file.has_attribute("format") || file.string_attribute("format") != kFormat) {
    throw StoreError(in_quotes(file.file_name()) + " is no file of format " + kFormat +
                     ": its root attribute 'format' does not say so");
  }
  const std::uint64_t version = file.unsigned_attribute("format_version");
  if (version > kFormatVersion) {
    throw StoreError(in_quotes(file.file_name()) + " has version " + std::to_string(version) + " of format " +
                     kFormat + ", and this program reads versions up to " + std::to_string(kFormatVersion) +
                     ": upgrade ltlab");
  }
}

void check_digest(const File& file) {
  if (content_digest(file) == file.string_attribute(kDigestAttribute)) return;
  throw StoreError(in_quotes(file.file_name()) + ": its content does not match its SHA-256 (attribute '" +
                   kDigestAttribute + "')");
}

// Only a collection's replicates repeat its run.h5, and only levels can be trained again.
bool can_be_made_again(const std::filesystem::path& path) {
  std::error_code ignored;
  return path.filename() != "run.h5" ||
         std::filesystem::exists(path.parent_path() / "replicate-0" / "run.h5", ignored);
}

// Adds advice to the faults that only damage can cause.
template <class Read>
auto or_damaged(const std::filesystem::path& path, Read read) {
  try {
    return read();
  } catch (const StoreError& error) {
    const char* otherwise = can_be_made_again(path) ? "move it away and make it again with --resume"
                                                    : "search anew into another --out";
    throw StoreError(std::string(error.what()) + "; the file is damaged: restore it from a copy, or " +
                     otherwise);
  }
}

File open_own(const std::filesystem::path& path) {
  File file = or_damaged(path, [&] { return File::open(path); });
  check_format(file);
  return file;
}

// HDF5 crashes on many a damaged or forged file: a child reads all of it first, and checks its digest.
File open_checked(const std::filesystem::path& path) {
  static hdf5::FileChecker checker([](const std::filesystem::path& file) { checked_digest(file); });
  const FileStamp stamp(path);
  if (!stamp.vouched()) {
    checker.check(path);
    stamp.vouch();
  }
  return open_own(path);
}

File open_checked(const std::filesystem::path& path, FileKind kind) {
  File file = open_checked(path);
  const std::string found = file.string_attribute("kind");
  if (found != to_string(kind)) {
    throw StoreError(in_quotes(path) + " is a file of kind '" + found + "', not '" + to_string(kind) + "'");
  }
  return file;
}

template <class Record>
void read_fields(const File& file, Record& record) {
  for (const Field<Record>& field : fields<Record>()) {
    if (field.optional && !file.has_attribute(field.name)) continue;
    const FieldValue value = file.attribute_like(field.name, field.get(record));
    as_stored(file.file_name(), [&] { field.set(record, value); });
  }
}

template <class Record>
Record read_fields(const File& file) {
  Record record;
  read_fields(file, record);
  return record;
}

// Reads a table's rows; columns that older files lack say nothing.
template <class Row>
void read_part(const File& file, const std::string& name, std::vector<Row>& rows) {
  const std::string where = in_quotes(file.file_name()) + " at '/" + name + "'";
  const std::vector<Column> columns = file.read_table(name);
  if (columns.empty()) throw StoreError(where + " has no columns");
  const auto size = [](const auto& values) { return values.size(); };
  rows.resize(std::visit(size, columns.front().values));
  for (const Field<Row>& field : fields<Row>()) {
    const auto column = std::ranges::find(columns, field.name, &Column::name);
    if (column == columns.end() && field.optional) continue;
    if (column == columns.end()) throw StoreError(where + " has no column '" + field.name + "'");
    const std::string here = where + ", column '" + field.name + "'";
    if (column->values.index() != field.get(Row()).index())
      throw StoreError(here + " has an unexpected type");
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto set = [&](const auto& values) { field.set(rows[r], values[r]); };
      as_stored_at(here, [&] { std::visit(set, column->values); });
    }
  }
}

// Calls read(dataset, name within `group`) for all datasets below, in the order of their positions.
void for_each_dataset(const Group& group,
                      const std::function<void(const hdf5::Dataset&, std::string)>& read) {
  std::vector<std::pair<std::uint64_t, hdf5::Dataset>> datasets;
  const std::function<void(const Group&)> collect = [&](const Group& parent) {
    for (const hdf5::Link& link : parent.links()) {
      if (link.kind == hdf5::LinkKind::group) collect(parent.group(link.name));
      if (link.kind != hdf5::LinkKind::dataset) continue;
      hdf5::Dataset dataset = parent.dataset(link.name);
      const std::uint64_t position = dataset.unsigned_attribute(kPosition);
      datasets.emplace_back(position, std::move(dataset));
    }
  };
  collect(group);
  std::sort(datasets.begin(), datasets.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t d = 0; d < datasets.size(); ++d) {
    if (datasets[d].first != d)
      throw StoreError(group.where() + ": positions of its arrays are not 0, 1, 2, ..., each once");
  }
  for (const auto& [position, dataset] : datasets)
    read(dataset, dataset.path().substr(group.path().size() + 1));
}

void read_part(const File& file, const std::string& group, std::vector<Tensor>& tensors,
               bool may_lack = false) {
  if (may_lack && !file.contains(group)) return;
  for_each_dataset(file.group(group), [&](const hdf5::Dataset& dataset, std::string name) {
    Tensor tensor{std::move(name), dataset.shape(), AlignedVector<float>(dataset.size())};
    dataset.read(std::span<float>(tensor.values));
    tensors.push_back(std::move(tensor));
  });
}

// Code that reads a level may index an array by its mask, place by place.
void require_shapes_of(const std::vector<Mask>& masks, const std::vector<Tensor>& arrays,
                       const std::filesystem::path& path) {
  for (const Mask& mask : masks) {
    const Tensor* array = find_named(arrays, mask.name);
    if (array && array->shape != mask.shape)
      throw StoreError("'" + path.string() + "': '" + mask.name + "' is of shape " +
                       extents_text(array->shape) + ", but its mask " + extents_text(mask.shape));
  }
}

void read_part(const File& file, const std::string& group, std::vector<Mask>& masks) {
  for_each_dataset(file.group(group), [&](const hdf5::Dataset& dataset, std::string name) {
    Mask mask{std::move(name), dataset.shape(), std::vector<std::uint8_t>(dataset.size())};
    dataset.read(std::span<std::uint8_t>(mask.keep));
    const double told = dataset.double_attribute("density");
    if (std::abs(told - mask.density()) > 1e-12)
      throw StoreError(dataset.where() + ": attribute 'density' says " + std::to_string(told) +
                       ", but the mask has " + std::to_string(mask.density()));
    masks.push_back(std::move(mask));
  });
}

// Reads a list of numbers of the type that `values` has in the file, "uint8" or "float32".
template <class Value>
void read_list(const Group& group, const std::string& name, const char* type, std::vector<Value>& values) {
  const hdf5::Dataset dataset = group.dataset(name);
  if (dataset.shape().size() != 1 || dataset.element().name != type)
    throw StoreError(dataset.where() + " is no list of " + type);
  values.resize(dataset.size());
  dataset.read(std::span<Value>(values));
}

void read_set(const Group& group, const std::string& set, Predictions& predictions) {
  read_list(group, set + "_class", "uint8", predictions.classes);
  read_list(group, set + "_probability", "float32", predictions.probabilities);
}

void read_part(const File& file, const std::string& name, LevelPredictions& predictions, bool /*may_lack*/) {
  if (!file.contains(name)) return;
  const Group group = file.group(name);
  read_set(group, "test", predictions.test);
  read_set(group, "validation", predictions.validation);
}

void read_part(const File& file, const std::string& name, std::string& text) {
  if (file.has_attribute(name)) text = file.string_attribute(name);
}

void read_part(const File& file, const std::string& /*name*/, std::optional<RunTotals>& totals) {
  if (file.has_attribute("finished_utc")) totals = read_fields<RunTotals>(file);
}

template <class Record>
Record read_record(const std::filesystem::path& path, FileKind kind) {
  const File file = open_checked(path, kind);
  Record record;
  read_fields<Figures<Record>>(file, record);
  for_each_part(record, [&](const char* name, auto& part, auto... may_lack) {
    read_part(file, name, part, may_lack...);
  });
  return record;
}

std::vector<FileLink> links_of(const File& file) {
  std::vector<FileLink> links;
  for (const hdf5::Link& link : file.links()) {
    if (link.kind == hdf5::LinkKind::external) links.push_back({link.name, link.target});
  }
  return links;
}

}  // namespace

std::string to_string(FileKind kind) {
  return row_of(kFileKinds, kind).name;
}

RunIdentity identity(const RunRecord& run) {
  return {sha256(run.config), run.branch, run.dataset_fingerprint, run.seed, run.trial};
}

std::vector<std::byte> encode(const RunRecord& run) {
  File file = new_file(FileKind::run, "run.h5");
  write_fields(file, identity(run));
  return encode_record(std::move(file), run);
}

std::vector<std::byte> encode(const CollectionRecord& collection) {
  File file = new_file(FileKind::collection, "run.h5");
  file.set_attribute("config_sha256", sha256(collection.config));
  return encode_record(std::move(file), collection);
}

std::vector<std::byte> encode(const LevelRecord& level, const RunIdentity& run) {
  File file = new_file(FileKind::level, "level " + std::to_string(level.level));
  write_fields(file, run);
  return encode_record(std::move(file), level);
}

std::vector<std::byte> encode(const TrainingCheckpoint& checkpoint, const RunIdentity& run) {
  File file = new_file(FileKind::checkpoint, "checkpoint of level " + std::to_string(checkpoint.level));
  write_fields(file, run);
  return encode_record(std::move(file), checkpoint);
}

void vouch_for_own(const std::filesystem::path& path) {
  FileStamp(path).vouch();
}

RunRecord read_run_file(const std::filesystem::path& path) {
  return read_record<RunRecord>(path, FileKind::run);
}

CollectionRecord read_collection_file(const std::filesystem::path& path) {
  return read_record<CollectionRecord>(path, FileKind::collection);
}

LevelRecord read_level_file(const std::filesystem::path& path) {
  auto level = read_record<LevelRecord>(path, FileKind::level);
  require_shapes_of(level.masks, level.weights, path);
  require_shapes_of(level.masks, level.initial_weights, path);
  return level;
}

LevelSummary read_summary(const std::filesystem::path& path) {
  return read_fields<LevelSummary>(open_checked(path, FileKind::level));
}

LevelPredictions read_predictions(const std::filesystem::path& path) {
  LevelPredictions predictions;
  read_part(open_checked(path, FileKind::level), "predictions", predictions, true);
  return predictions;
}

TrainingCheckpoint read_checkpoint_file(const std::filesystem::path& path) {
  return read_record<TrainingCheckpoint>(path, FileKind::checkpoint);
}

FileKind read_kind(const std::filesystem::path& path) {
  const std::string name = open_checked(path).string_attribute("kind");
  if (const FileKindName* kind = find_row(kFileKinds, name)) return kind->value;
  throw StoreError(in_quotes(path) + " is of unknown kind '" + name + "': upgrade ltlab");
}

RunIdentity read_identity(const std::filesystem::path& path) {
  const File file = open_checked(path);
  if (file.string_attribute("kind") == to_string(FileKind::collection))
    return {file.string_attribute("config_sha256"), {}, {}};
  return read_fields<RunIdentity>(file);
}

RunTotals read_level_totals(const std::filesystem::path& path) {
  return read_fields<RunTotals>(open_checked(path));
}

Provenance read_provenance(const std::filesystem::path& path) {
  const Group group = open_checked(path).group("provenance");
  Provenance facts;
  for (const std::string& name : group.attribute_names())
    facts.emplace_back(name, group.string_attribute(name));
  return facts;
}

std::vector<FileLink> read_links(const std::filesystem::path& path) {
  return links_of(open_checked(path));
}

std::string checked_digest(const std::filesystem::path& path) {
  const File file = open_own(path);
  or_damaged(path, [&] { check_digest(file); });
  return file.string_attribute(kDigestAttribute);
}

std::vector<std::byte> with_links(const std::filesystem::path& path, const std::vector<FileLink>& links) {
  File file = or_damaged(path, [&] { return File::open_image(path); });
  check_format(file);
  const std::vector<FileLink> present = links_of(file);
  for (const FileLink& link : present) {
    if (std::ranges::count(links, link) == 0) file.unlink(link.name);
  }
  for (const FileLink& link : links) {
    if (std::ranges::count(present, link) == 0) file.link_external(link.name, link.target);
  }
  return file.close_image();
}

}  // namespace ltlab
