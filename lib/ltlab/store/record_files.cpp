#include "ltlab/store/record_files.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/hdf5/child.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/vouched_files.h"

namespace ltlab {
namespace {

using hdf5::Column;
using hdf5::File;
using hdf5::Group;

constexpr auto kPosition =
    "position";  // attribute of an array: its place among its like, from input to output

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

std::vector<std::byte> finish(File& file) {
  file.set_attribute(kDigestAttribute, content_digest(file));
  return file.close_image();
}

void write_identity(File& file, const RunIdentity& run) {
  file.set_attribute("config_sha256", run.config_sha256);
  file.set_attribute("branch", run.branch);
  file.set_attribute("dataset_fingerprint", run.dataset_fingerprint);
  file.set_attribute("seed", run.seed);
  file.set_attribute("trial", run.trial);
}

void write_data_directory(File& file, const std::string& directory) {
  if (!directory.empty()) file.set_attribute("data_directory", directory);
}

void write_cost(File& file, const Cost& cost) {
  file.set_attribute("wall_seconds", cost.wall_seconds);
  file.set_attribute("flops", cost.flops);
  file.set_attribute("dense_flops", cost.dense_flops);
}

void write_totals(File& file, const std::optional<RunTotals>& totals) {
  if (!totals) return;
  write_cost(file, totals->cost);
  file.set_attribute("finished_utc", totals->finished_utc);
}

void write_tensors(File& file, const std::string& group_name, const std::vector<Tensor>& tensors) {
  Group group = file.create_group(group_name);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    group.write(tensors[t].name, tensors[t].shape, std::span<const float>(tensors[t].values))
        .set_attribute(kPosition, std::uint64_t{t});
  }
}

void write_masks(File& file, const std::vector<Mask>& masks) {
  Group group = file.create_group("mask");
  for (std::size_t m = 0; m < masks.size(); ++m) {
    hdf5::Dataset dataset = group.write_bits(masks[m].name, masks[m].shape, masks[m].keep);
    dataset.set_attribute(kPosition, std::uint64_t{m});
    dataset.set_attribute("density", masks[m].density());
  }
}

// One column: what `value`, a member or a function, tells of every row.
template <class Row, class Value>
Column column(const std::string& name, const std::vector<Row>& rows, Value value) {
  std::vector<std::decay_t<std::invoke_result_t<Value, const Row&>>> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(std::invoke(value, row));
  return {name, std::move(values)};
}

void write_metrics(File& file, const std::vector<MetricsRow>& rows) {
  file.write_table("metrics", {column("step", rows, &MetricsRow::step),
                               column("learning_rate", rows, &MetricsRow::learning_rate),
                               column("train_loss", rows, &MetricsRow::train_loss),
                               column("validation_loss", rows, &MetricsRow::validation_loss),
                               column("validation_accuracy", rows, &MetricsRow::validation_accuracy),
                               column("wall_seconds", rows, &MetricsRow::wall_seconds)});
}

void write_kernels(File& file, const std::vector<KernelChoice>& rows) {
  const auto product = [](const KernelChoice& row) { return std::string(to_string(row.product)); };
  const auto kernel = [](const KernelChoice& row) { return std::string(to_string(row.kernel)); };
  file.write_table(
      "kernels", {column("parameter", rows, &KernelChoice::parameter), column("product", rows, product),
                  column("kernel", rows, kernel), column("dense_seconds", rows, &KernelChoice::dense_seconds),
                  column("sparse_seconds", rows, &KernelChoice::sparse_seconds)});
}

// ----------------------------------------------------------------------------------------------------
// reading

std::string in_quotes(const std::filesystem::path& path) {
  return std::string("'").append(path.string()).append("'");
}

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

// Only the replicates of a collection tell what its run.h5 does, and only levels can be trained again.
bool can_be_made_again(const std::filesystem::path& path) {
  std::error_code ignored;
  return path.filename() != "run.h5" ||
         std::filesystem::exists(path.parent_path() / "replicate-0" / "run.h5", ignored);
}

// Adds what to do to the faults that only damage can cause.
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

RunIdentity identity_of(const File& file) {
  RunIdentity run;
  run.config_sha256 = file.string_attribute("config_sha256");
  if (file.string_attribute("kind") == to_string(FileKind::collection)) return run;
  run.branch = file.string_attribute("branch");
  run.dataset_fingerprint = file.string_attribute("dataset_fingerprint");
  run.seed = file.unsigned_attribute("seed");
  run.trial = file.unsigned_attribute("trial");
  return run;
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

std::vector<Tensor> read_tensors(const File& file, const std::string& group) {
  std::vector<Tensor> tensors;
  for_each_dataset(file.group(group), [&](const hdf5::Dataset& dataset, std::string name) {
    Tensor tensor{std::move(name), dataset.shape(), AlignedVector<float>(dataset.size())};
    dataset.read(std::span<float>(tensor.values));
    tensors.push_back(std::move(tensor));
  });
  return tensors;
}

// Whoever reads a level may take an array by its mask, place by place.
void require_shapes_of(const std::vector<Mask>& masks, const std::vector<Tensor>& arrays,
                       const std::filesystem::path& path) {
  for (const Mask& mask : masks) {
    const Tensor* array = find_named(arrays, mask.name);
    if (array && array->shape != mask.shape)
      throw StoreError("'" + path.string() + "': '" + mask.name + "' is of shape " +
                       extents_text(array->shape) + ", but its mask " + extents_text(mask.shape));
  }
}

std::vector<Mask> read_masks(const File& file) {
  std::vector<Mask> masks;
  for_each_dataset(file.group("mask"), [&](const hdf5::Dataset& dataset, std::string name) {
    Mask mask{std::move(name), dataset.shape(), std::vector<std::uint8_t>(dataset.size())};
    dataset.read(std::span<std::uint8_t>(mask.keep));
    const double told = dataset.double_attribute("density");
    if (std::abs(told - mask.density()) > 1e-12)
      throw StoreError(dataset.where() + ": attribute 'density' says " + std::to_string(told) +
                       ", but the mask has " + std::to_string(mask.density()));
    masks.push_back(std::move(mask));
  });
  return masks;
}

// A table whose columns are moved, one after the other, into a member of its rows.
template <class Row>
class TableReader {
 public:
  TableReader(const File& file, const std::string& name)
      : where_(in_quotes(file.file_name()) + " at '/" + name + "'"), columns_(file.read_table(name)) {
    if (columns_.empty()) throw StoreError(where_ + " has no columns");
    rows_.resize(std::visit([](const auto& values) { return values.size(); }, columns_.front().values));
  }

  template <class T>
  TableReader& read(const std::string& name, T Row::*member) {
    std::vector<T>& values = values_of<T>(name);
    for (std::size_t r = 0; r < rows_.size(); ++r) rows_[r].*member = std::move(values[r]);
    return *this;
  }

  // A column of words, each of which `parse` turns into the member's value.
  template <class T>
  TableReader& read_words(const std::string& name, T Row::*member, T (*parse)(const std::string&)) {
    const std::vector<std::string>& words = values_of<std::string>(name);
    try {
      for (std::size_t r = 0; r < rows_.size(); ++r) rows_[r].*member = parse(words[r]);
    } catch (const ConfigError& error) {
      throw StoreError(where_ + ", column '" + name + "': " + error.what());
    }
    return *this;
  }

  std::vector<Row> rows() { return std::move(rows_); }

 private:
  template <class T>
  std::vector<T>& values_of(const std::string& name) {
    const auto column =
        std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name == name; });
    if (column == columns_.end()) throw StoreError(where_ + " has no column '" + name + "'");
    auto* values = std::get_if<std::vector<T>>(&column->values);
    if (!values) throw StoreError(where_ + ", column '" + name + "' has an unexpected type");
    return *values;
  }

