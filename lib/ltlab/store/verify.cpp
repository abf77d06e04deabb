#include "ltlab/store/verify.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/folder_entries.h"
#include "ltlab/base/sha256.h"
#include "ltlab/config/controls.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/file_checks.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

// Runs `check`, and records whatever it throws as a fault of the file.
void guarded(FileReport& report, const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    report.faults.emplace_back(error.what());
    report.status = std::max({report.status, error.status(), ExitStatus::data});
  }
}

void add_all(std::vector<std::string> faults, FileReport& report) {
  std::ranges::move(faults, std::back_inserter(report.faults));
}

// ----------------------------------------------------------------------------------- one file by itself

void check_level(const LevelRecord& level, const std::string& branch, FileReport& report) {
  report.summary = "level " + std::to_string(level.level) + ", density " + figure_text(level.density) +
                   ", test accuracy " + figure_text(level.test_accuracy);
  add_all(faults_of(level, branch), report);
}

void check_run(const RunRecord& run, FileReport& report) {
  report.summary =
      "run, branch " + run.branch + ", model " + run.model + ", seed " + std::to_string(run.seed);
  add_all(faults_of(run), report);
}

void check_collection(const CollectionRecord& collection, FileReport& report) {
  report.summary = "collection of runs";
  add_all(faults_of(collection), report);
}

void check_checkpoint(const TrainingCheckpoint& checkpoint, FileReport& report) {
  report.summary = "checkpoint of level " + std::to_string(checkpoint.level) + " at step " +
                   std::to_string(checkpoint.step);
  add_all(faults_of(checkpoint), report);
}

// ------------------------------------------------------------------------------------------- a file in its
// run

// The state of a run folder's check, while its files and then its members are checked.
struct VerifiedRun {
  RunStore store;
  const VerifiedRun* parent = nullptr;  // of the enclosing folder
  std::optional<FileKind> kind;         // these are empty where run.h5 cannot be read
  std::optional<RunIdentity> identity;
  std::optional<RunRecord> record;
};

// Returns the weights at step 0. A control leaves them to its ticket, and so has none when verified alone.
const std::vector<Tensor>& initial_weights(const VerifiedRun& run) {
  const bool has_own = !run.record->init_weights.empty() || !run.parent || !run.parent->record;
  return (has_own ? run.record : run.parent->record)->init_weights;
}

void check_shapes(const LevelRecord& level, const VerifiedRun& run, FileReport& report) {
  const std::vector<Tensor>& init = initial_weights(run);
  if (init.empty() && run.record->branch != "ticket") return;
  add_all(unlike_initial(level.weights, "weights", init), report);
}

void check_identity(const fs::path& path, const VerifiedRun& run, FileReport& report) {
  if (run.identity && read_identity(path) != *run.identity) {
    report.faults.emplace_back(
        "config_sha256, dataset_fingerprint, branch, seed or trial differ from those of run.h5: "
        "this file is of another run");
  }
}

// Checks that `config_sha256` is that of `config`, and that the folder is named by its branch and trial.
void check_self(const VerifiedRun& run, const std::string& config, FileReport& report) {
  const RunIdentity& own = *run.identity;
  if (own.config_sha256 != sha256(config))
    report.faults.emplace_back("attribute 'config_sha256' is not that of 'config'");
  const std::string name = run.store.folder().filename();
  if (!run.parent || run.kind != FileKind::run || !RunStore::is_member_name(name)) return;
  const bool fits = name.starts_with("replicate-") ? is_ticket(own.branch)
                    : name == "pretraining"        ? own.branch == name
                                                   : name == own.branch + "-" + std::to_string(own.trial);
  if (!fits)
    report.faults.push_back("is of branch '" + own.branch + "', trial " + std::to_string(own.trial) +
                            ", but lies in a folder named '" + name + "'");
}

