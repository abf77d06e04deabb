#include "ltlab/store/verify.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <sstream>

#include "ltlab/base/error.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

std::string text_of(double number) {
  std::ostringstream text;
  text.precision(6);
  text << number;
  return text.str();
}

// Runs `check`, and makes whatever it throws a fault of the file.
void guarded(FileReport& report, const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    report.faults.emplace_back(error.what());
  }
}

// ------------------------------------------------------------------------------------------- one file by
// itself

void check_finite(const std::vector<Tensor>& tensors, const std::string& group, FileReport& report) {
  for (const Tensor& tensor : tensors) {
    const auto bad =
        std::count_if(tensor.values.begin(), tensor.values.end(), [](float v) { return !std::isfinite(v); });
    if (bad > 0)
      report.faults.push_back(group + "/" + tensor.name + ": " + std::to_string(bad) +
                              " values are not finite");
  }
}

void check_densities(const LevelRecord& level, FileReport& report) {
  const double found = density(level.masks);
  if (std::abs(found - level.density) > 1e-12) {
    report.faults.push_back("attribute 'density' says " + text_of(level.density) + ", but the masks have " +
                            text_of(found));
  }
}

void check_masked_weights(const std::vector<Mask>& masks, const std::vector<Tensor>& weights,
                          const std::string& group, FileReport& report) {
  for (const Mask& mask : masks) {
    const Tensor* tensor = find_named(weights, mask.name);
    if (!tensor || tensor->shape != mask.shape) {
      report.faults.push_back("mask/" + mask.name + " of shape " + extents_text(mask.shape) +
                              " has no like in " + group + "/");
      continue;
    }
    std::size_t alive = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) alive += mask.keep[i] == 0 && tensor->values[i] != 0;
    if (alive > 0)
      report.faults.push_back(group + "/" + mask.name + ": " + std::to_string(alive) +
                              " pruned weights are not zero");
  }
}

void check_metrics(const LevelRecord& level, FileReport& report) {
  const std::vector<MetricsRow>& rows = level.metrics;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (rows[r].step > rows[r - 1].step) continue;
    report.faults.push_back("metrics: step " + std::to_string(rows[r].step) + " in row " + std::to_string(r) +
                            " comes after step " + std::to_string(rows[r - 1].step));
  }
  const auto begin = std::ranges::lower_bound(rows, level.mask_step, {}, &MetricsRow::step);
  const auto least = std::min_element(begin, rows.end(), [](const MetricsRow& a, const MetricsRow& b) {
    return a.validation_loss < b.validation_loss;
  });
  if (least == rows.end()) return;
  const std::string since =
      level.mask_step > 0 ? ", of those from step " + std::to_string(level.mask_step) + " on" : "";
  if (least->step != level.early_stop_step || least->validation_loss != level.early_stop_validation_loss) {
    report.faults.push_back("attribute 'early_stop_step' says step " + std::to_string(level.early_stop_step) +
                            ", but validation loss is least (" + text_of(least->validation_loss) +
                            ") at step " + std::to_string(least->step) + since);
  }
}

void check_level(const LevelRecord& level, FileReport& report) {
  report.summary = "level " + std::to_string(level.level) + ", density " + text_of(level.density) +
                   ", test accuracy " + text_of(level.test_accuracy);
  check_densities(level, report);
  check_finite(level.weights, "weights", report);
  check_finite(level.initial_weights, "initial", report);
  check_finite(level.optimizer, "optimizer", report);
  check_masked_weights(level.masks, level.weights, "weights", report);
  if (!level.initial_weights.empty())
    check_masked_weights(level.masks, level.initial_weights, "initial", report);
  check_metrics(level, report);
}

void check_run(const RunRecord& run, FileReport& report) {
  report.summary =
      "run, branch " + run.branch + ", model " + run.model + ", seed " + std::to_string(run.seed);
  check_finite(run.init_weights, "init", report);
  check_finite(run.rewind_weights, "rewind", report);
  check_finite(run.rewind_optimizer, "rewind_optimizer", report);
}

void check_collection(FileReport& report) {
  report.summary = "collection of runs";
}

void check_checkpoint(const TrainingCheckpoint& checkpoint, FileReport& report) {
  report.summary = "checkpoint of level " + std::to_string(checkpoint.level) + " at step " +
                   std::to_string(checkpoint.step);
}

