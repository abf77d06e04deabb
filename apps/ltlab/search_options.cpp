#include "search_options.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "ltlab/base/names.h"
#include "ltlab/config/check.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/config/settings.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"
#include "ltlab/nn/models.h"
#include "matching_options.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, settings] : presets()) names.push_back(name);
  return names;
}

// ----------------------------------------------------------------------------------------- the command line

constexpr unsigned kHelpWidth = 110;

po::options_description group(const char* caption) {
  return po::options_description(caption, kHelpWidth, kHelpWidth / 2);
}

auto word(const char* placeholder) {
  return po::value<std::string>()->value_name(placeholder);
}

void add_settings(SettingGroup of, po::options_description& to) {
  for (const Setting& setting : settings()) {
    if (setting.group != of) continue;
    auto* value = word(setting.placeholder.c_str());
    if (!setting.value_if_bare.empty()) value->implicit_value(setting.value_if_bare);
    to.add_options()(setting.name.c_str(), value, setting.help.c_str());
  }
}

po::options_description run_options() {
  po::options_description run = group("This run");
  auto add = run.add_options();
  add("help,h", "this text");
  add("preset", word("NAME"), ("settings to start from: " + listed(preset_names())).c_str());
  add("config", word("FILE"), "settings, a line NAME = VALUE each; they win over the preset's");
  add("out", word("DIR"), "folder of the run (masks/PRESET, or masks/MODEL-DATA)");
  add("resume",
      "go on with the run in the folder; its settings hold, more levels, replicates or controls may be "
      "asked");
  add("force", "delete the run in the folder and begin anew");
  add_settings(SettingGroup::run, run);
  add("workers", po::value<Count>()->value_name("N"), "trainings side by side (the processor's cores)");
  add_matching_options(run);
  add("json", "print the result as JSON on standard output");
  add("explain-kernels", "also show which kernel computed each product, and the times measured");
  return run;
}

po::options_description all_options() {
  po::options_description all(
      "usage: ltlab search [OPTION...]\n\n"
      "Finds winning tickets: trains a network, prunes its smallest weights, rewinds the rest and trains "
      "again,\n"
      "level by level (iterative magnitude pruning with rewinding). Every level's mask and weights are kept "
      "in HDF5",
      kHelpWidth, kHelpWidth / 2);
  all.add(run_options());
  constexpr std::pair<SettingGroup, const char*> kCaptions[] = {
      {SettingGroup::data, "Data"},
      {SettingGroup::training, "Model and training"},
      {SettingGroup::pretraining, "Pretraining, which leaves the weights of step 0"},
      {SettingGroup::pruning, "Pruning and rewinding"},
      {SettingGroup::comparison, "Controls and replicates"}};
  for (const auto& [of, caption] : kCaptions) {
    po::options_description options = group(caption);
    add_settings(of, options);
    all.add(options);
  }
  return all;
}

// ----------------------------------------------------------------------------------------- what is given

// A preset or a stored run may not name a preset.
bool may_say(SettingSource source, const std::string& name) {
  if (name == "preset") return source == SettingSource::command_line || source == SettingSource::config_file;
  const Setting* setting = find_setting(name);
  return setting && setting->decides != Decides::place;
}

// A user's model name may stand for a file; a run stores the file's text.
void take(const std::string& name, GivenSetting setting, GivenSettings& given) {
  if (given.contains(name)) return;
  if (name == "model" && setting.source != SettingSource::run) {
    setting.text = located(setting.where + "--model: ", [&] { return read_model(setting.text); });
  }
  given.emplace(name, std::move(setting));
}

// Takes the settings of the lines that nothing before them set.
void take_lines(const ConfigLines& lines, SettingSource source, const std::string& where,
                GivenSettings& given) {
  std::set<std::string> names;
  for (const auto& [name, text] : lines) {
    if (!may_say(source, name)) refuse_name(name, where, run_options(), all_options());
    if (!names.insert(name).second) throw ConfigError(where + "'" + name + "' is set twice: leave one out");
    take(name, {text, source, where}, given);
  }
}

