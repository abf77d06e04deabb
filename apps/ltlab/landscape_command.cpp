#include <filesystem>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "format.h"
#include "json_output.h"
#include "landscape_report.h"
#include "ltlab/analysis/instability.h"
#include "ltlab/analysis/landscape_file.h"
#include "ltlab/analysis/run_context.h"
#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/base/text.h"
#include "ltlab/base/work_queue.h"
#include "ltlab/config/values.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "search_options.h"
#include "stop_signals.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

constexpr char kUsage[] = R"(Usage: ltlab landscape RUN [--what interpolation|instability|sharpness]
       ltlab landscape RUN OTHER

Measures the loss landscape around a run's levels; of a collection, around those of all its tickets.
  interpolation  loss and error along the straight line from the weights that a level starts with to
                 those it is trained to, and from those of the level before; of two runs, between them
  instability    trains copies of each level with images in different orders, and measures the lines
                 between them (Frankle et al. 2020); the copies stay in the run, as copy-0, copy-1, ...
  sharpness      the largest eigenvalues of the training loss's Hessian, the least one, and the trace

)";

enum class What { interpolation, instability, sharpness };

const NameTable<What>& what_names() {
  using enum What;
  static const NameTable<What> table(
      "measurement",
      {{interpolation, "interpolation"}, {instability, "instability"}, {sharpness, "sharpness"}});
  return table;
}

// The request of `ltlab landscape`.
struct Request {
  std::vector<std::string> paths;             // a run or collection, or two runs
  std::string measurement = "interpolation";  // as written
  What what = What::interpolation;
  std::vector<unsigned> levels;  // empty: all
  std::size_t points = 30;
  std::size_t copies = 3;
  std::string batch_norm = "estimated";  // as written
  LineStatistics statistics = LineStatistics::estimated;
  std::optional<std::size_t> images;
  SharpnessOptions sharpness;
  std::string data_directory, out;
  unsigned workers = 1;
  bool force = false;
  Output output = Output::text;
};

// A run's level to be measured; for two runs, the first one's.
struct Task {
  RunStore run;
  unsigned level;
};

po::options_description landscape_options(Request& request) {
  po::options_description options("Options", 110, 55);
  SharpnessOptions& sharpness = request.sharpness;
  // clang-format off
  options.add_options()
      ("help", "show this text")
      ("what", po::value(&request.measurement)->value_name("NAME"), "interpolation (default) | instability | sharpness")
      ("levels", po::value<std::string>()->value_name("N,..."), "of these levels (all)")
      ("points", count_to(request.points)->value_name("N"), "of a line, both ends among them (30)")
      ("copies", count_to(request.copies)->value_name("N"), "trained for instability, each pair of which has a line (3)")
      ("batch-norm", po::value(&request.batch_norm)->value_name("NAME"), "running statistics at the points of a line: estimated (default), anew at each point, "
                                                                         "as means over the batches of --images in training's way (Jordan et al. 2023) | interpolated, as all other arrays")
      ("images", count_to(request.images)->value_name("N"), "training images, drawn at random, to measure on (10000; for sharpness 1000); "
                                                            "errors and losses also on the whole test set")
      ("eigenvalues", count_to(sharpness.eigenvalues)->value_name("N"), "how many of the largest, for sharpness (1)")
      ("tolerance", po::value(&sharpness.tolerance)->value_name("X"), "of an eigenvalue's residual, relative (0.01)")
      ("probes", count_to(sharpness.probes)->value_name("N"), "random vectors of the trace's estimate (10)")
      ("out", po::value(&request.out)->value_name("FILE.h5"), "also write all of it there")
      ("force", po::bool_switch(&request.force), "replace the file of --out")
      ("data-dir", po::value(&request.data_directory)->value_name("DIR"), "where the data files lie (where the run says, or `ltlab search` looks)")
      ("workers", po::value<Count>()->value_name("N"), "measurements side by side (the processor's cores)")
      ("json", "print for machines: one JSON document")
      ("csv", "print for machines: a table");
  // clang-format on
  return options;
}

