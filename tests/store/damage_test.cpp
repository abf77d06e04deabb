#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/record_digest.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/run_totals.h"
#include "ltlab/store/verify.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;
using test::sample_checkpoint;
using test::sample_level;
using test::sample_run;
using test::TemporaryFolder;

void save(const fs::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// Whether reading a file that has other bytes than it should is refused.
template <class Read>
bool refuses(Read read) {
  try {
    read();
    return false;
  } catch (const StoreError&) {
    return true;
  }
}

TEST_CASE("every flipped byte is noticed, and none crashes the reader", "[store]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "level-002.h5";
  const std::vector<std::byte> original = encode(sample_level(2), identity(sample_run()));
  save(path, original);
  CHECK_FALSE(refuses([&] { read_level_file(path); }));
  std::mt19937 random(1);
  for (unsigned trial = 0; trial < 1000; ++trial) {
    std::vector<std::byte> damaged = original;
    const std::size_t position = random() % damaged.size();
    damaged[position] ^= static_cast<std::byte>(1 + random() % 255);
    save(path, damaged);
    INFO("byte " << position << " of " << original.size());
    CHECK(refuses([&] { read_level_file(path); }));
  }
}

TEST_CASE("no truncated file is taken for a whole one", "[store]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.h5";
  const std::vector<std::byte> original = encode(sample_run());
  for (std::size_t size = 0; size < original.size(); size += 97) {
    save(path, {original.begin(), original.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK(refuses([&] { read_run_file(path); }));
  }
}

TEST_CASE("a damaged file is named, with what to do", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_checkpoint(sample_checkpoint(1));
  fs::resize_file(store.checkpoint_path(1), 1000);
  CHECK_THROWS_WITH(store.read_checkpoint(1),
                    Catch::Contains("level-001.partial.h5") && Catch::Contains("--resume"));
}

TEST_CASE("a piece exchanged for another valid one is noticed", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_level(sample_level(1));
  {
    hdf5::File file = hdf5::File::open_image(store.level_path(1));
    file.set_attribute("test_accuracy", 0.99);
    save(store.level_path(1), file.close_image());
  }
  CHECK_THROWS_AS(store.read_level(1), StoreError);
  CHECK_THROWS_WITH(store.read_level(1), Catch::Contains("SHA-256"));
}

TEST_CASE("a kernel that nobody knows is told with its table", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_level(sample_level(1));
  hdf5::File file = hdf5::File::open_image(store.level_path(1));
  std::vector<hdf5::Column> columns = file.read_table("kernels");
  std::get<std::vector<std::string>>(columns[2].values)[0] = "quantum";
  file.unlink("kernels");
  file.write_table("kernels", columns);
  file.set_attribute(kDigestAttribute, content_digest(file));
  save(store.level_path(1), file.close_image());
  CHECK_THROWS_AS(store.read_level(1), StoreError);
  CHECK_THROWS_WITH(store.read_level(1),
                    Catch::Contains("'/kernels', column 'kernel'") && Catch::Contains("'quantum'"));
}

TEST_CASE("totals are summed of levels that are whole", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  for (const unsigned level : {0u, 1u}) store.write_level(sample_level(level));
  hdf5::File file = hdf5::File::open_image(store.level_path(1));
  file.unlink("weights");
  save(store.level_path(1), file.close_image());
  CHECK_THROWS_AS(store.read_summary(1), StoreError);
  CHECK_THROWS_AS(sum_totals(store), StoreError);
}

// ------------------------------------------------------------------------------------------------- full
// disks

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Everything that a store does on a full disk leaves what was there, and nothing else.
void check_failing_writes(RunStore& store, const std::string& reason) {
  const std::size_t before = entries(store.folder());
  const std::vector<std::byte> run = hdf5::read_bytes(store.run_path());
  LevelRecord large = sample_level(1);
  large.initial_weights = {{"noise", {100000}, AlignedVector<float>(100000)}};
  std::mt19937 random(1);
  for (float& value : large.initial_weights.front().values) value = static_cast<float>(random());
  RunRecord larger = sample_run();
  larger.init_weights = large.initial_weights;
  CHECK_THROWS_AS(store.write_level(large), IoError);
  CHECK_THROWS_AS(store.write_run(larger), IoError);
  CHECK_THROWS_WITH(store.write_level(large), Catch::Contains("level-001.h5") && Catch::Contains(reason));
  CHECK_THROWS_WITH(store.write_run(larger), Catch::Contains("run.h5") && Catch::Contains(reason));
  CHECK(entries(store.folder()) == before);
  CHECK(hdf5::read_bytes(store.run_path()) == run);
  CHECK_FALSE(has_faults(verify(store.folder())));
}

// Lets no file grow beyond so many bytes while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_CASE("a refused write leaves what was stored before", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_level(sample_level(0));
  const FileSizeLimit limit(100000);
  check_failing_writes(store, "File too large");
}

TEST_CASE("a full disk leaves what was stored before", "[store]") {
  const TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=200k") != 0) {
    WARN("skipped: only root may mount a small disk");
    return;
  }
  {
    RunStore store(folder.path() / "run");
    store.write_run(sample_run());
    store.write_level(sample_level(0));
    check_failing_writes(store, "No space left on device");
  }
  ::umount(folder.path().c_str());
}

TEST_CASE("a folder that cannot be made or written is an error of the system", "[store]") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "in the way";
  RunStore store(folder.path() / "file" / "run");
  CHECK_THROWS_AS(store.write_run(sample_run()), IoError);
  CHECK_THROWS_WITH(store.write_run(sample_run()), Catch::Contains("file/run"));
  CHECK_THROWS_AS(RunStore("/proc/run").write_run(sample_run()), IoError);
}