  std::string where_;
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

std::vector<MetricsRow> read_metrics(const File& file) {
  return TableReader<MetricsRow>(file, "metrics")
      .read("step", &MetricsRow::step)
      .read("learning_rate", &MetricsRow::learning_rate)
      .read("train_loss", &MetricsRow::train_loss)
      .read("validation_loss", &MetricsRow::validation_loss)
      .read("validation_accuracy", &MetricsRow::validation_accuracy)
      .read("wall_seconds", &MetricsRow::wall_seconds)
      .rows();
}

std::vector<KernelChoice> read_kernels(const File& file) {
  return TableReader<KernelChoice>(file, "kernels")
      .read("parameter", &KernelChoice::parameter)
      .read_words("product", &KernelChoice::product, parse_product)
      .read_words("kernel", &KernelChoice::kernel, parse_kernel)
      .read("dense_seconds", &KernelChoice::dense_seconds)
      .read("sparse_seconds", &KernelChoice::sparse_seconds)
      .rows();
}

std::string read_data_directory(const File& file) {
  return file.has_attribute("data_directory") ? file.string_attribute("data_directory") : "";
}

Cost read_cost(const File& file) {
  return {file.double_attribute("wall_seconds"), file.double_attribute("flops"),
          file.double_attribute("dense_flops")};
}

std::optional<RunTotals> read_totals(const File& file) {
  if (!file.has_attribute("finished_utc")) return std::nullopt;
  return RunTotals{read_cost(file), file.string_attribute("finished_utc")};
}

std::vector<FileLink> links_of(const File& file) {
  std::vector<FileLink> links;
  for (const hdf5::Link& link : file.links()) {
    if (link.kind == hdf5::LinkKind::external) links.push_back({link.name, link.target});
  }
  return links;
}

unsigned read_level_number(const File& file) {
  const std::uint64_t level = file.unsigned_attribute("level");
  if (level > std::numeric_limits<unsigned>::max())
    throw StoreError(in_quotes(file.file_name()) + ": there is no level " + std::to_string(level));
  return static_cast<unsigned>(level);
}

LevelSummary read_figures(const File& file) {
  LevelSummary summary;
  summary.level = read_level_number(file);
  summary.density = file.double_attribute("density");
  summary.steps = file.unsigned_attribute("steps");
  summary.first_step = file.unsigned_attribute("first_step");
  summary.test_loss = file.double_attribute("test_loss");
  summary.test_accuracy = file.double_attribute("test_accuracy");
  summary.validation_loss = file.double_attribute("validation_loss");
  summary.validation_accuracy = file.double_attribute("validation_accuracy");
  if (file.has_attribute("mask_step")) summary.mask_step = file.unsigned_attribute("mask_step");
  summary.early_stop_step = file.unsigned_attribute("early_stop_step");
  summary.early_stop_validation_loss = file.double_attribute("early_stop_validation_loss");
  summary.early_stop_test_loss = file.double_attribute("early_stop_test_loss");
  summary.early_stop_test_accuracy = file.double_attribute("early_stop_test_accuracy");
  summary.cost = read_cost(file);
  summary.started_utc = file.string_attribute("started_utc");
  summary.finished_utc = file.string_attribute("finished_utc");
  return summary;
}

}  // namespace

