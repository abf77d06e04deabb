// Files and folders made to do harm, or that somebody else's programs left.
#include <fcntl.h>
#include <hdf5.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ltlab/base/checked.h"
#include "ltlab/base/error.h"
#include "ltlab/hdf5/child.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "ltlab/store/verify.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::sample_level;
using test::sample_run;
using test::TemporaryFolder;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::size_t files_below(const fs::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) files += entry.is_regular_file();
  return files;
}

void write_ticket(const fs::path& folder) {
  RunStore store(folder);
  store.write_run(sample_run());
  for (const unsigned level : {0U, 1U}) store.write_level(sample_level(level));
}

std::string faults(const fs::path& path) {
  std::string text;
  for (const FileReport& report : verify(path)) {
    for (const std::string& fault : report.faults) text += report.path.string() + ": " + fault + "\n";
  }
  return text;
}

// ---------------------------------------------------------------------------------------------- symbolic
// links

TEST_CASE("removing a run touches nothing that its links lead to", "[store][hostile]") {
  const TemporaryFolder folder;
  const fs::path victim = folder.path() / "victim", run = folder.path() / "run";
  test::write_sample_collection(victim);
  test::write_sample_collection(run);
  const std::size_t files = files_below(victim);
  fs::create_directory_symlink(victim / "replicate-1", run / "replicate-7");
  fs::rename(run / "replicate-0" / "random-mask-0", folder.path() / "moved");
  fs::create_directory_symlink(victim / "replicate-0", run / "replicate-0" / "random-mask-0");
  fs::create_symlink(victim / "replicate-0" / "level-001.h5", run / "replicate-0" / "level-009.h5");
  fs::create_directory_symlink(victim, run / "masks");
  RunStore(run).remove();
  CHECK(files_below(victim) == files);
  CHECK(std::distance(fs::directory_iterator(run), fs::directory_iterator()) == 1);  // 'masks', not ltlab's
}

TEST_CASE("a run's folder may be named by a link, which removing the run leaves", "[store][hostile]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "disk");
  fs::create_directory_symlink(folder.path() / "disk", folder.path() / "run");
  write_ticket(folder.path() / "run");
  CHECK(RunStore(folder.path() / "run").levels().size() == 2);
  CHECK(faults(folder.path() / "run").empty());
  RunStore(folder.path() / "run").remove();
  CHECK(fs::is_symlink(folder.path() / "run"));
  CHECK(fs::is_empty(folder.path() / "disk"));
}

TEST_CASE("links within a run are neither read nor written through", "[store][hostile]") {
  const TemporaryFolder folder;
  const fs::path other = folder.path() / "other", run = folder.path() / "run";
  write_ticket(other);
  write_ticket(run);
  RunStore store(run);
  const std::string before = text_of(other / "level-001.h5");

  fs::remove(store.level_path(1));
  fs::create_symlink(other / "level-001.h5", store.level_path(1));
  CHECK_THROWS_AS(store.read_level(1), StoreError);
  CHECK_THROWS_WITH(store.read_summary(1), Contains("level-001.h5' is a symbolic link"));
  CHECK_THAT(faults(run), Contains("level-001.h5' is a symbolic link"));
  LevelRecord changed = sample_level(1);
  changed.test_loss = 7;
  store.write_level(changed);
  CHECK_FALSE(fs::is_symlink(store.level_path(1)));
  CHECK(store.read_level(1).test_loss == 7);

  fs::rename(store.run_path(), run / "away");
  fs::create_symlink(other / "run.h5", store.run_path());
  CHECK_THROWS_WITH(store.read_run(), Contains("run.h5' is a symbolic link"));
  CHECK_THROWS_AS(store.read_settings(), StoreError);
  CHECK_THROWS_AS(store.write_level(sample_level(2)), StoreError);
  fs::rename(run / "away", store.run_path());

  fs::create_directory_symlink(other, run / "random-mask-0");
  CHECK(store.members().empty());
  CHECK_THROWS_WITH(RunStore(run / "random-mask-0"), Contains("random-mask-0' is a symbolic link"));
  CHECK(text_of(other / "level-001.h5") == before);
}

TEST_CASE("what a writer left or a lock's name may be a link to something else", "[store][hostile]") {
  const TemporaryFolder folder;
  const fs::path victim = folder.path() / "victim", run = folder.path() / "run";
  write_text(victim, "whole");
  write_ticket(run);
  fs::create_symlink(victim, run / "level-001.h5.1234.tmp");
  RunStore(run).write_level(sample_level(1));
  CHECK_FALSE(fs::exists(fs::symlink_status(run / "level-001.h5.1234.tmp")));
  fs::create_symlink(folder.path() / "absent", run / ".lock");
  CHECK_THROWS_WITH(SessionLock(run), Contains(".lock' is a symbolic link"));
  CHECK_FALSE(fs::exists(folder.path() / "absent"));
  CHECK(text_of(victim) == "whole");
}