// ------------------------------------------------------------------------------------------- a file in its
// run

// What is known of a run folder while its files, and then its members, are checked.
struct Run {
  RunStore store;
  const Run* parent = nullptr;   // of the enclosing folder
  std::optional<FileKind> kind;  // these are empty where run.h5 cannot be read
  std::optional<RunIdentity> identity;
  std::optional<RunRecord> record;
};

// The weights at step 0. A control leaves it to its ticket to keep them, and so tells none when verified
// alone.
const std::vector<Tensor>& initial_weights(const Run& run) {
  const bool has_own = !run.record->init_weights.empty() || !run.parent || !run.parent->record;
  return (has_own ? run.record : run.parent->record)->init_weights;
}

void check_shapes(const LevelRecord& level, const Run& run, FileReport& report) {
  const std::vector<Tensor>& init = initial_weights(run);
  if (init.empty() && run.record->branch != "ticket") return;
  if (level.weights.size() != init.size()) {
    report.faults.push_back("weights/ has " + std::to_string(level.weights.size()) +
                            " parameters, init/ of run.h5 has " + std::to_string(init.size()));
  }
  for (const Tensor& tensor : level.weights) {
    const Tensor* initial = find_named(init, tensor.name);
    if (initial && initial->shape == tensor.shape) continue;
    report.faults.push_back("weights/" + tensor.name + " of shape " + extents_text(tensor.shape) +
                            " has no like in init/ of run.h5");
  }
}

void check_identity(const fs::path& path, const Run& run, FileReport& report) {
  if (run.identity && read_identity(path) != *run.identity) {
    report.faults.emplace_back(
        "config_sha256, dataset_fingerprint, branch, seed or trial differ from those of run.h5: "
        "this file is of another run");
  }
}

// A member shares its folder's configuration; a control also its ticket's data and seed, pretraining the
// seed.
void check_member(const Run& run, FileReport& report) {
  if (!run.parent || !run.parent->identity || !run.identity) return;
  const RunIdentity& own = *run.identity;
  const RunIdentity& parent = *run.parent->identity;
  const bool same_config = own.config_sha256 == parent.config_sha256;
  const bool same_start = own.seed == parent.seed && (own.branch == "pretraining" ||
                                                      own.dataset_fingerprint == parent.dataset_fingerprint);
  if (!same_config || (run.parent->kind == FileKind::run && !same_start)) {
    report.faults.push_back("config, dataset or seed differ from those of " +
                            run.parent->store.run_path().string());
  }
}

// Initial weights are those that pretraining left, where the shapes are the same: an output layer for other
// classes was drawn.
void check_origin(const Run& run, FileReport& report) {
  if (run.record->init_origin.empty()) return;
  const std::vector<Tensor> left = read_level_file(run.store.folder() / run.record->init_origin).weights;
  for (const Tensor& tensor : run.record->init_weights) {
    const Tensor* before = find_named(left, tensor.name);
    if (!before || before->shape != tensor.shape || before->values == tensor.values) continue;
    report.faults.push_back("init/" + tensor.name + " is not as " + run.record->init_origin + " has it");
  }
}

void check_links(const Run& run, FileReport& report) {
  const std::vector<FileLink> links = read_links(run.store.run_path());
  for (const FileLink& link : links) {
    if (fs::exists(run.store.folder() / link.target)) continue;
    report.faults.push_back("links '" + link.name + "' to '" + link.target + "', which is missing");
  }
  for (const FileLink& link : run.store.expected_links()) {
    if (std::find(links.begin(), links.end(), link) != links.end()) continue;
    report.notes.push_back("does not link to '" + link.target + "' yet; --resume mends it");
  }
}

