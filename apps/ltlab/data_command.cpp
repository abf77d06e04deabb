#include <cstdint>
#include <iostream>
#include <optional>

#include "commands.h"
#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"
#include "ltlab/base/names.h"
#include "ltlab/data/dataset.h"
#include "ltlab/data/fetch.h"
#include "ltlab/data/glyphs.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"
#include "terminal.h"
#include "text_table.h"
#include "warnings.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

constexpr char kUsage[] =
    R"(usage: ltlab data list [--data-dir DIR]
       ltlab data info SOURCE [--data-dir DIR] [--validation N] [--data-seed N] [--json]
       ltlab data fetch NAME [--data-dir DIR] [--mirror URL]
       ltlab data verify SOURCE [--data-dir DIR]

  list     the data sources, and where each is found
  info     shapes, classes, normalization, fingerprint and split of a source
  fetch    bring a published data set from its official server, checked by SHA-256; a transfer that was broken
           off goes on where it stopped
  verify   compare the files on disk with the published ones, and read them whole

SOURCE is one of
  embedded                  glyphs drawn from a seed; needs no files
  mnist, fashion-mnist      IDX files, plain or .gz, in a folder of that name or in the directory itself
  cifar10                   the binary version: cifar-10-batches-bin/*.bin
  h5:FILE:/images,/labels[,/test_images,/test_labels]
                            your own arrays: images uint8 or float32 of shape (n, features), (n, h, w) or
                            (n, c, h, w), not (n, h, w, c); labels integers from 0. Without a test set, a
                            sixth is held out.

Files are looked for in DIR or, without --data-dir, in $LTLAB_DATA, ../shared/data and ~/.cache/ltlab;
fetch puts them into DIR, $LTLAB_DATA or ~/.cache/ltlab.

)";

struct Request {
  std::string action, source, directory, mirror;
  std::optional<std::size_t> validation;
  std::uint64_t data_seed = 0;
  bool json = false;
};

po::options_description make_options(Request& request) {
  po::options_description options("options");
  auto add = options.add_options();
  add("help,h", "tell all this");
  add("data-dir", po::value(&request.directory)->value_name("DIR"), "where the data are, or go");
  add("mirror", po::value(&request.mirror)->value_name("URL"), "fetch: base URL of another server");
  add("validation", count_to(request.validation)->value_name("N"),
      "info: images held out of the training set (5000)");
  add("data-seed", count_to(request.data_seed)->value_name("N"),
      "info: names the held-out images, and the embedded ones (0)");
  add("json", po::bool_switch(&request.json), "info: print JSON");
  return options;
}

// Returns whether a source is one of those with files; ConfigError, with the nearest name, where it is not a
// source.
bool is_published(const std::string& name) {
  require_known_source(name);
  return name != "embedded" && !is_user_arrays(name);
}

DatasetOptions dataset_options(const Request& request) {
  DatasetOptions options;
  options.source = request.source;
  options.directory = request.directory;
  options.validation = request.validation.value_or(0);
  options.split_seed = options.embedded_seed = request.data_seed;
  return options;
}

void list(const Request& request) {
  TextTable table{"", {"", ""}, {{"embedded", "built in"}}};
  for (const Source& source : published_sources()) {
    try {
      const auto files = find_files(source, data_directories(request.directory));
      table.rows.push_back({source.name, files.empty()
                                             ? "not found; `ltlab data fetch " + source.name + "` brings it"
                                             : "in " + files.front().parent_path().string()});
    } catch (const DataError& incomplete) {
      table.rows.push_back({source.name, incomplete.what()});
    }
  }
  table.rows.push_back({"h5:FILE:/images,/labels", "your own arrays"});
  print_terminal(std::cout, table);
}

std::vector<std::size_t> count_labels(const std::vector<std::uint8_t>& labels, std::size_t classes) {
  std::vector<std::size_t> counts(classes);
  for (const std::uint8_t label : labels) ++counts[label];
  return counts;
}

nlohmann::ordered_json describe(const Dataset& data, const Request& request) {
  const ImageShape& shape = data.train.shape;
  const bool floats = std::holds_alternative<AlignedVector<float>>(data.train.pixels);
  return {{"source", data.name},
          {"classes", data.classes},
          {"image", {{"channels", shape.channels}, {"height", shape.height}, {"width", shape.width}}},
          {"pixel_type", floats ? "float32" : "uint8"},
          {"train_images", data.train.size()},
          {"test_images", data.test.size()},
          {"train_per_class", count_labels(data.train.labels, data.classes)},
          {"test_per_class", count_labels(data.test.labels, data.classes)},
          {"classes_without_training_images", classes_without_images(data)},
          {"normalization", {{"scale", data.normalization.scale}, {"shift", data.normalization.shift}}},
          {"split",
           {{"seed", request.data_seed},
            {"training", data.training.size()},
            {"validation", data.validation.size()}}},
          {"fingerprint", data.fingerprint}};
}

std::string join(const nlohmann::ordered_json& list) {
  return ltlab::join(list, " ", [](const nlohmann::ordered_json& value) { return value.dump(); });
}

void print(const nlohmann::ordered_json& description) {
  constexpr std::size_t kValues = 16;  // so that a fingerprint fits in 80 columns
  const auto line = [](const std::string& name, const std::string& value) {
    print_line(std::cout, name + std::string(kValues - name.size(), ' ') + value, kValues);
  };
  const auto& image = description["image"];
  const auto& split = description["split"];
  const auto& normalization = description["normalization"];
  line("source", description["source"]);
  line("images",
       description["train_images"].dump() + " training, " + description["test_images"].dump() + " test");
  line("image", join(image) + " (channels, height, width) " + std::string(description["pixel_type"]));
  line("classes", description["classes"].dump());
  line("train per class", join(description["train_per_class"]));
  line("test per class", join(description["test_per_class"]));
  line("normalization", "pixel * scale + shift by channel: scale " + join(normalization["scale"]) +
                            ", shift " + join(normalization["shift"]));
  if (split["validation"] == 0)
    line("split", "none of the usual " + std::to_string(DatasetOptions().validation) +
                      " validation images: choose fewer by --validation, here and for `ltlab search`");
  else
    line("split", split["training"].dump() + " training, " + split["validation"].dump() +
                      " validation, seed " + split["seed"].dump());
  line("fingerprint", description["fingerprint"]);
}

void info(const Request& request) {
  is_published(request.source);
  Dataset data = load_dataset(dataset_options(request));
  const std::size_t usual = DatasetOptions().validation;
  if (!request.validation && data.train.size() > usual) hold_out_validation(usual, request.data_seed, data);
  const auto description = describe(data, request);
  warn_of_empty_classes(data);
  if (request.json)
    print_json(std::cout, description);
  else
    print(description);
}

// "train-images-idx3-ubyte.gz: 3.1 of 9.9 MB"
std::string fetched(const std::string& file, std::uint64_t done, std::uint64_t total) {
  const auto megabytes = [](std::uint64_t bytes) { return format("%.1f", static_cast<double>(bytes) / 1e6); };
  return file + ": " + megabytes(done) + (total > 0 ? " of " + megabytes(total) : "") + " MB";
}

void fetch(const Request& request) {
  if (!is_published(request.source))
    throw ConfigError("'" + request.source + "' needs no fetching; ltlab data --help says what does");
  ProgressLine line;
  FetchOptions options;
  options.directory = fetch_directory(request.directory);
  options.mirror = request.mirror;
  options.progress = [&line](const std::string& file, std::uint64_t done, std::uint64_t total) {
    line.show(fetched(file, done, total));
  };
  const auto files = ltlab::fetch(published_source(request.source), options);
  line.end();
  for (const FetchedFile& file : files)
    print_line(std::cout,
               file.path.string() + (file.was_there ? ": was there, verified" : ": fetched, verified"), 2);
}

const char* explain(Authenticity authenticity) {
  switch (authenticity) {
    case Authenticity::published:
      return "the published file";
    case Authenticity::unknown:
      return "packed otherwise than published; no digest of its content is known";
    case Authenticity::different:
      return "NOT the published file";
  }
  return "";
}

void verify_files(const Source& source, const std::string& directory) {
  const auto files = require_files(source, data_directories(directory));
  std::size_t different = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Authenticity authenticity = compare(source.files[i], files[i]);
    different += authenticity == Authenticity::different;
    print_line(std::cout, files[i].string() + ": " + explain(authenticity), 2);
  }
  if (different > 0)
    throw DataError(std::to_string(different) + " of " + std::to_string(files.size()) + " files of " +
                    source.name +
                    " are not the published ones: results with them are not comparable; `ltlab data fetch " +
                    source.name + "` into another directory brings the published ones");
}

void verify(const Request& request) {
  const bool published = is_published(request.source);
  DatasetOptions options = dataset_options(request);
  options.validation = 0;
  options.embedded_seed = 0;  // the images whose fingerprint is known
  const Dataset data = load_dataset(options);
  print_line(std::cout,
             request.source + ": read whole, " + std::to_string(data.train.size()) + " + " +
                 std::to_string(data.test.size()) + " images, fingerprint " + data.fingerprint,
             2);
  std::cout.flush();  // checking the files takes a while
  if (published) verify_files(published_source(request.source), request.directory);
  if (request.source == "embedded" && data.fingerprint != kEmbeddedFingerprint)
    throw DataError(std::string("this build draws other embedded images than ltlab should (fingerprint ") +
                    kEmbeddedFingerprint + "): build it for IEEE arithmetic, without -ffast-math");
}

}  // namespace

int data_command(const Arguments& arguments) {
  Request request;
  const po::options_description options = make_options(request);
  po::options_description all(options);
  all.add_options()("action", po::value(&request.action))("source", po::value(&request.source));
  const auto values =
      parse_arguments(arguments, all, po::positional_options_description().add("action", 1).add("source", 1));
  if (print_help(values, kUsage, options)) return 0;

  static const NameTable<void (*)(const Request&)> actions(
      "action", {{list, "list"}, {info, "info"}, {fetch, "fetch"}, {verify, "verify"}});
  if (request.action.empty())
    throw ConfigError("ltlab data: say list, info, fetch or verify; see ltlab data --help");
  const auto act = actions.parse(request.action);
  if (act != list && request.source.empty())
    throw ConfigError("ltlab data " + request.action + ": name a source; see ltlab data --help");
  act(request);
  return 0;
}

}  // namespace ltlab::app
