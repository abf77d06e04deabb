// Runs whose settings or arrays make no sense, though their digests are right: the run is at fault, status 3.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "commands.h"
#include "ltlab/base/error.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/run_store.h"
#include "support/temporary_folder.h"

namespace ltlab::app {
namespace {

using Catch::Matchers::Contains;

// What a command says, and its exit status.
class Told {
 public:
  Told(int (*command)(const Arguments&), const Arguments& arguments) {
    std::ostringstream printed;
    std::streambuf* const out = std::cout.rdbuf(printed.rdbuf());
    std::streambuf* const err = std::cerr.rdbuf(printed.rdbuf());
    try {
      status = command(arguments);
    } catch (const Error& error) {
      status = static_cast<int>(error.status());
      text = error.what();
    }
    std::cout.rdbuf(out);
    std::cerr.rdbuf(err);
    text += printed.str();
  }

  int status = 0;
  std::string text;
};

// A run of one search, of which `forge` makes what no search would.
class ForgedRun {
 public:
  explicit ForgedRun(
      const std::function<void(RunRecord&)>& forge_run,
      const std::function<void(LevelRecord&)>& forge_level = [](LevelRecord&) {}) {
    const Told search(search_command, {"--model", "mlp:784-4-10", "--data", "embedded", "--embedded-train",
                                       "60", "--embedded-test", "20", "--validation", "10", "--levels", "1",
                                       "--steps", "3", "--batch", "10", "--out", path()});
    REQUIRE(search.status == 0);
    RunStore store(path());
    RunRecord run = store.read_run();
    std::vector<LevelRecord> levels{store.read_level(0), store.read_level(1)};
    forge_run(run);
    forge_level(levels[1]);
    store.remove();
    store.write_run(run);
    for (const LevelRecord& level : levels) store.write_level(level);
  }

  std::string path() const { return folder_.path() / "run"; }
  std::string page() const { return folder_.path() / "page.html"; }

 private:
  test::TemporaryFolder folder_;
};

void replace_model(RunRecord& run, const std::string& model) {
  const std::string before = "model = " + run.model + "\n";
  run.config.replace(run.config.find(before), before.size(), "model = " + model + "\n");
  run.model = model;
}

TEST_CASE("A model that makes no sense is the stored run's fault, and no file is opened for it", "[app]") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& model : {std::string("nonsense"), pipe, std::string("/dev/zero")}) {
    const ForgedRun forged([&](RunRecord& run) { replace_model(run, model); });
    const std::string run = forged.path();
    for (const Told& told :
         {Told(inspect_command, {run}), Told(report_command, {run, "-o", forged.page()}),
          Told(landscape_command, {run}), Told(search_command, {"--resume", "--out", run})}) {
      CHECK(told.status == 3);
      CHECK_THAT(told.text, Contains("run.h5") && Contains("unknown model '" + model + "'"));
    }
    CHECK(Told(verify_command, {run}).status == 3);
  }
}

TEST_CASE("Another model in run.h5 than in its config is a fault", "[app]") {
  const ForgedRun forged([](RunRecord& run) { run.model = "mlp:784-5-10"; });
  const Told told(verify_command, {forged.path()});
  CHECK(told.status == 3);
  CHECK_THAT(told.text, Contains("attribute 'model' says 'mlp:784-5-10', but the config 'mlp:784-4-10'"));
}

TEST_CASE("A stored run names no preset, and no folder of data", "[app]") {
  for (const char* name : {"preset", "data-dir"}) {
    const ForgedRun forged([&](RunRecord& run) { run.config += std::string(name) + " = quick\n"; });
    const Told told(search_command, {"--resume", "--out", forged.path()});
    CHECK(told.status == 3);
    CHECK_THAT(told.text, Contains("run.h5") && Contains(name));
  }
}

TEST_CASE("A model too large, or of other weights, is the stored run's fault", "[app]") {
  for (const char* model : {"linear 1000000 relu; linear 1000000 relu; linear classes", "mlp:784-5-10"}) {
    const ForgedRun forged([&](RunRecord& run) { replace_model(run, model); });
    for (const Told& told : {Told(landscape_command, {forged.path()}),
                             Told(search_command, {"--resume", "--levels", "2", "--out", forged.path()})})
      CHECK(told.status == 3);
  }
}

TEST_CASE("Nobody goes on from weights or figures that cannot be right", "[app]") {
  const ForgedRun unbounded([](RunRecord& run) { run.init_weights[0].values[3] = HUGE_VALF; });
  const Told resumed(search_command, {"--resume", "--out", unbounded.path()});
  CHECK(resumed.status == 3);
  CHECK_THAT(resumed.text, Contains("run.h5' cannot be right: init/fc1.weight: 1 values are not finite"));

  const ForgedRun long_ago([](RunRecord&) {},
                           [](LevelRecord& level) { level.steps = std::uint64_t{1} << 63; });
  const Told told(verify_command, {long_ago.path()});
  CHECK(told.status == 3);
  CHECK_THAT(told.text, Contains("attribute 'steps' says 9223372036854775808, but metrics end at step 3"));
  CHECK(Told(search_command, {"--resume", "--levels", "2", "--out", long_ago.path()}).status == 3);
}

// As no writer of ltlab leaves it, with the right digest.
void replace_mask(const std::filesystem::path& path, const Shape& shape) {
  hdf5::File file = hdf5::File::open_image(path);
  const std::uint64_t position = file.dataset("mask/fc1.weight").unsigned_attribute("position");
  file.unlink("mask/fc1.weight");
  hdf5::Dataset mask =
      file.write("mask/fc1.weight", shape, std::vector<std::uint8_t>(element_count(shape), 1));
  mask.set_attribute("position", position);
  mask.set_attribute("density", 1.0);
  file.set_attribute(kDigestAttribute, content_digest(file));
  const std::vector<std::byte> bytes = file.close_image();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void check_refused_by_all(const ForgedRun& forged) {
  const std::string run = forged.path();
  for (const Told& told :
       {Told(inspect_command, {run, "--level", "1"}), Told(report_command, {run, "-o", forged.page()}),
        Told(landscape_command, {run}), Told(search_command, {"--resume", "--levels", "2", "--out", run}),
        Told(verify_command, {run})})
    CHECK(told.status == 3);
}

TEST_CASE("Masks of another shape than the weights are refused by whoever reads them", "[app]") {
  for (const Shape& shape : {Shape{4, 784, 1}, Shape{784, 4}, Shape{40, 784}, Shape{4, 1}}) {
    const ForgedRun forged([](RunRecord&) {});
    replace_mask(RunStore(forged.path()).level_path(1), shape);
    check_refused_by_all(forged);
  }
}

TEST_CASE("Levels of another shape than the run are refused by whoever reads them", "[app]") {
  check_refused_by_all(ForgedRun(
      [](RunRecord&) {},
      [](LevelRecord& level) {
        level.masks[0] = full_mask("fc1.weight", {40, 784});
        level.weights[0] = {"fc1.weight", {40, 784}, AlignedVector<float>(std::size_t{40} * 784, 1.0F)};
      }));
}

}  // namespace
}  // namespace ltlab::app