std::string to_string(FileKind kind) {
  switch (kind) {
    case FileKind::run:
      return "run";
    case FileKind::collection:
      return "collection";
    case FileKind::level:
      return "level";
    case FileKind::checkpoint:
      return "checkpoint";
  }
  throw ConfigError("no such kind of file");
}

RunIdentity identity(const RunRecord& run) {
  return {sha256(run.config), run.branch, run.dataset_fingerprint, run.seed, run.trial};
}

std::vector<std::byte> encode(const RunRecord& run) {
  File file = new_file(FileKind::run, "run.h5");
  write_identity(file, identity(run));
  file.set_attribute("config", run.config);
  file.set_attribute("extent", run.extent);
  file.set_attribute("model", run.model);
  file.set_attribute("dataset", run.dataset);
  write_data_directory(file, run.data_directory);
  file.set_attribute("rewind_step", run.rewind_step);
  if (!run.init_origin.empty()) file.set_attribute("init_origin", run.init_origin);
  file.set_attribute("started_utc", run.started_utc);
  write_totals(file, run.totals);
  write_tensors(file, "init", run.init_weights);
  write_tensors(file, "rewind", run.rewind_weights);
  write_tensors(file, "rewind_optimizer", run.rewind_optimizer);
  return finish(file);
}

std::vector<std::byte> encode(const CollectionRecord& collection) {
  File file = new_file(FileKind::collection, "run.h5");
  file.set_attribute("config", collection.config);
  file.set_attribute("extent", collection.extent);
  write_data_directory(file, collection.data_directory);
  file.set_attribute("config_sha256", sha256(collection.config));
  file.set_attribute("started_utc", collection.started_utc);
  write_totals(file, collection.totals);
  return finish(file);
}