TEST_CASE("a folder that has the name of a run's file is told, and left", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  fs::create_directories(store.level_path(1) / "someone's");
  CHECK_THROWS_WITH(store.write_level(sample_level(1)),
                    Catch::Contains("level-001.h5' is a folder") && Catch::Contains("move it away"));
  CHECK_THROWS_AS(store.write_level(sample_level(1)), StoreError);
  CHECK(fs::exists(store.level_path(1) / "someone's"));
  fs::create_directories(folder.path() / "other" / "run.h5");
  RunStore other(folder.path() / "other");
  CHECK_THROWS_AS(other.write_run(sample_run()), StoreError);
  CHECK_THROWS_WITH(other.read_run(), Catch::Contains("run.h5' is a folder"));
}

TEST_CASE("what is read back and not as meant never takes the place of a file", "[store]") {
  const TemporaryFolder folder;
  const FolderLock lock(folder.path());
  const std::vector<std::byte> before(3, std::byte{1}), after(5, std::byte{2});
  write_atomically(lock, "file", before);
  std::vector<std::byte> seen;
  const auto refuse = [&](const fs::path& written) {
    seen = hdf5::read_bytes(written);
    throw StoreError("another mask");
  };
  CHECK_THROWS_AS(write_atomically(lock, "file", after, refuse), IoError);
  CHECK_THROWS_WITH(write_atomically(lock, "file", after, refuse),
                    Catch::Contains("'" + (folder.path() / "file").string() + "'") &&
                        Catch::Contains("another mask") && Catch::Contains("untouched"));
  CHECK(seen == after);
  CHECK(hdf5::read_bytes(folder.path() / "file") == before);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a folder that another process keeps locked is an error of the system", "[store]") {
  const TemporaryFolder folder;
  const FileDescriptor other(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  CHECK_THROWS_WITH(FolderLock(folder.path(), std::chrono::milliseconds(20)),
                    Catch::Contains("another process keeps it locked"));
  std::thread owner([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ::flock(other.get(), LOCK_UN);
  });
  CHECK(FolderLock(folder.path()).exclusive());
  owner.join();
}

TEST_CASE("a record's digest tells each of its values from others", "[store]") {
  const LevelRecord level = sample_level(1);
  const std::string digest = record_digest(level);
  CHECK(record_digest(LevelRecord(level)) == digest);
  const auto differs = [&](const auto& change) {
    LevelRecord changed = level;
    change(changed);
    return record_digest(changed) != digest;
  };
  CHECK(differs([](LevelRecord& l) { l.masks.pop_back(); }));
  CHECK(differs([](LevelRecord& l) { l.masks[0].keep[0] ^= 1; }));
  CHECK(differs([](LevelRecord& l) { l.weights[1].values[0] += 1; }));
  CHECK(differs([](LevelRecord& l) { l.weights[1].name += "x"; }));
  CHECK(differs([](LevelRecord& l) { l.test_accuracy += 0.1; }));
  CHECK(differs([](LevelRecord& l) { l.cost.flops += 1; }));
  CHECK(differs([](LevelRecord& l) { l.order_sha256 = "0"; }));
  CHECK(differs([](LevelRecord& l) { l.metrics.back().train_loss = 9; }));
  CHECK(differs([](LevelRecord& l) { l.kernels.pop_back(); }));
  CHECK(differs([](LevelRecord& l) { l.predictions.test.classes[0] ^= 1; }));
  CHECK(differs([](LevelRecord& l) { l.predictions.validation.probabilities[0] = 0.6F; }));
  LevelRecord unknown = level;
  unknown.metrics.back().train_loss = std::nan("");
  CHECK(record_digest(unknown) == record_digest(LevelRecord(unknown)));
}

TEST_CASE("a run file that h5repack has written gets its links, and stays whole", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  const fs::path packed = folder.path() / "packed";
  const std::string command = "h5repack " + store.run_path().string() + " " + packed.string();
  if (std::system(command.c_str()) != 0) {
    WARN("skipped: no h5repack");
    return;
  }
  fs::rename(packed, store.run_path());
  for (const unsigned level : {0u, 1u}) store.write_level(sample_level(level));
  CHECK_FALSE(has_faults(verify(folder.path())));
  CHECK(read_links(store.run_path()) == store.expected_links());
  CHECK(record_digest(store.read_run()) == record_digest(sample_run()));
}

TEST_CASE("links are added to no run file that is damaged", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  {
    hdf5::File file = hdf5::File::open_image(store.run_path());
    file.unlink("rewind");
    save(store.run_path(), file.close_image());
  }
  const std::vector<std::byte> before = hdf5::read_bytes(store.run_path());
  CHECK_THROWS_AS(store.write_level(sample_level(0)), StoreError);
  CHECK(hdf5::read_bytes(store.run_path()) == before);
}

// ---------------------------------------------------------------------------------------------------- kill
// -9

// A child process that stores one thing after the other until it is killed.
[[noreturn]] void write_for_ever(const fs::path& folder) {
  RunStore store(folder);
  for (unsigned level = 0;; ++level) {
    store.write_run(sample_run());
    store.write_checkpoint(sample_checkpoint(level));
    store.write_level(sample_level(level));
  }
}

TEST_CASE("whenever the writer is killed, every file is whole", "[store]") {
  const TemporaryFolder folder;
  std::mt19937 random(2);
  std::size_t levels = 0;
  for (unsigned round = 0; round < 15; ++round) {
    const fs::path run = folder.path() / std::to_string(round);
    fs::create_directory(run);
    const pid_t child = ::fork();
    if (child == 0) write_for_ever(run);
    // Every other writer lives to its first level, however busy the machine is.
    while (round % 2 == 1 && !RunStore(run).has_level(0))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::microseconds(20000 + random() % 40000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    RunStore store(run);
    if (!store.has_run()) continue;
    for (const FileReport& report : verify(run)) {
      INFO(report.path << ": " << (report.faults.empty() ? "" : report.faults.front()));
      CHECK(report.faults.empty());
    }
    levels += store.levels().size();

    // Who goes on from here tidies up.
    store.write_run(sample_run());
    for (const unsigned level : {0U, static_cast<unsigned>(store.levels().size())}) {
      store.write_checkpoint(sample_checkpoint(level));
      store.write_level(sample_level(level));
    }
    for (const auto& entry : fs::directory_iterator(run)) CHECK_FALSE(is_temporary(entry.path()));
    CHECK(read_links(store.run_path()) == store.expected_links());
  }
  CHECK(levels > 0);
}

}  // namespace
}  // namespace ltlab