// Both figures were summed in the same order, but perhaps by other programs.
bool same_sum(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

void check_totals(const RunStore& store, const std::optional<RunTotals>& told, FileReport& report) {
  if (!told) return;
  RunTotals found;
  try {
    found = sum_totals(store);
  } catch (const Error&) {  // a fault of a level's file, which is reported there
    report.notes.emplace_back("totals not compared with the levels, of which one is damaged");
    return;
  }
  const auto compare = [&](const std::string& name, double said, double sum) {
    if (same_sum(said, sum)) return;
    report.faults.push_back("attribute '" + name + "' says " + text_of(said) + ", but the levels have " +
                            text_of(sum) + " together");
  };
  compare("wall_seconds", told->cost.wall_seconds, found.cost.wall_seconds);
  compare("flops", told->cost.flops, found.cost.flops);
  compare("dense_flops", told->cost.dense_flops, found.cost.dense_flops);
  if (told->finished_utc != found.finished_utc) {
    report.faults.push_back("attribute 'finished_utc' says " + told->finished_utc +
                            ", but the last level was finished " + found.finished_utc);
  }
}

// `expected` is the level that this one depends on, `before` the level that was read last of those on which
// others depend.
void check_nested(const LevelRecord& level, std::optional<unsigned> expected, const LevelRecord* before,
                  FileReport& report) {
  if (!expected) return;
  if (!before || before->level != *expected) {
    report.faults.push_back("level " + std::to_string(*expected) + " is missing before level " +
                            std::to_string(level.level));
  } else if (!nested(level.masks, before->masks)) {
    report.faults.push_back("keeps weights that level " + std::to_string(before->level) + " had pruned");
  }
}

bool same_survivors(const std::vector<Mask>& a, const std::vector<Mask>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Mask& x, const Mask& y) {
    return x.name == y.name && x.shape == y.shape && x.survivors() == y.survivors();
  });
}

// The masks that a control's level is compared with; empty where there are none, and why is in the report.
std::optional<std::vector<Mask>> masks_of_ticket(unsigned level, const Run& run, FileReport& report) {
  if (!run.parent || run.parent->kind != FileKind::run) {
    report.notes.emplace_back("not compared with its ticket: verify the ticket's folder for that");
    return std::nullopt;
  }
  if (!run.parent->store.has_level(level)) {
    report.faults.push_back("cannot be compared: the ticket has no level " + std::to_string(level));
    return std::nullopt;
  }
  try {
    return run.parent->store.read_level(level).masks;
  } catch (const Error&) {  // a fault of the ticket's file, which is reported there
    report.notes.emplace_back("not compared with its ticket, which is damaged at this level");
    return std::nullopt;
  }
}

void check_control(const LevelRecord& level, const Run& run, FileReport& report) {
  const std::optional<std::vector<Mask>> ticket = masks_of_ticket(level.level, run, report);
  if (!ticket) return;
  const std::string& branch = run.identity->branch;
  if (branch == "inverted-mask") return;
  if (branch == "global-random-mask") {
    if (density(level.masks) == density(*ticket)) return;
    report.faults.emplace_back("keeps another number of weights than the ticket at this level");
  } else if (!same_survivors(level.masks, *ticket)) {
    report.faults.emplace_back("keeps another number of weights in some layer than the ticket at this level");
  } else if (branch != "random-mask" && !nested(level.masks, *ticket)) {
    report.faults.emplace_back("its mask is not the ticket's");  // as many survivors and nested: equal
  }
}

// ------------------------------------------------------------------------------------------------------
// folders

// Checks folder after folder and collects the reports.
class Verifier {
 public:
  explicit Verifier(LevelRules rules) : rules_(std::move(rules)) {}

  void folder(const fs::path& path, const Run* parent) {
    Run run{RunStore(path), parent, {}, {}, {}};
    const std::vector<unsigned> levels = run.store.levels();
    const bool is_run = run.store.has_run() || !levels.empty() || !run.store.members().empty();
    if (is_run) {
      run_file(run);
      level_files(run, levels);
    }
    unfinished_files(path);
    for (const fs::path& inside : sorted_entries(path, fs::file_type::directory))
      folder(inside, is_run ? &run : nullptr);
  }

  void single_file(const fs::path& path) {
    FileReport& report = add(path);
    guarded(report, [&] {
      switch (read_kind(path)) {
        case FileKind::run:
          return check_run(read_run_file(path), report);
        case FileKind::collection:
          read_collection_file(path);
          return check_collection(report);
        case FileKind::level:
          return check_level(read_level_file(path), report);
        case FileKind::checkpoint:
          return check_checkpoint(read_checkpoint_file(path), report);
      }
    });
  }

  std::vector<FileReport> reports() { return std::move(reports_); }

