#include "ltlab/store/verify.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/run_totals.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;
using test::sample_level;
using test::sample_run;
using test::TemporaryFolder;

// All faults (or notes), each after its file's name.
std::string text_of(const std::vector<FileReport>& reports, std::vector<std::string> FileReport::*kind) {
  std::string text;
  for (const FileReport& report : reports) {
    for (const std::string& line : report.*kind) text += report.path.filename().string() + ": " + line + "\n";
  }
  return text;
}

std::string faults(const fs::path& path) {
  return text_of(verify(path), &FileReport::faults);
}
std::string notes(const fs::path& path) {
  return text_of(verify(path), &FileReport::notes);
}

// A ticket with two sound levels and then `level`.
std::string faults_with(const LevelRecord& level) {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  for (const unsigned number : {0U, 1U}) store.write_level(sample_level(number));
  store.write_level(level);
  return faults(folder.path());
}

TEST_CASE("a sound collection has neither faults nor notes", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const std::vector<FileReport> reports = verify(folder.path());
  CHECK(reports.size() == 1 + 2 * (4 + 2 * 3));
  CHECK_FALSE(has_faults(reports));
  CHECK(text_of(reports, &FileReport::faults) == "");
  CHECK(text_of(reports, &FileReport::notes) == "");
  CHECK(std::none_of(reports.begin(), reports.end(),
                     [](const FileReport& report) { return report.summary.empty(); }));
  CHECK(verify(folder.path() / "replicate-0" / "level-001.h5").size() == 1);
  CHECK(verify(folder.path() / "replicate-0" / "random-mask-0").size() == 3);
}

TEST_CASE("what cannot be verified at all is an error", "[verify]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(verify(folder.path() / "absent"), ConfigError);
  CHECK_THROWS_AS(verify(folder.path()), DataError);
  std::ofstream(folder.path() / "text.h5") << "no HDF5 file";
  CHECK_THAT(faults(folder.path() / "text.h5"), Catch::Contains("text.h5"));
}

TEST_CASE("each broken invariant of a level is a fault", "[verify]") {
  CHECK(faults_with(sample_level(2)).empty());

  LevelRecord level = sample_level(2);
  level.weights[0].values.back() = 1e-30F;
  CHECK_THAT(faults_with(level), Catch::Contains("weights/fc1.weight: 1 pruned weight"));

  level = sample_level(2);
  level.weights[1].values[0] = std::numeric_limits<float>::infinity();
  CHECK_THAT(faults_with(level), Catch::Contains("weights/fc1.bias: 1 value"));

  level = sample_level(2);
  level.density = 0.3;
  CHECK_THAT(faults_with(level), Catch::Contains("'density' says 0.3"));

  level = sample_level(2);
  level.early_stop_step = 30;
  CHECK_THAT(faults_with(level), Catch::Contains("'early_stop_step' says step 30"));

  level = sample_level(2);
  level.metrics[2].step = 20;
  CHECK_THAT(faults_with(level), Catch::Contains("metrics: step 20"));

  level = sample_level(2);
  level.cost.kernel_flops = level.cost.flops;
  CHECK(faults_with(level).empty());
  level.cost.kernel_flops -= 1;
  CHECK_THAT(faults_with(level), Catch::Contains("'kernel_flops' says"));

  level = sample_level(2);
  level.predictions.test.classes[3] = 2;
  level.predictions.validation.probabilities[4] = 0.49F;
  CHECK_THAT(faults_with(level), Catch::Contains("predictions/test_class: 1 are none of the 2 classes") &&
                                     Catch::Contains("predictions/validation_probability: 1 cannot be"));

  level = sample_level(2);
  level.predictions.test.probabilities.pop_back();
  level.predictions.test.classes.resize(7);
  CHECK_THAT(faults_with(level), Catch::Contains("test_class and test_probability are of different") &&
                                     Catch::Contains("'test_accuracy' says 0.9, which is no part of the 7"));

  level = sample_level(2);
  level.order_sha256 = std::string(63, 'a');
  CHECK_THAT(faults_with(level), Catch::Contains("'order_sha256' says 'aaaa"));
  level.order_sha256 = std::string(64, 'a');
  CHECK(faults_with(level).empty());

  level = sample_level(2);
  level.weights.pop_back();
  CHECK_THAT(faults_with(level), Catch::Contains("3 parameters"));

  level = sample_level(2);
  level.weights[2].name = "fc9.weight";
  CHECK_THAT(faults_with(level),
             Catch::Contains("mask/fc10.weight") && Catch::Contains("weights/fc9.weight"));

  std::vector<Mask> masks = test::sample_masks(2);
  std::reverse(masks[0].keep.begin(), masks[0].keep.end());
  CHECK_THAT(faults_with(sample_level(2, masks)),
             Catch::Contains("level-002.h5: keeps weights that level 1 had pruned"));

  CHECK_THAT(faults_with(sample_level(3)), Catch::Contains("level-003.h5: level 2 is missing"));
}

