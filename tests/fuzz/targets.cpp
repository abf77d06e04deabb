#include "fuzz/targets.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "comparison_file.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/cifar10.h"
#include "ltlab/data/file_digest.h"
#include "ltlab/data/gzip_reader.h"
#include "ltlab/data/idx.h"
#include "ltlab/data/tar.h"
#include "ltlab/data/user_arrays.h"
#include "ltlab/nn/model_text.h"
#include "ltlab/store/content_digest.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/verify.h"
#include "ltlab/study/registration.h"
#include "search_options.h"
#include "study_package.h"
#include "support/temporary_folder.h"

// A mutated file never has the right SHA-256. The linker (--wrap) puts this in the digest's place: it walks
// the file, as the digest does, and then says that it is right.
namespace ltlab {
std::string walked_digest(const hdf5::File& file) __asm__(
    "__real__ZN5ltlab14content_digestB5cxx11ERKNS_4hdf54FileE");
std::string right_digest(const hdf5::File& file) __asm__(
    "__wrap__ZN5ltlab14content_digestB5cxx11ERKNS_4hdf54FileE");

std::string right_digest(const hdf5::File& file) {
  std::string digest = walked_digest(file);
  return file.has_attribute(kDigestAttribute) ? file.string_attribute(kDigestAttribute) : digest;
}
}  // namespace ltlab

// Nor would metadata or chunks have right checksums. HDF5 computes these, and stores them in the seeds.
extern "C" {
std::uint32_t __wrap_H5_checksum_metadata(const void*, std::size_t, std::uint32_t) {
  return 0;
}
std::uint32_t __wrap_H5_checksum_fletcher32(const void*, std::size_t) {
  return 0;
}
}

namespace ltlab::fuzz {
namespace {

// The input as a file in memory. It has a name, without which HDF5 opens none, and never an earlier one's
// inode, by which a reader knows what it has checked.
class InputFile {
 public:
  explicit InputFile(Bytes input) {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0 ||
        ::write(descriptor, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
      std::abort();
    ::close(descriptor);
  }
  ~InputFile() { ::unlink(path_.c_str()); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/ltlab-fuzz-XXXXXX";
};

// Refusals are answers. Whether there was none.
bool attempt(const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (std::strlen(error.what()) == 0) std::abort();
    return false;
  }
}

std::string text_of(Bytes input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

bool run_file(Bytes input) {
  const InputFile file(input);
  bool sound = false;
  attempt([&] {
    sound = std::ranges::all_of(verify(file.path()),
                                [](const FileReport& report) { return report.faults.empty(); });
  });
  attempt([&] {
    read_run_file(file.path());
    with_links(file.path(), {{"level-000", "level-000.h5"}});
  });
  return sound;
}

bool user_arrays(Bytes input) {
  const InputFile file(input);
  return attempt([&] { read_user_arrays("h5:" + file.path() + ":/images,/labels", "", 0); });
}

bool idx(Bytes input) {
  const bool images = attempt([&] { parse_idx_images(input, "images"); });
  const bool labels = attempt([&] { parse_idx_labels(input, 10, "labels"); });
  return images || labels;
}

bool cifar(Bytes input) {
  return attempt([&] {
    ImageSet images;
    append_cifar10(input, input.size() / 3073, "batch", images);
  });
}

bool gzip_file(Bytes content) {
  const InputFile file(content);
  const bool read = attempt([&] { read_whole_file(file.path()); });
  const bool digested = attempt([&] { sha256_of_content(file.path()); });
  return read && digested;
}

// As it is, and behind a gzip header: zlib passes on what has none, and libFuzzer does not see why.
bool gzip(Bytes input) {
  gzip_file(input);
  std::vector<std::uint8_t> content{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
  content.insert(content.end(), input.begin(), input.end());
  return gzip_file(content);
}

bool tar(Bytes input) {
  const InputFile file(input);
  const test::TemporaryFolder folder;
  return attempt([&] {
    unpack_tar(file.path(), {"sample-folder/images", "sample-folder/labels"}, folder.path());
  });
}

bool model_text(Bytes input) {
  return attempt([&] { parse_model_text(text_of(input)); });
}

bool config(Bytes input) {
  const InputFile file(input);
  return attempt([&] { app::parse_search({"--config", file.path(), "--out", "/nonexistent/run"}); });
}

// A word a line.
bool arguments(Bytes input) {
  std::istringstream lines(text_of(input));
  app::Arguments words;
  for (std::string word; std::getline(lines, word);) words.push_back(word);
  return attempt([&] { app::parse_search(words); });
}

bool comparison(Bytes input) {
  const InputFile file(input);
  return attempt([&] { app::read_comparison_file(file.path(), "", false); });
}

// Whatever a study's folder or a replication package may hold, and a report shows.
bool study_json(Bytes input) {
  const test::TemporaryFolder folder;
  const auto save = [&](const char* name) {
    std::filesystem::path path = folder.path() / name;
    std::ofstream(path) << text_of(input);
    return path;
  };
  save("registration.json");
  save(app::kVerdicts);
  const std::string package = save("replication.json");
  const bool registered = attempt([&] { Registration(folder.path()).timings("2026-01-31T12:00:00Z"); });
  const bool judged = attempt([&] { app::json_text(app::read_verdicts(folder.path())); });
  const bool packed = attempt([&] { app::read_package(package); });
  return registered || judged || packed;
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all{{"run-file", run_file},
                                       {"user-arrays", user_arrays},
                                       {"idx", idx},
                                       {"cifar", cifar},
                                       {"gzip", gzip},
                                       {"tar", tar},
                                       {"config", config},
                                       {"model-text", model_text},
                                       {"arguments", arguments},
                                       {"comparison", comparison},
                                       {"study-json", study_json}};
  return all;
}

const Target& target(const std::string& name) {
  const auto found = std::ranges::find(targets(), name, &Target::name);
  if (found != targets().end()) return *found;
  std::fprintf(stderr, "there is no target '%s'\n", name.c_str());
  std::exit(2);
}

}  // namespace ltlab::fuzz
