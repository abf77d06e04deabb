#include "ltlab/analysis/instability.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/search.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/verify.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using ltlab::test::TemporaryFolder;

namespace {

// Momentum, so that the optimizer's state at the rewind point matters.
SearchConfig small_config(StepCount rewind_step) {
  SearchConfig config;
  config.data.embedded_train = 400;
  config.data.embedded_test = 100;
  config.data.validation = 100;
  config.model = "mlp:784-20-10";
  config.training.steps = 30;
  config.training.batch = 20;
  config.training.validate_every = 10;
  config.training.optimizer.kind = OptimizerConfig::Kind::sgd;
  config.training.optimizer.momentum = 0.9;
  config.training.learning_rate.base = 0.1;
  config.levels = 2;
  config.rewind_step = rewind_step;
  config.controls = {Control::random_reinit, Control::random_mask};
  config.kernel = KernelPolicy::sparse;
  return config;
}

const TrainingData& small_data() {
  static const TrainingData data(load_dataset(small_config(0).data),
                                 input_layout(small_config(0).model, {1, 28, 28}, 10, 20));
  return data;
}

class Silent : public SearchObserver {
 public:
  void on_plan(const std::vector<double>&) override {}
  void on_progress(const TrainingProgress&) override {}
  void on_recorded(const TrainingName&, const LevelSummary&, bool now) override { trained += now; }
  int trained = 0;
};

int search(const SearchConfig& config, const TemporaryFolder& folder) {
  Silent observer;
  run_search(plan_search(config, small_data().dataset, nullptr), small_data(), folder.path(), 1, observer,
             {});
  return observer.trained;
}

LevelRecord copied(const RunStore& run, unsigned level, unsigned copy, const SearchConfig& config) {
  train_copy(run, level, copy, config, small_data(), {});
  return RunStore(copy_folder(run.folder(), copy)).read_level(level);
}

// What the documentation says, without run folders.
std::vector<Tensor> retraced(const LevelRecord& level, const std::vector<Tensor>& weights,
                             const std::vector<Tensor>& optimizer, std::uint64_t first_step,
                             std::uint64_t order_level, const SearchConfig& config) {
  Network<float> network = make_network<float>(config.model, {1, 28, 28}, 10, config.training.batch);
  network.apply(level.masks);
  network.assign(weights);
  Trainer trainer(network, small_data(), config.training, config.seed, order_level, first_step);
  if (!optimizer.empty()) trainer.restore_optimizer(optimizer);
  while (!trainer.finished()) trainer.advance();
  return network.tensors();
}

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].values == b[i].values);
}

constexpr std::uint64_t kCopyOrder = std::uint64_t{1} << 33;

// A line between copies whose test errors are these, with a greatest one between them.
MeasuredLine line_of(const std::string& run, unsigned a, unsigned b, double first, double greatest,
                     double last) {
  const auto point = [](double alpha, double error) {
    return LinePoint{alpha, {0, 1 - error}, {0, 1 - error}};
  };
  return {LineKind::copies, run, 3, 0.5, {point(0, first), point(0.5, greatest), point(1, last)}, {{a, b}}};
}

}  // namespace

TEST_CASE("Instability is the mean over runs of their pairs, beside the noise of the copies",
          "[instability]") {
  // One run's copies have errors of 10, 12 and 14 %, the other's of 20, 20 and 26 %.
  std::vector<MeasuredLine> lines{line_of("a", 0, 1, 0.10, 0.12, 0.12), line_of("a", 0, 2, 0.10, 0.15, 0.14),
                                  line_of("a", 1, 2, 0.12, 0.14, 0.14), line_of("b", 0, 1, 0.20, 0.21, 0.20),
                                  line_of("b", 0, 2, 0.20, 0.26, 0.26), line_of("b", 1, 2, 0.20, 0.28, 0.26)};
  const std::vector<Instability> both = instability(lines);
  REQUIRE(both.size() == 1);
  const Instability& level = both.front();
  CHECK(level.level == 3);
  CHECK(level.density == 0.5);
  const std::vector<double> rises{0.01, 0.03, 0.01, 0.01, 0.03, 0.05};
  REQUIRE(level.pairs.size() == rises.size());
  for (std::size_t i = 0; i < rises.size(); ++i) CHECK(level.pairs[i] == Approx(rises[i]));
  // The runs' means are 1/60 and 3/100; Student's t of one degree of freedom is 12.7062.
  CHECK(level.barrier.size == 2);
  CHECK(level.barrier.mean == Approx((0.05 / 3 + 0.03) / 2));
  CHECK(level.barrier.half_width == Approx(12.7062 * (0.03 - 0.05 / 3) / 2).epsilon(1e-4));
  CHECK(level.noise == Approx(std::sqrt((0.0008 + 0.0024) / 4)));
  CHECK(stability(level) == Stability::undecided);

  lines.resize(3);
  const Instability one = instability(lines).front();
  CHECK(one.barrier.half_width == 0);
  CHECK(one.noise == Approx(0.02));
  CHECK(stability(one) == Stability::stable);
  Instability rough = one;
  rough.barrier.mean = 0.02;
  CHECK(stability(rough) == Stability::unstable);
}