std::vector<std::byte> encode(const LevelRecord& level, const RunIdentity& run) {
  File file = new_file(FileKind::level, "level " + std::to_string(level.level));
  write_identity(file, run);
  file.set_attribute("level", std::uint64_t{level.level});
  file.set_attribute("density", level.density);
  file.set_attribute("steps", level.steps);
  file.set_attribute("first_step", level.first_step);
  file.set_attribute("test_loss", level.test_loss);
  file.set_attribute("test_accuracy", level.test_accuracy);
  file.set_attribute("validation_loss", level.validation_loss);
  file.set_attribute("validation_accuracy", level.validation_accuracy);
  if (level.mask_step > 0) file.set_attribute("mask_step", level.mask_step);
  file.set_attribute("early_stop_step", level.early_stop_step);
  file.set_attribute("early_stop_validation_loss", level.early_stop_validation_loss);
  file.set_attribute("early_stop_test_loss", level.early_stop_test_loss);
  file.set_attribute("early_stop_test_accuracy", level.early_stop_test_accuracy);
  write_cost(file, level.cost);
  file.set_attribute("started_utc", level.started_utc);
  file.set_attribute("finished_utc", level.finished_utc);
  write_masks(file, level.masks);
  write_tensors(file, "weights", level.weights);
  if (!level.initial_weights.empty()) write_tensors(file, "initial", level.initial_weights);
  if (!level.optimizer.empty()) write_tensors(file, "optimizer", level.optimizer);
  if (!level.model.empty()) file.set_attribute("model", level.model);
  write_metrics(file, level.metrics);
  write_kernels(file, level.kernels);
  return finish(file);
}

std::vector<std::byte> encode(const TrainingCheckpoint& checkpoint, const RunIdentity& run) {
  File file = new_file(FileKind::checkpoint, "checkpoint of level " + std::to_string(checkpoint.level));
  write_identity(file, run);
  file.set_attribute("level", std::uint64_t{checkpoint.level});
  file.set_attribute("step", checkpoint.step);
  file.set_attribute("loss_sum", checkpoint.loss_sum);
  file.set_attribute("loss_count", checkpoint.loss_count);
  file.set_attribute("wall_seconds", checkpoint.wall_seconds);
  file.set_attribute("started_utc", checkpoint.started_utc);
  if (checkpoint.mask_step > 0) file.set_attribute("mask_step", checkpoint.mask_step);
  if (checkpoint.mask_step > 0 || checkpoint.flops != 0) file.set_attribute("flops", checkpoint.flops);
  write_masks(file, checkpoint.masks);
  write_tensors(file, "state", checkpoint.state);
  write_metrics(file, checkpoint.metrics);
  write_kernels(file, checkpoint.kernels);
  return finish(file);
}

void vouch_for_own(const std::filesystem::path& path) {
  FileStamp(path).vouch();
}