GivenSettings given_on(const po::variables_map& command_line) {
  GivenSettings given;
  for (const auto& [name, value] : command_line) {
    if (find_setting(name) || name == "preset")
      take(name, {value.as<std::string>(), SettingSource::command_line, ""}, given);
  }
  return given;
}

void take_file(const std::string& path, GivenSettings& given) {
  const std::string text = read_config_file(path);
  const std::string where = "config file '" + path + "': ";
  const ConfigLines lines = located(where, [&] { return written_lines(text); });
  take_lines(lines, SettingSource::config_file, where, given);
}

void take_preset(GivenSettings& given) {
  const auto named = given.find("preset");
  if (named == given.end()) return;
  const std::string& name = named->second.text;
  const auto found = presets().find(name);
  if (found == presets().end())
    throw ConfigError(std::string("--preset: ") + unknown_name("preset", name, preset_names()).what());
  take_lines(written_lines(found->second), SettingSource::preset, "the preset: ", given);
}

std::string default_folder(const GivenSettings& given, const SearchConfig& config) {
  const auto preset = given.find("preset");
  if (preset != given.end()) return "masks/" + preset->second.text;
  std::string name = config.model + "-" + config.data.source.substr(0, config.data.source.find(':'));
  std::ranges::replace(name, ':', '-');
  return "masks/" + name;
}

// ------------------------------------------------------------------------------------------- stored settings

// Returns whether the user says where the data lie: the folder, or the path of a file of arrays.
bool tells_place(const GivenSettings& given) {
  const auto data = given.find("data");
  return given.contains("data-dir") || (data != given.end() && is_user_arrays(data->second.text));
}

// Returns which of a run's settings for its end those asked for replace. More levels leave it its target
// density, which may end the search sooner; a new target asks for as many levels as it needs.
std::set<std::string> replaced_ends(const GivenSettings& given) {
  if (given.contains("target-density") || given.contains("densities"))
    return {"levels", "target-density", "densities"};
  if (given.contains("levels")) return {"levels", "densities"};
  return {};
}

// Returns the settings of a run by themselves.
SearchConfig stored_config(const std::string& text) {
  GivenSettings given;
  take_lines(stored_lines(text), SettingSource::run, "", given);
  SearchConfig config = read_settings(given);
  check(config);
  return config;
}

// A resumed run brings its own settings.
void take_stored(const CollectionRecord& stored, const std::string& origin, GivenSettings& given) {
  ConfigLines lines = stored_lines(stored.config + stored.extent);
  const std::set<std::string> replaced = replaced_ends(given);
  std::erase_if(lines, [&](const auto& line) { return replaced.contains(line.first); });
  take_lines(lines, SettingSource::run, origin + ": ", given);
}

// --resume without a run begins one, but not for a typing error in --out.
void require_settings(const GivenSettings& given, const std::string& folder) {
  if (given.contains("preset") || given.contains("data") || given.contains("model")) return;
  throw ConfigError("there is no run to resume in '" + folder + "': check --out");
}

// Returns whether the run is one replicate of several, or a control: a search resumes all of them together.
bool is_part(const RunRecord& run) {
  return run.branch != "ticket" || run.extent.find("replicates = 1\n") == std::string::npos;
}

}  // namespace

std::optional<CollectionRecord> stored_settings(const RunStore& store) {
  if (!store.has_run() || store.holds_collection()) return store.read_settings();
  const RunRecord run = store.read_run();
  if (run.branch == "imported")
    throw ConfigError("'" + store.folder().string() +
                      "' was imported: no search to go on with; `ltlab search --from " +
                      store.folder().string() + "` trains its tickets");
  if (is_part(run)) {
    const std::filesystem::path own = std::filesystem::weakly_canonical(store.folder());
    if (std::filesystem::weakly_canonical(store.search_folder()) == own)
      throw StoreError("'" + store.run_path().string() +
                       "' says that it is a part of a search, and none is around it; restore it from a copy");
    throw ConfigError(
        "'" + store.folder().string() +
        "' holds but a part of a search, a replicate or a control: give the whole search, --out " +
        store.search_folder().string());
  }
  return store.read_settings();
}

