#include "ltlab/data/sources.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "ltlab/base/join.h"
#include "ltlab/base/names.h"
#include "ltlab/data/user_arrays.h"

namespace ltlab {
namespace fs = std::filesystem;
namespace {

constexpr char kTrainImages[] = "train-images-idx3-ubyte.gz";
constexpr char kTrainLabels[] = "train-labels-idx1-ubyte.gz";
constexpr char kTestImages[] = "t10k-images-idx3-ubyte.gz";
constexpr char kTestLabels[] = "t10k-labels-idx1-ubyte.gz";

// Sizes: those of the files or, if only the content must be the published one, a little more than the
// unpacked ones.
//
// Mirror: the one that torchvision.datasets.MNIST asks first. Digests of the .gz files: published by
// TensorFlow Datasets (url_checksums/mnist.txt). Digests of their content: computed from a repacked copy of
// the files, and equal to those that several projects on GitHub publish; never compared with the .gz files of
// that mirror themselves.
Source mnist() {
  return {"mnist",
          "mnist",
          "https://ossci-datasets.s3.amazonaws.com/mnist",
          {{kTrainImages, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47100000},
           {kTrainLabels, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 61000},
           {kTestImages, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7850000},
           {kTestLabels, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 11000}},
          std::nullopt};
}

// Mirror: the publisher's own (github.com/zalandoresearch/fashion-mnist). Digests of the .gz files: published
// by TensorFlow Datasets (url_checksums/fashion_mnist.txt). Nobody published digests of their content.
Source fashion_mnist() {
  return {"fashion-mnist",
          "fashion-mnist",
          "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
          {{kTrainImages, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "", 26421880},
           {kTrainLabels, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", "", 29515},
           {kTestImages, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "", 4422102},
           {kTestLabels, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", "", 5148}},
          std::nullopt};
}

// Mirror: the authors' own. Digest of the archive: published by TensorFlow Datasets
// (url_checksums/cifar10.txt). Digests of the files in it: published by torchvision for Ruby
// (lib/torchvision/datasets/cifar10.rb).
Source cifar10() {
  return {"cifar10",
          "cifar-10-batches-bin",
          "https://www.cs.toronto.edu/~kriz",
          {{"data_batch_1.bin", "", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
           {"data_batch_2.bin", "", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
           {"data_batch_3.bin", "", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
           {"data_batch_4.bin", "", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
           {"data_batch_5.bin", "", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
           {"test_batch.bin", "", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"}},
          PublishedFile{"cifar-10-binary.tar.gz",
                        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", "", 170052171}};
}

// Returns the value of an environment variable; an empty one counts as not set.
std::optional<fs::path> environment(const char* name) {
  const char* const value = std::getenv(name);
  return value && *value ? std::optional<fs::path>(value) : std::nullopt;
}

std::optional<fs::path> cache_directory() {
  if (const auto cache = environment("XDG_CACHE_HOME")) return *cache / "ltlab";
  if (const auto home = environment("HOME")) return *home / ".cache" / "ltlab";
  return std::nullopt;
}

bool is_file(const fs::path& path) {
  std::error_code unreadable;  // counts as no file here; another directory may have it
  return fs::is_regular_file(path, unreadable);
}

}  // namespace

std::vector<Source> published_sources() {
  return {mnist(), fashion_mnist(), cifar10()};
}

Source published_source(const std::string& name) {
  std::vector<std::string> names;
  for (Source& source : published_sources()) {
    if (source.name == name) return std::move(source);
    names.push_back(source.name);
  }
  throw unknown_name("published data set", name, names);
}

std::vector<std::string> source_names() {
  std::vector<std::string> names{"embedded"};
  for (const Source& source : published_sources()) names.push_back(source.name);
  names.emplace_back("h5:FILE:/images,/labels");
  return names;
}

void require_known_source(const std::string& source) {
  const std::vector<std::string> names = source_names();
  if (is_user_arrays(source) || std::ranges::count(names, source) > 0) return;
  throw unknown_name("data source", source, names);
}

std::vector<fs::path> data_directories(const std::string& directory) {
  if (!directory.empty()) return {directory};
  std::vector<fs::path> directories;
  if (const auto named = environment("LTLAB_DATA")) directories.push_back(*named);
  directories.push_back(fs::path("..") / "shared" / "data");
  if (const auto cache = cache_directory()) directories.push_back(*cache);
  return directories;
}

fs::path fetch_directory(const std::string& directory) {
  if (!directory.empty()) return directory;
  if (const auto named = environment("LTLAB_DATA")) return *named;
  if (const auto cache = cache_directory()) return *cache;
  throw ConfigError(
      "no place for data: neither LTLAB_DATA, XDG_CACHE_HOME nor HOME is set; name one with --data-dir");
}

std::optional<fs::path> find_file(const PublishedFile& file, const fs::path& folder) {
  fs::path plain = folder / file.name;
  if (plain.extension() == ".gz") plain.replace_extension();
  fs::path packed = plain;
  packed += ".gz";
  for (const fs::path& path : {plain, packed})
    if (is_file(path)) return path;
  return std::nullopt;
}

std::vector<fs::path> find_files(const Source& source, const std::vector<fs::path>& directories) {
  for (const fs::path& directory : directories)
    for (const fs::path& folder : {directory / source.folder, directory}) {
      std::vector<fs::path> found;
      std::string missing;
      for (const PublishedFile& file : source.files)
        if (const auto path = find_file(file, folder))
          found.push_back(*path);
        else
          missing += (missing.empty() ? "" : ", ") + file.name;
      if (found.empty()) continue;
      if (missing.empty()) return found;
      throw DataError("'" + folder.string() + "' has only part of " + source.name + ", it lacks " + missing +
                      ": complete it with `ltlab data fetch " + source.name + "`");
    }
  return {};
}

std::vector<fs::path> require_files(const Source& source, const std::vector<fs::path>& directories) {
  auto files = find_files(source, directories);
  if (files.empty())
    throw IoError("no " + source.name + " in " + join(directories, ", ") +
                  ": get it with `ltlab data fetch " + source.name +
                  "`, or name the directory that has it with --data-dir or LTLAB_DATA");
  return files;
}

bool holds_data(const std::string& directory, const std::string& source) {
  std::error_code ignored;
  if (is_user_arrays(source))
    return !directory.empty() && fs::exists(user_arrays_file(source, directory), ignored);
  for (const Source& published : published_sources()) {
    if (published.name != source || directory.empty()) continue;
    try {
      return !find_files(published, {directory}).empty();
    } catch (const DataError&) {  // only part of it
      return false;
    }
  }
  return false;
}

}  // namespace ltlab