RunRecord read_run_file(const std::filesystem::path& path) {
  const File file = open_checked(path, FileKind::run);
  RunRecord run;
  run.config = file.string_attribute("config");
  run.extent = file.string_attribute("extent");
  run.model = file.string_attribute("model");
  run.branch = file.string_attribute("branch");
  run.seed = file.unsigned_attribute("seed");
  run.trial = file.unsigned_attribute("trial");
  run.dataset = file.string_attribute("dataset");
  run.dataset_fingerprint = file.string_attribute("dataset_fingerprint");
  run.data_directory = read_data_directory(file);
  run.rewind_step = file.unsigned_attribute("rewind_step");
  if (file.has_attribute("init_origin")) run.init_origin = file.string_attribute("init_origin");
  run.started_utc = file.string_attribute("started_utc");
  run.totals = read_totals(file);
  run.init_weights = read_tensors(file, "init");
  run.rewind_weights = read_tensors(file, "rewind");
  run.rewind_optimizer = read_tensors(file, "rewind_optimizer");
  return run;
}

CollectionRecord read_collection_file(const std::filesystem::path& path) {
  const File file = open_checked(path, FileKind::collection);
  return {file.string_attribute("config"), file.string_attribute("extent"), read_data_directory(file),
          file.string_attribute("started_utc"), read_totals(file)};
}

LevelRecord read_level_file(const std::filesystem::path& path) {
  const File file = open_checked(path, FileKind::level);
  LevelRecord level{read_figures(file), read_masks(file),  read_tensors(file, "weights"), {}, {},
                    read_metrics(file), read_kernels(file)};
  if (file.contains("initial")) level.initial_weights = read_tensors(file, "initial");
  if (file.contains("optimizer")) level.optimizer = read_tensors(file, "optimizer");
  if (file.has_attribute("model")) level.model = file.string_attribute("model");
  require_shapes_of(level.masks, level.weights, path);
  require_shapes_of(level.masks, level.initial_weights, path);
  return level;
}

LevelSummary read_summary(const std::filesystem::path& path) {
  return read_figures(open_checked(path, FileKind::level));
}

TrainingCheckpoint read_checkpoint_file(const std::filesystem::path& path) {
  const File file = open_checked(path, FileKind::checkpoint);
  TrainingCheckpoint checkpoint;
  checkpoint.level = read_level_number(file);
  checkpoint.step = file.unsigned_attribute("step");
  checkpoint.loss_sum = file.double_attribute("loss_sum");
  checkpoint.loss_count = file.unsigned_attribute("loss_count");
  checkpoint.wall_seconds = file.double_attribute("wall_seconds");
  checkpoint.started_utc = file.string_attribute("started_utc");
  if (file.has_attribute("mask_step")) checkpoint.mask_step = file.unsigned_attribute("mask_step");
  if (file.has_attribute("flops")) checkpoint.flops = file.double_attribute("flops");
  checkpoint.masks = read_masks(file);
  checkpoint.state = read_tensors(file, "state");
  checkpoint.metrics = read_metrics(file);
  checkpoint.kernels = read_kernels(file);
  return checkpoint;
}

FileKind read_kind(const std::filesystem::path& path) {
  const std::string name = open_checked(path).string_attribute("kind");
  for (const FileKind kind : {FileKind::run, FileKind::collection, FileKind::level, FileKind::checkpoint}) {
    if (to_string(kind) == name) return kind;
  }
  throw StoreError(in_quotes(path) + " is of unknown kind '" + name + "': upgrade ltlab");
}

RunIdentity read_identity(const std::filesystem::path& path) {
  return identity_of(open_checked(path));
}

RunTotals read_level_totals(const std::filesystem::path& path) {
  const File file = open_checked(path);
  return {read_cost(file), file.string_attribute("finished_utc")};
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
  const auto has = [](const std::vector<FileLink>& list, const FileLink& link) {
    return std::find(list.begin(), list.end(), link) != list.end();
  };
  for (const FileLink& link : present) {
    if (!has(links, link)) file.unlink(link.name);
  }
  for (const FileLink& link : links) {
    if (!has(present, link)) file.link_external(link.name, link.target);
  }
  return file.close_image();
}

}  // namespace ltlab