namespace {

// The data may have moved since; they are then looked for in the usual places.
void look_where_remembered(const std::string& remembered, SearchConfig& config) {
  if (holds_data(remembered, config.data.source) || holds_data(remembered, pretraining_data(config).source))
    config.data.directory = remembered;
}

// Adds the settings with which the run in the folder was begun.
SearchConfig resumed_config(const CollectionRecord& stored, const std::string& origin, GivenSettings given) {
  as_stored(origin, [&] { stored_config(stored.config + stored.extent); });
  const bool placed = tells_place(given);
  take_stored(stored, origin, given);
  SearchConfig config = read_settings(given);
  if (!placed) look_where_remembered(stored.data_directory, config);
  return config;
}

SearchConfig requested_config(const SearchRequest& request, bool has_file, const GivenSettings& given) {
  const RunStore store(request.out);
  const std::optional<CollectionRecord> stored = request.resume ? stored_settings(store) : std::nullopt;
  if (stored) return resumed_config(*stored, store.run_path().string(), given);
  if (request.resume && !has_file) require_settings(given, request.out);
  return read_settings(given);
}

}  // namespace

std::vector<RunStore> runs_in(const RunStore& store) {
  std::vector<RunStore> runs = store.tickets();
  if (runs.empty()) throw DataError("'" + store.folder().string() + "' holds no replicate");
  return runs;
}

SearchConfig config_of(const RunStore& store, const RunRecord& run, const std::string& data_directory) {
  if (run.branch == "imported")
    throw ConfigError(
        "an imported run tells neither its data nor how it was trained: train its tickets by `ltlab search "
        "--from RUN --model MODEL --data SOURCE`, and name that search's folder here");
  SearchConfig config =
      as_stored(store.run_path().string(), [&] { return stored_config(run.config + run.extent); });
  if (data_directory.empty()) {
    look_where_remembered(run.data_directory, config);
  } else {
    config.data.directory = data_directory;
  }
  return config;
}

SearchRequest parse_search(const Arguments& arguments) {
  const po::options_description all = all_options();
  const po::variables_map map = parse_arguments(arguments, all);
  SearchRequest request;
  request.help = print_help(map, "", all);
  if (request.help) return request;
  request.resume = map.count("resume") > 0;
  request.force = map.count("force") > 0;
  request.json = map.count("json") > 0;
  request.matching = read_matching_options(map);
  request.explain_kernels = map.count("explain-kernels") > 0;
  if (request.resume && request.force) throw ConfigError("--resume and --force exclude each other");
  GivenSettings given = given_on(map);
  const bool has_file = map.count("config") > 0;
  if (has_file) take_file(map["config"].as<std::string>(), given);
  take_preset(given);
  request.out = map.count("out") ? map["out"].as<std::string>() : default_folder(given, read_settings(given));
  if (request.out.empty()) throw ConfigError("--out names no folder: give one, or leave it out");
  request.config = requested_config(request, has_file, given);
  refuse_ignored(given, request.config);
  check(request.config);
  request.workers = read_workers(map);
  return request;
}

SearchConfig parse_settings(const Settings& common, const Settings& own, const std::string& data_directory) {
  GivenSettings given;
  take_lines({own.begin(), own.end()}, SettingSource::command_line, "", given);
  take_lines({common.begin(), common.end()}, SettingSource::config_file, "", given);
  if (!data_directory.empty()) take("data-dir", {data_directory, SettingSource::command_line, ""}, given);
  take_preset(given);
  SearchConfig config = read_settings(given);
  refuse_ignored(given, config);
  check(config);
  return config;
}

unsigned read_workers(const po::variables_map& values) {
  std::uint64_t workers = std::max(1u, std::thread::hardware_concurrency());
  if (values.count("workers")) workers = values["workers"].as<Count>().value;
  constexpr unsigned kMostWorkers = 1024;
  if (workers == 0 || workers > kMostWorkers)
    throw ConfigError("--workers must lie between 1 and " + std::to_string(kMostWorkers));
  return static_cast<unsigned>(workers);
}

}  // namespace ltlab::app