TEST_CASE("a file with several hard links is replaced and not written in place", "[store][hostile]") {
  const TemporaryFolder folder;
  write_ticket(folder.path() / "run");
  RunStore store(folder.path() / "run");
  fs::create_hard_link(store.level_path(1), folder.path() / "kept.h5");
  const std::string before = text_of(folder.path() / "kept.h5");
  LevelRecord changed = sample_level(1);
  changed.test_loss = 7;
  store.write_level(changed);
  CHECK(text_of(folder.path() / "kept.h5") == before);
}

TEST_CASE("verify follows no link, and so into no loop", "[store][hostile]") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  write_ticket(run);
  fs::create_directory_symlink(folder.path(), run / "loop");
  fs::create_directory_symlink(run, run / "random-reinit-0");
  const std::vector<FileReport> reports = verify(folder.path());
  CHECK(reports.size() == 3 + 2);
  CHECK_THAT(faults(folder.path()), Contains("random-reinit-0: is a symbolic link"));
  CHECK_THAT(reports.back().path.string(), Contains("random-reinit-0") || Contains("loop"));
}

TEST_CASE("run.h5 may link to nothing but its levels and members", "[store][hostile]") {
  const TemporaryFolder folder;
  write_ticket(folder.path());
  RunStore store(folder.path());
  const auto rewrite = [&](const std::vector<FileLink>& links) {
    const std::vector<std::byte> bytes = with_links(store.run_path(), links);
    std::ofstream(store.run_path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  write_text(folder.path() / "elsewhere" / "level-001.h5", "");
  for (const std::string target : {"elsewhere/level-001.h5", "/etc/passwd", "../level-001.h5"}) {
    rewrite({{"level-001", target}});
    CHECK_THAT(faults(folder.path()), Contains("'" + target + "', which is no level or member of the run"));
  }
}

TEST_CASE("initial weights come from nowhere but the run's own pretraining", "[store][hostile]") {
  const TemporaryFolder folder;
  write_ticket(folder.path() / "other");
  RunRecord run = sample_run();
  for (const std::string origin : {"../other/level-000.h5", "pretraining/../../other/level-000.h5"}) {
    run.init_origin = origin;
    RunStore(folder.path() / "run").write_run(run);
    CHECK_THAT(faults(folder.path() / "run"), Contains("which is no pretrained level"));
  }
}

// ------------------------------------------------------------------------------------------------ other
// kinds

TEST_CASE("a level that is a pipe, folder or device is refused at once", "[store][hostile]") {
  const TemporaryFolder folder;
  write_ticket(folder.path());
  RunStore store(folder.path());
  fs::remove(store.level_path(1));
  REQUIRE(::mkfifo(store.level_path(1).c_str(), 0600) == 0);
  CHECK_THROWS_AS(store.read_level(1), DataError);
  CHECK_THAT(faults(folder.path()), Contains("level-001.h5' is no file, but a pipe or device"));
  fs::remove(store.level_path(1));
  fs::create_directory(store.level_path(1));
  CHECK_THROWS_WITH(store.read_level(1), Contains("level-001.h5' is a folder"));
  CHECK_THROWS_AS(read_level_file("/dev/zero"), DataError);
  CHECK_THROWS_AS(hdf5::read_bytes("/dev/zero"), DataError);
}

TEST_CASE("what the system refuses to read keeps nothing else from being verified", "[store][hostile]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  const std::size_t all = verify(folder.path()).size();
  const fs::path locked = folder.path() / "replicate-0" / "level-001.h5";
  const FileDescriptor other(::open(locked.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);  // as h5py does that has opened it to write
  const std::vector<FileReport> reports = verify(folder.path());
  CHECK(reports.size() == all);
  CHECK(status_of(reports) == ExitStatus::io);
  CHECK(status_of({}) == ExitStatus::done);
}

// --------------------------------------------------------------------------------------------------- file
// bombs

// A level's file with something more in it, and whatever digest.
class Forged {
 public:
  explicit Forged(const std::function<void(hid_t)>& forge) {
    const std::vector<std::byte> bytes = encode(sample_level(1), identity(sample_run()));
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, access);
    forge(file);
    H5Fclose(file);
    H5Pclose(access);
  }

  // What refuses it, after little time and in little memory.
  std::string refusal() const {
    const rusage before = usage();
    try {
      read_level_file(path_);
    } catch (const StoreError& error) {
      const rusage after = usage();
      CHECK(after.ru_utime.tv_sec - before.ru_utime.tv_sec < 20);
      if (!kChecked) CHECK(after.ru_maxrss < (1 << 20));  // kB; a sanitizer keeps back what is freed
      return error.what();
    }
    return "not refused";
  }

  const fs::path& path() const { return path_; }

 private:
  static rusage usage() {
    rusage children{};
    ::getrusage(RUSAGE_CHILDREN, &children);
    return children;
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "level-001.h5";
};

void create_dataset(hid_t file, const std::vector<hsize_t>& extents, const std::vector<hsize_t>& chunk) {
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  H5Pset_deflate(creation, 4);
  const hid_t dataset = H5Dcreate2(file, "huge", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  REQUIRE(dataset >= 0);
  H5Dclose(dataset);
  H5Pclose(creation);
  H5Sclose(space);
}

TEST_CASE("groups nested without end are refused", "[store][hostile]") {
  const Forged forged([](hid_t file) {
    hid_t parent = H5Gopen2(file, "/", H5P_DEFAULT);
    for (int depth = 0; depth < 60000; ++depth) {
      const hid_t group = H5Gcreate2(parent, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Gclose(parent);
      parent = group;
    }
    H5Gclose(parent);
  });
  CHECK_THAT(forged.refusal(), Contains("nests groups more than 8 deep"));
}

TEST_CASE("groups that contain themselves are refused", "[store][hostile]") {
  const Forged forged([](hid_t file) {
    H5Lcreate_hard(file, "mask", file, "mask/again", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "/", file, "mask/root", H5P_DEFAULT, H5P_DEFAULT);
  });
  CHECK_THAT(forged.refusal(), Contains("nests groups more than 8 deep"));
}

TEST_CASE("arrays larger than a file can hold are refused", "[store][hostile]") {
  const hsize_t most = hsize_t{1} << 60;
  CHECK_THAT(Forged([](hid_t file) { create_dataset(file, {hsize_t{1} << 31}, {1 << 16}); }).refusal(),
             Contains("at '/huge'") && Contains("of which the file holds but 0 bytes"));
  CHECK_THAT(Forged([&](hid_t file) { create_dataset(file, {most}, {1 << 16}); }).refusal(),
             Contains("at '/huge'") && Contains("more than any array"));
  // 2^62 elements of 4 bytes are 0 bytes in 64 bits.
  CHECK_THAT(Forged([&](hid_t file) {
               create_dataset(file, {4, most}, {1, 1 << 16});
             }).refusal(),
             Contains("more than any array"));
}

TEST_CASE("one array that many names share is refused", "[store][hostile]") {
  const Forged forged([](hid_t file) {
    const hsize_t extent = 1 << 20;
    create_dataset(file, {extent}, {extent});
    const hid_t dataset = H5Dopen2(file, "huge", H5P_DEFAULT);
    const std::vector<float> zeros(extent);
    H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
    H5Dclose(dataset);
    for (int i = 0; i < 1000; ++i)
      H5Lcreate_hard(file, "huge", file, ("same" + std::to_string(i)).c_str(), H5P_DEFAULT, H5P_DEFAULT);
  });
  CHECK_THAT(forged.refusal(), Contains("more values than a file of its length can hold"));
}

TEST_CASE("links to other places than those of a run are refused", "[store][hostile]") {
  const std::function<void(hid_t)> forgeries[] = {
      [](hid_t file) { H5Lcreate_soft("/mask", file, "soft", H5P_DEFAULT, H5P_DEFAULT); },
      [](hid_t file) { H5Lcreate_external("x.h5", "/", file, "mask/out", H5P_DEFAULT, H5P_DEFAULT); },
      [](hid_t file) {
        const hid_t type = H5Tcopy(H5T_NATIVE_INT);
        H5Tcommit2(file, "type", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Tclose(type);
      }};
  for (const auto& forge : forgeries) CHECK_THAT(Forged(forge).refusal(), Contains("is no array or group"));
}

TEST_CASE("arrays whose values lie in other files are refused", "[store][hostile]") {
  const Forged forged([](hid_t file) {
    const hsize_t extent = 10;
    const hid_t space = H5Screate_simple(1, &extent, nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "/etc/passwd", 0, 10);
    H5Dclose(H5Dcreate2(file, "out", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  });
  CHECK_THAT(forged.refusal(), Contains("keeps its values in other files"));
}

// ------------------------------------------------------------------------------------------------------
// children

TEST_CASE("a child's end is told, whatever it was", "[store][hostile]") {
  using hdf5::ChildPipe;
  const auto nothing = [](const ChildPipe&) { return true; };
  const auto read = [&](const std::function<void()>& work) {
    hdf5::read_in_child(
        "some.h5",
        [&] {
          work();
          return [](const ChildPipe&) {};
        },
        nothing);
  };
  CHECK_NOTHROW(read([] {}));
  CHECK_THROWS_AS(read([] { throw IoError("refused"); }), IoError);
  CHECK_THROWS_WITH(read([] { throw DataError("such data"); }), "such data");
  CHECK_THROWS_AS(read([] { throw ConfigError("such a config"); }), ConfigError);
  CHECK_THROWS_AS(read([] { throw std::bad_alloc(); }), IoError);
  CHECK_THROWS_WITH(read([] { throw std::bad_alloc(); }), Contains("'some.h5'") && Contains("no memory"));
  CHECK_THROWS_WITH(read([] { ::raise(SIGSEGV); }),
                    Contains("reading 'some.h5' makes HDF5 crash (Segmentation fault)"));
  CHECK_THROWS_WITH(read([] { ::_exit(1); }), Contains("found no memory, or was ended"));
  CHECK_THROWS_AS(read([] { ::raise(SIGKILL); }), IoError);
  CHECK_THROWS_WITH(read([] { ::raise(SIGALRM); }), Contains("it took too long"));
  CHECK_THROWS_AS(read([] { ::_exit(255); }), IoError);  // HDF5's own end where it has no memory
  CHECK_NOTHROW(read([] { ::raise(SIGINT); }));
#ifndef LTLAB_CHECKED  // sanitizers reserve all address space beforehand, which then limits nothing
  CHECK_NOTHROW(read([] { std::vector<char>(std::size_t{1} << 30).back() = 1; }));
  CHECK_THROWS_AS(read([] { std::vector<char>(std::size_t{3} << 30).back() = 1; }), IoError);
#endif
  const auto tells_less = [&] {
    hdf5::read_in_child(
        "some.h5", [] { return [](const ChildPipe&) {}; },
        [](const ChildPipe& pipe) {
          std::byte more{};
          return pipe.read(std::span(&more, 1));
        });
  };
  CHECK_THROWS_AS(tells_less(), StoreError);
}

TEST_CASE("one child checks many files, and another goes on after a fault", "[store][hostile]") {
  const test::TemporaryFolder folder;
  const std::string log = folder.path() / "log";
  hdf5::FileChecker checker([&](const fs::path& path) {
    std::ofstream(log, std::ios::app) << ::getpid() << '\n';
    if (path == "bad") throw StoreError("such a file");
    if (path == "crash") ::raise(SIGSEGV);
    if (path == "crash once" && std::ofstream(folder.path() / "crashed", std::ios::app).tellp() == 0) {
      std::ofstream(folder.path() / "crashed") << "once";
      ::raise(SIGSEGV);
    }
    if (path == "lack") throw std::bad_alloc();
  });
  const auto children = [&] {
    std::ifstream lines(log);
    return std::set<std::string>(std::istream_iterator<std::string>(lines), {}).size();
  };
  for (int i = 0; i < 3; ++i) CHECK_NOTHROW(checker.check("good"));
  CHECK(children() == 1);
  CHECK_THROWS_WITH(checker.check("bad"), "such a file");
  CHECK(children() == 1);
  CHECK_NOTHROW(checker.check("good"));
  CHECK(children() == 2);
  CHECK_THROWS_WITH(checker.check("crash"), Contains("reading 'crash' makes HDF5 crash"));
  CHECK(children() == 3);  // the second child may have crashed for what it had read before
  CHECK_THROWS_AS(checker.check("lack"), IoError);
  CHECK_NOTHROW(checker.check("crash once"));  // for lack of memory, as it does not crash again
  CHECK_NOTHROW(checker.check(std::string(3000, 'x')));
}

TEST_CASE("a child may end with the thread that began it", "[store][hostile]") {
  hdf5::FileChecker checker([](const fs::path& path) {
    if (path == "bad") throw StoreError("such a file");
  });
  for (const char* name : {"good", "good", "bad", "bad", "good"}) {
    bool sound = true;
    std::thread([&] {
      try {
        checker.check(name);
      } catch (const StoreError&) {
        sound = false;
      }
    }).join();
    CHECK(sound == (name == std::string("good")));
  }
}

}  // namespace
}  // namespace ltlab