std::vector<unsigned> parse_levels(const std::string& text) {
  std::vector<unsigned> levels;
  for (const std::string& word : split(text, ',')) {
    const std::optional<std::uint64_t> level = parse_count(word);
    if (!level || *level > 999'999)
      throw ConfigError("--levels takes levels with commas between them, as in 0,5,10, not '" + text + "'");
    levels.push_back(static_cast<unsigned>(*level));
  }
  if (levels.empty()) throw ConfigError("--levels names no level; leave it out for all");
  return levels;
}

// Options of one measurement have no effect on the others.
void refuse_ignored(const po::variables_map& values, What what) {
  const auto refuse = [&](const char* name, const char* of) {
    if (values.count(name) > 0) throw ConfigError(std::string("--") + name + " is for " + of + " alone");
  };
  if (what != What::instability) refuse("copies", "--what instability");
  if (what == What::sharpness) {
    for (const char* name : {"points", "batch-norm"}) refuse(name, "--what interpolation and instability");
    return;
  }
  for (const char* name : {"eigenvalues", "tolerance", "probes"}) refuse(name, "--what sharpness");
}

void read_request(const po::variables_map& values, Request& request) {
  if (values.count("run") == 0) throw ConfigError("ltlab landscape: name a run folder; see --help");
  request.paths = values["run"].as<std::vector<std::string>>();
  request.what = what_names().parse(request.measurement);
  if (request.paths.size() > 2 || (request.paths.size() == 2 && request.what != What::interpolation))
    throw ConfigError("ltlab landscape: name one run, or two for the lines between their levels");
  refuse_ignored(values, request.what);
  if (values.count("levels") > 0) request.levels = parse_levels(values["levels"].as<std::string>());
  request.output = parse_output(values, "landscape");
  if (request.points < 2) throw ConfigError("--points must be at least 2: both ends of a line");
  if (request.copies < 2 || request.copies > 1000) throw ConfigError("--copies must lie between 2 and 1000");
  request.statistics = line_statistics_names().parse(request.batch_norm);
  if (request.images == 0) throw ConfigError("--images must be at least 1");
  if (request.sharpness.probes < 2) throw ConfigError("--probes must be at least 2");
  require_fraction("tolerance", request.sharpness.tolerance);
  request.workers = read_workers(values);
  if (request.force && request.out.empty())
    throw ConfigError("--force is for --out, and there is none: leave it out");
  if (!request.out.empty()) check_output_file(request.out, request.force);
}

RunStore existing_run(const std::string& path) {
  if (!fs::exists(path)) throw ConfigError("there is no '" + path + "': name a run folder");
  RunStore store(path);
  if (!store.has_run()) throw DataError("'" + path + "' holds no run.h5: name the folder of a run");
  return store;
}

void require_level(const RunStore& run, unsigned level) {
  if (run.has_level(level)) return;
  throw ConfigError("'" + run.folder().string() + "' has no level " + std::to_string(level) +
                    ": give --levels those that `ltlab inspect` shows");
}

std::vector<Task> tasks_of(const Request& request, const std::vector<RunStore>& runs,
                           const std::optional<RunStore>& other) {
  std::vector<Task> tasks;
  for (const RunStore& run : runs) {
    for (const unsigned level : request.levels.empty() ? run.levels() : request.levels) {
      if (request.levels.empty() && other && !other->has_level(level)) continue;
      require_level(run, level);
      if (other) require_level(*other, level);
      tasks.push_back({run, level});
    }
  }
  if (tasks.empty()) throw DataError("'" + request.paths.front() + "' holds no level yet to measure");
  return tasks;
}

// Return a level's weights, before or after training, zero where pruned.
WeightPoint trained(const LevelRecord& level) {
  return {level.masks, level.weights};
}
WeightPoint started(const LevelRecord& level, const RunContext& context) {
  WeightPoint point{level.masks, context.initial_weights(level)};
  if (point.values.empty())
    throw DataError("no file tells what level " + std::to_string(level.level) + " started with");
  for (Tensor& tensor : point.values) {
    const Mask* const mask = find_named(level.masks, tensor.name);
    if (!mask) continue;
    if (tensor.shape != mask->shape)
      throw StoreError("'" + mask->name + "' of level " + std::to_string(level.level) +
                       " has another shape than the weights that it started with");
    for (std::size_t i = 0; i < mask->size(); ++i) tensor.values[i] *= static_cast<float>(mask->keep[i]);
  }
  return point;
}

template <class Item>
std::vector<Item> joined(const std::vector<std::vector<Item>>& lists) {
  std::vector<Item> all;
  for (const std::vector<Item>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

// Measures levels one by one, as tasks of several workers.
class Landscape {
 public:
  Landscape(const Request& request, SearchConfig config, const TrainingData& data,
            std::optional<RunStore> other)
      : request_(request),
        config_(std::move(config)),
        data_(data),
        measured_on_(data, config_.model, config_.training.batch,
                     request.images.value_or(request.what == What::sharpness ? 1000 : 10000)),
        other_(std::move(other)) {}

  void run(const std::vector<Task>& tasks, const std::stop_source& stop) {
    stop_ = stop.get_token();
    lines_.resize(tasks.size());
    sharpness_.resize(tasks.size());
    if (request_.what == What::instability) {
      side_by_side(request_.copies * tasks.size(), stop, [&](std::size_t c) {
        const Task& task = tasks[c / request_.copies];
        const auto copy = static_cast<unsigned>(c % request_.copies);
        train_copy(task.run, task.level, copy, config_, data_, stop_);
        tell(format("copy %u trained of", copy), task);
      });
    }
    side_by_side(tasks.size(), stop, [&](std::size_t t) {
      if (stop_.stop_requested()) throw Interrupted();
      measure(tasks[t], t);
      tell("measured", tasks[t]);
    });
  }

  std::vector<MeasuredLine> lines() const { return joined(lines_); }
  std::vector<MeasuredSharpness> sharpness() const { return joined(sharpness_); }

 private:
  // Calls work(0), ..., work(count - 1) on several workers.
  template <class Work>
  void side_by_side(std::size_t count, const std::stop_source& stop, const Work& work) {
    WorkQueue queue;
    for (std::size_t i = 0; i < count; ++i) queue.push(0, [&work, i] { work(i); });
    queue.run(request_.workers, stop);
  }

  void measure(const Task& task, std::size_t index) {
    const LevelRecord level = read_fitting(task.run, task.level);
    if (request_.what == What::sharpness) {
      sharpness_[index].push_back(measure_sharpness(task, level));
    } else if (request_.what == What::instability) {
      add_lines_of_copies(task, level, index);
    } else if (other_) {
      add_line(LineKind::runs, task, level, trained(level), trained(read_fitting(*other_, task.level)),
               index);
    } else {
      add_lines_of_level(task, level, index);
    }
  }

  // Reads a level whose masks and weights fit the run's model.
  LevelRecord read_fitting(const RunStore& run, unsigned number) const {
    LevelRecord level = run.read_level(number);
    as_stored(run.level_path(number).string(),
              [&] { measured_on_.network<float>(level.masks).assign(level.weights); });
    return level;
  }

  void add_lines_of_copies(const Task& task, const LevelRecord& level, std::size_t index) {
    std::vector<WeightPoint> copies;
    copies.reserve(request_.copies);
    for (unsigned copy = 0; copy < request_.copies; ++copy)
      copies.push_back(trained(read_fitting(RunStore(copy_folder(task.run.folder(), copy)), task.level)));
    for (unsigned a = 0; a < request_.copies; ++a) {
      for (unsigned b = a + 1; b < request_.copies; ++b) {
        add_line(LineKind::copies, task, level, copies[a], copies[b], index);
        lines_[index].back().copies = {a, b};
      }
    }
  }

  void add_lines_of_level(const Task& task, const LevelRecord& level, std::size_t index) {
    const RunContext context(task.run.folder());
    add_line(LineKind::training, task, level, started(level, context), trained(level), index);
    if (level.level == 0 || !task.run.has_level(level.level - 1)) return;
    add_line(LineKind::pruning, task, level, trained(read_fitting(task.run, level.level - 1)), trained(level),
             index);
  }

  void add_line(LineKind kind, const Task& task, const LevelRecord& level, const WeightPoint& a,
                const WeightPoint& b, std::size_t index) {
    lines_[index].push_back({kind, task.run.folder(), level.level, level.density,
                             interpolate(measured_on_, a, b, request_.points, request_.statistics, stop_)});
  }

  MeasuredSharpness measure_sharpness(const Task& task, const LevelRecord& level) const {
    require_finite(trained(level));
    Network<double> network = measured_on_.network<double>(level.masks);
    network.assign(level.weights);
    const std::vector<LabelledBatch<double>> batches = measured_on_.batches();
    return {task.run.folder(),
            level.level,
            level.density,
            survivor_count(network),
            measured_on_.train().size(),
            ltlab::sharpness(network, batches, request_.sharpness, stop_)};
  }

  void tell(const std::string& what, const Task& task) {
    const std::lock_guard lock(mutex_);
    std::cerr << "ltlab: " << what << " level " << task.level << " of " << task.run.folder().string() << '\n';
  }

  std::stop_token stop_;
  const Request& request_;
  SearchConfig config_;
  const TrainingData& data_;
  LandscapeData measured_on_;
  std::optional<RunStore> other_;
  std::vector<std::vector<MeasuredLine>> lines_;  // of each task
  std::vector<std::vector<MeasuredSharpness>> sharpness_;
  std::mutex mutex_;
};

// Lines run within one model's weights, and losses compare only on the same data.
void require_comparable(const RunRecord& run, const RunRecord& other) {
  if (run.model != other.model) {
    throw ConfigError("the runs are of other models, '" + run.model + "' and '" + other.model +
                      "': there is no line between their weights");
  }
  if (run.dataset_fingerprint != other.dataset_fingerprint)
    throw ConfigError("the runs were made with different data: their losses do not compare");
}

// An import names no data, and losses need data.
void require_data(const RunRecord& run, const std::string& path) {
  if (!run.dataset_fingerprint.empty()) return;
  throw ConfigError(
      "'" + path +
      "' was imported and does not tell the data it was trained on, so there is no loss to measure: "
      "train its tickets by `ltlab search --from " +
      path + " --data ...`, and look at that search");
}

TrainingData load(const SearchConfig& config, const RunRecord& run, const std::string& run_path) {
  std::cerr << "ltlab: loading data '" << config.data.source << "'\n";
  Dataset dataset = load_dataset(config.data);
  if (dataset.fingerprint != run.dataset_fingerprint) {
    throw DataError("the run was made with other data (fingerprint " + run.dataset_fingerprint + ", now " +
                    dataset.fingerprint + "): give --data-dir where they lie");
  }
  const ActivationShape layout = as_stored(run_path, [&] {
    return input_layout(config.model, dataset.train.shape, dataset.classes, config.training.batch);
  });
  return {std::move(dataset), layout};
}

void show(const Request& request, const Landscape& landscape) {
  const std::vector<MeasuredLine> lines = landscape.lines();
  const std::vector<MeasuredSharpness> sharpness = landscape.sharpness();
  if (!request.out.empty()) write_landscape(request.out, lines, request.statistics, sharpness);
  if (request.output == Output::json) {
    nlohmann::ordered_json document = {{"runs", request.paths}, {"what", what_names().name(request.what)}};
    if (request.what == What::instability) document["instability"] = instability_json(lines);
    if (!lines.empty()) {
      document["batch_norm"] = request.batch_norm;
      document["lines"] = lines_json(lines);
    }
    if (!sharpness.empty()) document["sharpness"] = sharpness_json(sharpness);
    print_json(std::cout, document);
  } else if (request.output == Output::csv) {
    if (!lines.empty()) print_lines_csv(std::cout, lines);
    if (!sharpness.empty()) print_sharpness_csv(std::cout, sharpness);
  } else {
    if (!lines.empty()) print_lines(std::cout, lines);
    if (!sharpness.empty()) print_sharpness(std::cout, sharpness);
  }
}

void measure(const Request& request, const std::stop_source& stop) {
  const RunStore top = existing_run(request.paths.front());
  const std::vector<RunStore> runs = runs_in(top);
  std::optional<RunStore> other;
  if (request.paths.size() == 2) other = existing_run(request.paths.back());
  if (other && (top.holds_collection() || other->holds_collection()))
    throw ConfigError("of two, name single runs, such as two replicates, not collections");
  const std::vector<Task> tasks = tasks_of(request, runs, other);
  const RunRecord run = runs.front().read_run();
  require_data(run, request.paths.front());
  if (other) require_comparable(run, other->read_run());
  const SearchConfig config = config_of(runs.front(), run, request.data_directory);
  std::optional<SessionLock> lock;  // nobody else trains into the run meanwhile
  if (request.what == What::instability) lock.emplace(top.search_folder());
  const TrainingData data = load(config, run, runs.front().run_path().string());
  Landscape landscape(request, config, data, other);
  landscape.run(tasks, stop);
  show(request, landscape);
}

}  // namespace

int landscape_command(const Arguments& arguments) {
  Request request;
  const po::options_description options = landscape_options(request);
  const po::variables_map values = parse_arguments(arguments, options, "run");
  if (print_help(values, kUsage, options)) return 0;
  read_request(values, request);
  const StopSignals signals;
  try {
    measure(request, signals.source());
  } catch (const Interrupted&) {
    throw Error(ExitStatus::interrupted,
                "interrupted; copies trained so far are saved, the same command goes on");
  }
  return 0;
}

}  // namespace ltlab::app