TEST_CASE("Copies start as their level did, and see the images in orders of their own", "[instability]") {
  for (const std::uint64_t rewind_step : {0, 10}) {
    const SearchConfig config = small_config(rewind_step);
    const TemporaryFolder folder;
    search(config, folder);
    const RunStore run(folder.path());
    const RunRecord record = run.read_run();
    for (const unsigned level : {0u, 2u}) {
      const LevelRecord original = run.read_level(level);
      std::vector<LevelRecord> copies;
      for (unsigned copy = 0; copy < 2; ++copy) {
        copies.push_back(copied(run, level, copy, config));
        CHECK(copies.back().first_step == rewind_step);
        check_same(copies.back().weights, retraced(original, record.rewind_weights, record.rewind_optimizer,
                                                   rewind_step, (copy + 1) * kCopyOrder + level, config));
      }
      CHECK(nested(copies[0].masks, original.masks));
      CHECK(copies[0].weights.front().values != copies[1].weights.front().values);
      CHECK(copies[0].weights.front().values != original.weights.front().values);
    }
  }
}

TEST_CASE("Copies are trained of every control, and have its masks", "[instability]") {
  SearchConfig config = small_config(10);
  config.controls.clear();
  for (const ControlKind& control : kControls) config.controls.push_back(control.value);
  const TemporaryFolder folder;
  search(config, folder);
  for (const ControlKind& control : kControls) {
    CAPTURE(control.name);
    const RunStore run(folder.path() / (std::string(control.name) + "-0"));
    const LevelRecord original = run.read_level(2), copy = copied(run, 2, 0, config);
    CHECK(copy.first_step == (control.is_rewound ? 10 : 0));
    CHECK(copy.steps == original.steps);
    for (std::size_t i = 0; i < copy.masks.size(); ++i) CHECK(copy.masks[i].keep == original.masks[i].keep);
    const bool trained = control.value != Control::supermask;
    CHECK((copy.weights.front().values != original.weights.front().values) == trained);
  }
  for (const FileReport& report : verify(folder.path(), pruning_rules())) {
    CAPTURE(report.path, report.faults);
    CHECK(report.faults.empty());
  }
}

TEST_CASE("Copies of controls start as the controls did", "[instability]") {
  const SearchConfig config = small_config(10);
  const TemporaryFolder folder;
  search(config, folder);
  const RunRecord ticket = RunStore(folder.path()).read_run();
  const RunStore reinit(folder.path() / "random-reinit-0"), mask(folder.path() / "random-mask-0");
  const LevelRecord of_reinit = reinit.read_level(1), of_mask = mask.read_level(1);
  check_same(copied(reinit, 1, 1, config).weights,
             retraced(of_reinit, of_reinit.initial_weights, {}, 0, 2 * kCopyOrder + 1, config));
  check_same(
      copied(mask, 1, 1, config).weights,
      retraced(of_mask, ticket.rewind_weights, ticket.rewind_optimizer, 10, 2 * kCopyOrder + 1, config));
  for (const FileReport& report : verify(folder.path(), pruning_rules())) {
    INFO(report.path);
    CHECK(report.faults == std::vector<std::string>());
    CHECK(report.notes == std::vector<std::string>());
  }
}

TEST_CASE("Copies are trained once, go on where they stopped, and do not disturb their run",
          "[instability]") {
  const SearchConfig config = small_config(0);
  const TemporaryFolder folder, other;
  search(config, folder);
  const RunStore run(folder.path()), copy(copy_folder(folder.path(), 0));
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(train_copy(run, 1, 0, config, small_data(), stop.get_token()), Interrupted);
  CHECK(copy.has_checkpoint(1));
  const std::string finished = train_copy(run, 1, 0, config, small_data(), {}).finished_utc;
  CHECK(copy.levels() == std::vector<unsigned>{1});
  CHECK(train_copy(run, 1, 0, config, small_data(), stop.get_token()).finished_utc == finished);
  CHECK(run.members() == std::vector<std::string>{"copy-0", "random-mask-0", "random-reinit-0"});
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  CHECK(search(config, folder) == 0);  // a resumed search leaves the copies alone
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  search(config, other);
  std::filesystem::remove_all(copy_folder(other.path(), 0));
  LevelRecord level = copy.read_level(1);
  check_same(copied(RunStore(other.path()), 1, 0, config).weights, level.weights);
  level.masks.front().keep.front() ^= 1;
  RunStore(copy).write_level(level);
  CHECK(has_faults(verify(folder.path())));
  RunStore(folder.path()).remove();
  CHECK_FALSE(std::filesystem::exists(folder.path()));
}

TEST_CASE("Copies need a level with a start of its own", "[instability]") {
  SearchConfig config = small_config(0);
  const TemporaryFolder folder;
  search(config, folder);
  const RunStore run(folder.path());
  CHECK_THROWS_AS(train_copy(run, 7, 0, config, small_data(), {}), StoreError);
  config.retraining = Retraining::fine_tuning;
  CHECK_THROWS_AS(train_copy(run, 1, 0, config, small_data(), {}), ConfigError);
}