 private:
  FileReport& add(const fs::path& path) { return reports_.emplace_back(FileReport{path, "", {}, {}}); }

  void run_file(Run& run) {
    const fs::path path = run.store.run_path();
    FileReport& report = add(path);
    guarded(report, [&] {
      const FileKind kind = read_kind(path);
      if (kind == FileKind::collection) {
        check_totals(run.store, read_collection_file(path).totals, report);
        check_collection(report);
      } else {
        run.record = read_run_file(path);
        check_run(*run.record, report);
        check_origin(run, report);
        check_totals(run.store, run.record->totals, report);
      }
      run.kind = kind;
      run.identity = read_identity(path);
      check_member(run, report);
      check_links(run, report);
    });
  }

  void level_files(const Run& run, const std::vector<unsigned>& levels) {
    std::optional<LevelRecord> before;
    for (const unsigned number : levels) {
      FileReport& report = add(run.store.level_path(number));
      guarded(report, [&] {
        LevelRecord level = run.store.read_level(number);
        check_level(level, report);
        level_in_run(run, number, level, before ? &*before : nullptr, report);
        if (level_before(run, number + 1) == number) before = std::move(level);
      });
    }
  }

  void level_in_run(const Run& run, unsigned number, const LevelRecord& level, const LevelRecord* before,
                    FileReport& report) const {
    if (level.level != number) report.faults.push_back("holds level " + std::to_string(level.level));
    check_identity(run.store.level_path(number), run, report);
    if (run.record) check_shapes(level, run, report);
    if (!run.identity) return;
    const std::string& branch = run.identity->branch;
    if (branch == "ticket" || branch == "pretraining" || branch == "imported") {
      const std::optional<unsigned> expected = level_before(run, level.level);
      check_nested(level, expected, before, report);
      if (has_rules(run))
        check_rules(run, level, before && before->level == expected ? before : nullptr, report);
    } else {
      check_control(level, run, report);
    }
  }

  // Of an import, no config tells how it was pruned.
  bool has_rules(const Run& run) const {
    return rules_.before && run.record && run.record->branch == "ticket";
  }

  std::optional<unsigned> level_before(const Run& run, unsigned level) const {
    if (has_rules(run)) return rules_.before(*run.record, level);
    return level == 0 ? std::nullopt : std::optional(level - 1);
  }

  void check_rules(const Run& run, const LevelRecord& level, const LevelRecord* before,
                   FileReport& report) const {
    const RuleFindings found = rules_.check(*run.record, before, level);
    report.faults.insert(report.faults.end(), found.faults.begin(), found.faults.end());
    if (!found.checked.empty()) report.summary += ", " + found.checked;
  }

  void unfinished_files(const fs::path& folder) {
    for (const fs::path& path : sorted_entries(folder, fs::file_type::regular)) {
      if (path.string().ends_with(".partial.h5")) {
        single_file(path);
        reports_.back().notes.emplace_back(
            "training of this level is unfinished; --resume goes on from here");
      } else if (is_temporary(path)) {
        add(path).notes.emplace_back("left by a process that was killed while writing, or is still writing");
      }
    }
  }

  static std::vector<fs::path> sorted_entries(const fs::path& folder, fs::file_type type) {
    std::vector<fs::path> paths;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (std::error_code ignored; entry->status(ignored).type() == type) paths.push_back(entry->path());
    }
    if (error) throw IoError("cannot list folder '" + folder.string() + "': " + error.message());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  LevelRules rules_;
  std::vector<FileReport> reports_;
};

}  // namespace

std::vector<FileReport> verify(const fs::path& path, const LevelRules& rules) {
  if (!fs::exists(path))
    throw ConfigError("there is no '" + path.string() + "' to verify: give a run folder or a file of one");
  Verifier verifier(rules);
  if (!fs::is_directory(path)) {
    verifier.single_file(path);
    return verifier.reports();
  }
  verifier.folder(path, nullptr);
  std::vector<FileReport> reports = verifier.reports();
  if (reports.empty())
    throw DataError("folder '" + path.string() + "' holds no run: give the folder named by --out");
  return reports;
}

bool has_faults(const std::vector<FileReport>& reports) {
  return std::any_of(reports.begin(), reports.end(),
                     [](const FileReport& report) { return !report.faults.empty(); });
}

}  // namespace ltlab