// A member shares its folder's configuration; a control also shares its ticket's data and seed, and
// pretraining the seed.
void check_member(const VerifiedRun& run, FileReport& report) {
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
void check_origin(const VerifiedRun& run, FileReport& report) {
  if (run.record->init_origin.empty()) return;
  const std::string& origin = run.record->init_origin;
  if (origin != "pretraining/level-000.h5") {
    report.faults.push_back("attribute 'init_origin' says '" + origin + "', which is no pretrained level");
    return;
  }
  const std::vector<Tensor> left = RunStore(run.store.folder() / "pretraining").read_level(0).weights;
  for (const Tensor& tensor : run.record->init_weights) {
    const Tensor* before = find_named(left, tensor.name);
    if (!before || before->shape != tensor.shape || before->values == tensor.values) continue;
    report.faults.push_back("init/" + tensor.name + " is not as " + run.record->init_origin + " has it");
  }
}

void check_links(const VerifiedRun& run, FileReport& report) {
  const std::vector<FileLink> links = run.store.read_links();
  for (const FileLink& link : links) {
    if (!RunStore::is_link(link)) {
      report.faults.push_back("links '" + link.name + "' to '" + link.target +
                              "', which is no level or member of the run");
    } else if (!fs::exists(run.store.folder() / link.target)) {
      report.faults.push_back("links '" + link.name + "' to '" + link.target + "', which is missing");
    }
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
  } catch (const IoError&) {
    throw;
  } catch (const Error&) {  // a fault of a level's file, which is reported there
    report.notes.emplace_back("totals not compared with the levels, of which one is damaged");
    return;
  }
  const auto compare = [&](const std::string& name, double said, double sum) {
    if (same_sum(said, sum)) return;
    report.faults.push_back("attribute '" + name + "' says " + figure_text(said) + ", but the levels have " +
                            figure_text(sum) + " together");
  };
  compare("wall_seconds", told->cost.wall_seconds, found.cost.wall_seconds);
  compare("flops", told->cost.flops, found.cost.flops);
  compare("dense_flops", told->cost.dense_flops, found.cost.dense_flops);
  compare("kernel_flops", told->cost.kernel_flops, found.cost.kernel_flops);
  if (told->finished_utc != found.finished_utc) {
    report.faults.push_back("attribute 'finished_utc' says " + told->finished_utc +
                            ", but the last level was finished " + found.finished_utc);
  }
}

// `expected` is the level that this one depends on, `before` the last level read among those on which others
// depend.
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

// Returns the level to compare a control's with; if empty, the report says why.
std::optional<LevelRecord> level_of_ticket(unsigned level, const VerifiedRun& run, FileReport& report) {
  if (!run.parent || run.parent->kind != FileKind::run) {
    report.notes.emplace_back("not compared with its ticket: verify the ticket's folder for that");
    return std::nullopt;
  }
  if (!run.parent->store.has_level(level)) {
    report.faults.push_back("cannot be compared: the ticket has no level " + std::to_string(level));
    return std::nullopt;
  }
  try {
    return run.parent->store.read_level(level);
  } catch (const IoError&) {
    throw;
  } catch (const Error&) {  // a fault of the ticket's file, which is reported there
    report.notes.emplace_back("not compared with its ticket, which is damaged at this level");
    return std::nullopt;
  }
}

// A control is shown the images in the order of its ticket, as far as files tell. The supermask is not
// trained, and a copy is to have an order of its own.
void check_order(const LevelRecord& level, const LevelRecord& ticket, const ControlKind* control,
                 FileReport& report) {
  const bool shares = control && control->value != Control::supermask;
  const bool told = !level.order_sha256.empty() && !ticket.order_sha256.empty();
  if (shares && told && level.order_sha256 != ticket.order_sha256)
    report.faults.emplace_back("attribute 'order_sha256' is not the ticket's at this level");
}

void check_control(const LevelRecord& level, const VerifiedRun& run, FileReport& report) {
  const std::optional<LevelRecord> of_ticket = level_of_ticket(level.level, run, report);
  if (!of_ticket) return;
  const ControlKind* control = find_row(kControls, run.identity->branch);
  check_order(level, *of_ticket, control, report);
  const std::vector<Mask>& ticket = of_ticket->masks;
  switch (control ? control->mask : ControlMask::of_ticket) {  // a copy's too
    case ControlMask::of_ticket:
      if (!same_survivors(level.masks, ticket)) break;
      if (!nested(level.masks, ticket)) report.faults.emplace_back("its mask is not the ticket's");
      return;
    case ControlMask::drawn_by_layer:
      if (!same_survivors(level.masks, ticket)) break;
      return;
    case ControlMask::drawn_over_all:
      if (density(level.masks) != density(ticket))
        report.faults.emplace_back("keeps another number of weights than the ticket at this level");
      return;
    case ControlMask::of_lowest_scores:
      return;
  }
  report.faults.emplace_back("keeps another number of weights in some layer than the ticket at this level");
}

// ------------------------------------------------------------------------------------------------------
// folders

// Checks folder after folder and collects the reports.
class Verifier {
 public:
  explicit Verifier(LevelRules rules) : rules_(std::move(rules)) {}

  // A folder that cannot be listed does not keep others from being checked.
  void folder(const fs::path& path, const VerifiedRun* parent) {
    VerifiedRun run{RunStore(path), parent, {}, {}, {}};
    std::vector<FolderEntry> entries;
    std::vector<unsigned> levels;
    bool is_run = false;
    FileReport listing{path, "", {}, {}};
    guarded(listing, [&] {
      entries = folder_entries(path);
      levels = run.store.levels();
      is_run = run.store.has_run() || !levels.empty() || !run.store.members().empty();
    });
    if (!listing.faults.empty()) reports_.push_back(std::move(listing));
    if (is_run) {
      run_file(run);
      level_files(run, levels);
    }
    unfinished_files(run, entries);
    links(path, entries);
    for (const auto& [name, type] : entries) {
      if (type == fs::file_type::directory) folder(path / name, is_run ? &run : nullptr);
    }
  }

  void single_file(const fs::path& path) {
    FileReport& report = add(path);
    guarded(report, [&] {
      switch (read_kind(path)) {
        case FileKind::run:
          return check_run(read_run_file(path), report);
        case FileKind::collection:
          return check_collection(read_collection_file(path), report);
        case FileKind::level: {
          const LevelRecord level = read_level_file(path);
          return check_level(level, read_identity(path).branch, report);
        }
        case FileKind::checkpoint:
          return check_checkpoint(read_checkpoint_file(path), report);
      }
    });
  }

  std::vector<FileReport> reports() { return std::move(reports_); }

 private:
  FileReport& add(const fs::path& path) { return reports_.emplace_back(FileReport{path, "", {}, {}}); }

  void run_file(VerifiedRun& run) {
    const fs::path path = run.store.run_path();
    FileReport& report = add(path);
    guarded(report, [&] {
      const FileKind kind = run.store.read_kind();
      std::string config;
      if (kind == FileKind::collection) {
        const CollectionRecord collection = run.store.read_collection();
        config = collection.config;
        check_totals(run.store, collection.totals, report);
        check_collection(collection, report);
      } else {
        run.record = run.store.read_run();
        config = run.record->config;
        check_run(*run.record, report);
        check_config(*run.record, report);
        check_origin(run, report);
        check_totals(run.store, run.record->totals, report);
      }
      run.kind = kind;
      run.identity = run.store.read_identity();
      check_self(run, config, report);
      check_member(run, report);
      check_links(run, report);
    });
  }

  void level_files(const VerifiedRun& run, const std::vector<unsigned>& levels) {
    std::optional<LevelRecord> before;
    for (const unsigned number : levels) {
      FileReport& report = add(run.store.level_path(number));
      guarded(report, [&] {
        LevelRecord level = run.store.read_level(number);
        check_level(level, read_identity(run.store.level_path(number)).branch, report);
        level_in_run(run, number, level, before ? &*before : nullptr, report);
        if (level_before(run, number + 1) == number) before = std::move(level);
      });
    }
  }

  void level_in_run(const VerifiedRun& run, unsigned number, const LevelRecord& level,
                    const LevelRecord* before, FileReport& report) const {
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

  // A pretrained network may be another one, and an import has no config.
  void check_config(const RunRecord& run, FileReport& report) const {
    if (!rules_.disagreements || run.branch == "pretraining" || run.branch == "imported") return;
    add_all(rules_.disagreements(run), report);
  }

  // An import has no config that says how it was pruned.
  bool has_rules(const VerifiedRun& run) const {
    return rules_.before && run.record && run.record->branch == "ticket";
  }

  std::optional<unsigned> level_before(const VerifiedRun& run, unsigned level) const {
    if (has_rules(run)) return rules_.before(*run.record, level);
    return level == 0 ? std::nullopt : std::optional(level - 1);
  }

  void check_rules(const VerifiedRun& run, const LevelRecord& level, const LevelRecord* before,
                   FileReport& report) const {
    const RuleFindings found = rules_.check(*run.record, before, level);
    add_all(found.faults, report);
    if (!found.checked.empty()) report.summary += ", " + found.checked;
  }

  void unfinished_files(const VerifiedRun& run, const std::vector<FolderEntry>& entries) {
    for (const auto& [name, type] : entries) {
      const fs::path path = run.store.folder() / name;
      if (path.string().ends_with(".partial.h5")) {
        unfinished_level(run, path);
      } else if (is_temporary(path) && type == fs::file_type::regular) {
        add(path).notes.emplace_back("left by a process that was killed while writing, or is still writing");
      }
    }
  }

  void unfinished_level(const VerifiedRun& run, const fs::path& path) {
    FileReport& report = add(path);
    guarded(report, [&] {
      RunStore::require_file(path);
      const TrainingCheckpoint checkpoint = read_checkpoint_file(path);
      check_checkpoint(checkpoint, report);
      if (run.store.checkpoint_path(checkpoint.level) != path)
        report.faults.push_back("holds level " + std::to_string(checkpoint.level));
      check_identity(path, run, report);
    });
    report.notes.emplace_back("training of this level is unfinished; --resume goes on from here");
  }

  // Nothing outside the named folder is read. Levels that are links are reported where they are read.
  void links(const fs::path& folder, const std::vector<FolderEntry>& entries) {
    for (const auto& [name, type] : entries) {
      if (type != fs::file_type::symlink) continue;
      const fs::path path = folder / name;
      std::error_code ignored;
      const bool to_folder = fs::is_directory(path, ignored);
      if (RunStore::is_member_name(name)) {
        add(path).faults.emplace_back(
            "is a symbolic link, and ltlab follows none within a run: put there what it leads to");
      } else if (to_folder) {
        add(path).notes.emplace_back("is a symbolic link, and not followed: name it to verify it");
      }
    }
  }

  LevelRules rules_;
  std::vector<FileReport> reports_;
};

}  // namespace

std::vector<FileReport> verify(const fs::path& path, const LevelRules& rules) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::not_found)
    throw ConfigError("there is no '" + path.string() + "' to verify: give a run folder or a file of one");
  if (error) throw IoError("cannot look at '" + path.string() + "': " + error.message());
  Verifier verifier(rules);
  if (type != fs::file_type::directory) {
    verifier.single_file(path);
    return verifier.reports();
  }
  verifier.folder(path, nullptr);
  std::vector<FileReport> reports = verifier.reports();
  if (reports.empty())
    throw DataError("folder '" + path.string() + "' holds no run: give the folder named by --out");
  return reports;
}

ExitStatus status_of(const std::vector<FileReport>& reports) {
  ExitStatus worst = ExitStatus::done;
  for (const FileReport& report : reports) {
    if (!report.faults.empty()) worst = std::max({worst, report.status, ExitStatus::data});
  }
  return worst;
}

bool has_faults(const std::vector<FileReport>& reports) {
  return std::ranges::any_of(reports, [](const FileReport& report) { return !report.faults.empty(); });
}

}  // namespace ltlab