TEST_CASE("each figure of a level outside its range, or told otherwise elsewhere, is a fault", "[verify]") {
  struct Tampering {
    std::function<void(LevelRecord&)> tamper;
    std::string fault;
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const Tampering tamperings[] = {
      {[](LevelRecord& l) { l.test_accuracy = 1.5; }, "'test_accuracy' says 1.5"},
      {[](LevelRecord& l) { l.test_accuracy = kNan; }, "'test_accuracy' says nan"},
      {[](LevelRecord& l) { l.test_loss = kNan; }, "'test_loss' says nan"},
      {[](LevelRecord& l) { l.test_loss = -1; }, "'test_loss' says -1"},
      {[](LevelRecord& l) { l.validation_loss = 1.31; }, "but the last row of metrics"},
      {[](LevelRecord& l) { l.validation_accuracy = 0.71; }, "but the last row of metrics"},
      {[](LevelRecord& l) { l.validation_accuracy = -0.1; }, "'validation_accuracy' says -0.1"},
      {[](LevelRecord& l) { l.early_stop_validation_loss = 1; }, "'early_stop_step' says step 20"},
      {[](LevelRecord& l) { l.early_stop_test_loss = kNan; }, "'early_stop_test_loss' says nan"},
      {[](LevelRecord& l) { l.early_stop_test_accuracy = 2; }, "'early_stop_test_accuracy' says 2"},
      {[](LevelRecord& l) { l.early_stop_step = 50; },
       "'early_stop_step' says step 50, but the last one is 30"},
      {[](LevelRecord& l) { l.first_step = 31; }, "'first_step' says step 31"},
      {[](LevelRecord& l) { l.mask_step = 31; }, "'mask_step' says step 31"},
      {[](LevelRecord& l) { l.steps = 29; }, "metrics, row 2: step 30, but the last one is 29"},
      {[](LevelRecord& l) { l.cost.wall_seconds = -1; }, "'wall_seconds' says -1"},
      {[](LevelRecord& l) { l.cost.wall_seconds = 0.02; }, "says less than the last row"},
      {[](LevelRecord& l) { l.cost.flops = kNan; }, "'flops' says nan"},
      {[](LevelRecord& l) { l.cost.dense_flops = HUGE_VAL; }, "'dense_flops' says inf"},
      {[](LevelRecord& l) { l.started_utc = "yesterday"; }, "'started_utc' says 'yesterday'"},
      {[](LevelRecord& l) { l.finished_utc = ""; }, "'finished_utc' says ''"},
      {[](LevelRecord& l) { l.metrics[1].learning_rate = -1; }, "row 1, column 'learning_rate' says -1"},
      {[](LevelRecord& l) { l.metrics[1].train_loss = kNan; }, "row 1, column 'train_loss' says nan"},
      {[](LevelRecord& l) { l.metrics[0].validation_loss = kNan; },
       "row 0, column 'validation_loss' says nan"},
      {[](LevelRecord& l) { l.metrics[1].validation_accuracy = 1.1; },
       "column 'validation_accuracy' says 1.1"},
      {[](LevelRecord& l) { l.metrics[1].wall_seconds = 0.001; }, "row 1: column 'wall_seconds' goes back"},
      {[](LevelRecord& l) { l.kernels[0].parameter = "fc9.weight"; }, "'fc9.weight': no mask has that name"},
      {[](LevelRecord& l) { l.kernels[1] = l.kernels[0]; }, "forward of 'fc1.weight' is told twice"},
      {[](LevelRecord& l) { l.kernels[0].dense_seconds = -1; }, "column 'dense_seconds' says -1"},
      {[](LevelRecord& l) { l.kernels[0].sparse_seconds = kNan; }, "column 'sparse_seconds' says nan"},
  };
  for (const Tampering& tampering : tamperings) {
    LevelRecord level = sample_level(2);
    tampering.tamper(level);
    CHECK_THAT(faults_with(level), Catch::Contains(tampering.fault));
  }
}

TEST_CASE("figures that an import does not know are no faults", "[verify]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run("imported"));
  LevelRecord level = sample_level(0);
  level.metrics.clear();
  level.kernels.clear();
  level.test_loss = level.test_accuracy = level.validation_loss = level.validation_accuracy =
      level.early_stop_validation_loss = level.early_stop_test_loss = level.early_stop_test_accuracy =
          std::numeric_limits<double>::quiet_NaN();
  level.steps = level.first_step = level.early_stop_step = 0;
  store.write_level(level);
  CHECK(faults(folder.path()) == "");
}

// A file changed where no record can be, with the right digest.
void tamper(const fs::path& path, const std::function<void(hdf5::File&)>& change) {
  hdf5::File file = hdf5::File::open_image(path);
  change(file);
  file.set_attribute(kDigestAttribute, content_digest(file));
  const std::vector<std::byte> bytes = file.close_image();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST_CASE("what a file repeats of itself is compared", "[verify]") {
  const auto faults_after = [](const std::string& name, const std::function<void(hdf5::File&)>& change) {
    const TemporaryFolder folder;
    test::write_sample_collection(folder.path());
    tamper(folder.path() / name, change);
    return faults(folder.path());
  };
  const std::string level = "replicate-0/level-002.h5", run = "replicate-0/run.h5";
  CHECK_THAT(
      faults_after(level,
                   [](hdf5::File& file) { file.dataset("mask/fc1.weight").set_attribute("density", 0.3); }),
      Catch::Contains("'density' says 0.3"));
  CHECK_THAT(faults_after(level,
                          [](hdf5::File& file) {
                            file.dataset("weights/fc1.bias").set_attribute("position", std::uint64_t{0});
                          }),
             Catch::Contains("positions of its arrays"));
  CHECK_THAT(faults_after(
                 level, [](hdf5::File& file) { file.set_attribute("level", (std::uint64_t{1} << 32) + 2); }),
             Catch::Contains("there is no level 4294967298"));
  CHECK_THAT(faults_after(run, [](hdf5::File& file) { file.set_attribute("config", "model = mlp:1-2\n"); }),
             Catch::Contains("'config_sha256' is not that of 'config'"));
  CHECK_THAT(faults_after("run.h5", [](hdf5::File& file) { file.set_attribute("config", "x"); }),
             Catch::Contains("'config_sha256' is not that of 'config'"));
  CHECK_THAT(faults_after(run, [](hdf5::File& file) { file.set_attribute("started_utc", "x"); }),
             Catch::Contains("'started_utc' says 'x'"));
  CHECK_THAT(faults_after("replicate-0/random-mask-0/run.h5",
                          [](hdf5::File& file) { file.set_attribute("trial", std::uint64_t{1}); }),
             Catch::Contains("trial 1, but lies in a folder named 'random-mask-0'"));
}

TEST_CASE("a checkpoint's figures and place are checked", "[verify]") {
  const auto faults_with_checkpoint = [](const std::function<void(TrainingCheckpoint&)>& change) {
    const TemporaryFolder folder;
    RunStore store(folder.path());
    store.write_run(sample_run());
    TrainingCheckpoint checkpoint = test::sample_checkpoint(1);
    change(checkpoint);
    store.write_checkpoint(checkpoint);
    return faults(folder.path());
  };
  CHECK(faults_with_checkpoint([](TrainingCheckpoint&) {}) == "");
  CHECK_THAT(faults_with_checkpoint([](TrainingCheckpoint& c) { c.state[0].values[0] = HUGE_VALF; }),
             Catch::Contains("state/weights/fc1.weight: 1 value"));
  CHECK_THAT(faults_with_checkpoint([](TrainingCheckpoint& c) { c.step = 15; }),
             Catch::Contains("row 1: step 20, but the last one is 15"));
  CHECK_THAT(faults_with_checkpoint([](TrainingCheckpoint& c) { c.loss_sum = -1; }),
             Catch::Contains("'loss_sum' says -1"));
  CHECK_THAT(faults_with_checkpoint([](TrainingCheckpoint& c) { c.mask_step = 26; }),
             Catch::Contains("'mask_step' says step 26"));
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_checkpoint(test::sample_checkpoint(1));
  fs::rename(store.checkpoint_path(1), store.checkpoint_path(2));
  CHECK_THAT(faults(folder.path()), Catch::Contains("level-002.partial.h5: holds level 1"));
}

TEST_CASE("a file of another run, or under another level's name, is a fault", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const fs::path own = folder.path() / "replicate-0";
  fs::copy_file(folder.path() / "replicate-1" / "level-001.h5", own / "level-001.h5",
                fs::copy_options::overwrite_existing);
  CHECK_THAT(faults(folder.path()), Catch::Contains("level-001.h5: ") && Catch::Contains("of another run"));
  fs::copy_file(own / "level-000.h5", own / "level-001.h5", fs::copy_options::overwrite_existing);
  CHECK_THAT(faults(folder.path()), Catch::Contains("level-001.h5: holds level 0"));
}

TEST_CASE("a missing level or run.h5 is a fault", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const fs::path own = folder.path() / "replicate-0";
  fs::remove(own / "level-002.h5");
  CHECK_THAT(faults(own), Catch::Contains("run.h5: ") &&
                              Catch::Contains("'level-002.h5', which is missing") &&
                              Catch::Contains("compared"));
  fs::remove(own / "run.h5");
  CHECK_THAT(faults(own), Catch::Contains("run.h5: "));
}

TEST_CASE("a control that was shown images in another order than its ticket is a fault", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  RunStore ticket(folder.path() / "replicate-0"), control(ticket.folder() / "random-reinit-0");
  LevelRecord level = sample_level(2);
  level.order_sha256 = std::string(64, 'a');
  control.write_level(level);
  CHECK(faults(folder.path()).empty());  // the ticket, as of an older version, does not tell
  ticket.write_level(level);
  CHECK(faults(folder.path()).empty());
  level.order_sha256 = std::string(64, 'b');
  control.write_level(level);
  CHECK_THAT(faults(folder.path()), Catch::Contains("'order_sha256' is not the ticket's"));
}

TEST_CASE("a control that does not fit its ticket is a fault", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  RunStore control(folder.path() / "replicate-0" / "random-reinit-0");
  std::vector<Mask> masks = test::sample_masks(2);
  std::rotate(masks[0].keep.begin(), masks[0].keep.begin() + 1, masks[0].keep.end());
  control.write_level(sample_level(2, masks));
  CHECK_THAT(faults(folder.path()), Catch::Contains("its mask is not the ticket's"));

  RunStore random(folder.path() / "replicate-0" / "random-mask-0");
  masks[0].keep.back() ^= 1;
  random.write_level(sample_level(2, masks));
  CHECK_THAT(faults(folder.path()), Catch::Contains("another number of weights"));
  CHECK_THAT(notes(random.folder()), Catch::Contains("not compared with its ticket"));

  RunRecord bare = sample_run("random-mask", 0);
  bare.init_weights.clear();
  random.write_run(bare);
  CHECK(faults(random.folder()).empty());

  RunRecord other = sample_run("random-mask", 0);
  other.config += "levels = 4\n";
  random.write_run(other);
  CHECK_THAT(faults(folder.path()),
             Catch::Contains("differ from those of") && Catch::Contains("of another run"));
}

TEST_CASE("each control has its own way to fit its ticket", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const fs::path ticket = folder.path() / "replicate-0";
  const auto faults_of = [&](const std::string& branch, const std::vector<Mask>& masks) {
    RunStore control(ticket / (branch + "-0"));
    control.write_run(sample_run(branch, 0));
    control.write_level(sample_level(2, masks));
    RunStore(ticket).link_members();
    const std::string found = faults(ticket);
    fs::remove_all(control.folder());
    return found;
  };
  const std::vector<Mask> same = test::sample_masks(2);
  std::vector<Mask> moved = same, elsewhere = same, fewer = same;
  std::rotate(moved[0].keep.begin(), moved[0].keep.begin() + 1, moved[0].keep.end());
  *std::ranges::find(elsewhere[0].keep, 1) = 0;  // one weight less in this layer, one more in that
  *std::ranges::find(elsewhere[1].keep, 0) = 1;
  *std::ranges::find(fewer[0].keep, 1) = 0;
  for (const std::string branch : {"shuffled-weights", "sign-only", "supermask"}) {
    CHECK(faults_of(branch, same) == "");
    CHECK_THAT(faults_of(branch, moved), Catch::Contains("its mask is not the ticket's"));
  }
  CHECK(faults_of("inverted-mask", moved) == "");
  CHECK(faults_of("global-random-mask", elsewhere) == "");
  CHECK_THAT(faults_of("random-mask", elsewhere), Catch::Contains("another number of weights in some layer"));
  CHECK_THAT(faults_of("global-random-mask", fewer), Catch::Contains("another number of weights than"));
}

TEST_CASE("totals are told of all levels, and a fault where they are not the levels' sums", "[verify]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const RunStore top(folder.path());
  record_totals(top);
  // A level of the sample costs 0.03 s, 1e6 and 3e6 FLOPs; a replicate has 3 levels and two controls with 2
  // each.
  const RunTotals collection = *top.read_collection().totals;
  CHECK(collection.cost.wall_seconds == Approx(2 * 7 * 0.03));
  CHECK(collection.cost.flops == 2 * 7 * 1e6);
  CHECK(collection.cost.dense_flops == 2 * 7 * 3e6);
  CHECK(collection.finished_utc == "2026-01-31T12:00:02Z");
  RunStore ticket(folder.path() / "replicate-0");
  CHECK(ticket.read_run().totals->cost.flops == 3e6);
  RunStore control(ticket.folder() / "random-mask-0");
  CHECK(control.read_run().totals->cost.flops == 2e6);
  CHECK_FALSE(has_faults(verify(folder.path())));

  RunRecord wrong = control.read_run();
  wrong.totals->cost.flops += 1;
  wrong.totals->finished_utc = "2026-01-31T12:00:03Z";
  control.write_run(wrong);
  CHECK_THAT(faults(control.folder()),
             Catch::Contains("run.h5: attribute 'flops' says 2e+06, but the levels") &&
                 Catch::Contains("'finished_utc' says 2026-01-31T12:00:03Z"));
  LevelRecord level = sample_level(2);
  level.cost.wall_seconds *= 2;
  ticket.write_level(level);
  CHECK_THAT(faults(folder.path()),
             Catch::Contains("attribute 'wall_seconds' says 0.42, but the levels have 0.45") &&
                 Catch::Contains("attribute 'wall_seconds' says 0.09"));

  forget_totals(top);
  CHECK(faults(folder.path()).empty());
  CHECK_FALSE(top.read_collection().totals);
  CHECK_FALSE(control.read_run().totals);
  CHECK(top.expected_links() == read_links(top.run_path()));
}

TEST_CASE("leftovers of killed processes are notes", "[verify]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_level(sample_level(0));
  store.write_checkpoint(test::sample_checkpoint(1));
  std::ofstream(folder.path() / "level-001.h5.0123abcd.tmp") << "half of a";
  fs::copy_file(store.level_path(0), folder.path() / "kept");
  fs::rename(folder.path() / "kept", store.level_path(0));
  const std::vector<FileReport> reports = verify(folder.path());
  CHECK_FALSE(has_faults(reports));
  CHECK_THAT(text_of(reports, &FileReport::notes),
             Catch::Contains("level-001.partial.h5: training of this level is unfinished") &&
                 Catch::Contains("level-001.h5.0123abcd.tmp: left by"));

  fs::resize_file(store.checkpoint_path(1), 2000);
  CHECK_THAT(faults(folder.path()), Catch::Contains("level-001.partial.h5: ") && Catch::Contains("damaged"));

  // A run killed between writing a level and linking to it.
  RunStore elsewhere(folder.path() / "elsewhere");
  elsewhere.write_run(sample_run());
  fs::copy_file(store.level_path(0), elsewhere.level_path(0));
  CHECK(faults(elsewhere.folder()).empty());
  CHECK_THAT(notes(elsewhere.folder()), Catch::Contains("does not link to 'level-000.h5' yet"));
}

}  // namespace
}  // namespace ltlab
