#include "ltlab/study/registration.h"

#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/json_file.h"
#include "ltlab/base/sha256.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/store/atomic_file.h"

namespace ltlab {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr auto kRegistrationFormat = "ltlab-registration";

constexpr auto kRestore = "; restore it from a copy: without it no claim counts as made beforehand";

ordered_json to_json(const RegistrationEntry& entry) {
  return {{"time_utc", entry.time_utc},
          {"trainings", entry.trainings},
          {"text", entry.text},
          {"previous", entry.previous},
          {"digest", entry.digest()}};
}

// Reads entries, each of which must be as it was written, after the one before.
std::vector<RegistrationEntry> read_entries(const ordered_json& document) {
  if (document.at("format") != kRegistrationFormat) throw DataError("its format is another one");
  std::vector<RegistrationEntry> entries;
  std::string previous;
  for (const ordered_json& json : document.at("entries")) {
    RegistrationEntry entry{json.at("time_utc"), json.at("text"),
                            whole_number<std::uint64_t>(json.at("trainings")), json.at("previous")};
    if (entry.previous != previous || json.at("digest") != entry.digest())
      throw DataError("entry " + std::to_string(entries.size()) + " was changed since it was registered");
    previous = entry.digest();
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::map<std::string, std::string> lines_of(const RegistrationEntry& entry) {
  const ConfigLines lines = written_lines(entry.text);
  return {lines.begin(), lines.end()};
}

}  // namespace

std::string RegistrationEntry::digest() const {
  Sha256 hash;
  hash.add_value(std::string_view(time_utc));
  hash.add_value(std::string_view(text));
  hash.add_value(trainings);
  hash.add_value(std::string_view(previous));
  return hash.hex();
}

Registration::Registration(fs::path folder) : folder_(std::move(folder)) {
  std::error_code ignored;
  if (!fs::exists(path(), ignored)) return;
  try {
    entries_ = read_json(path(), "sound registration", kLongestText, read_entries);
  } catch (const DataError& error) {
    throw StoreError(error.what() + std::string(kRestore));
  }
}

void Registration::add(const std::string& text, std::uint64_t trainings, const std::string& time_utc) {
  if (!entries_.empty() && entries_.back().text == text) return;
  entries_.push_back({time_utc, text, trainings, entries_.empty() ? "" : entries_.back().digest()});
  ordered_json document = {{"format", kRegistrationFormat}, {"entries", ordered_json::array()}};
  for (const RegistrationEntry& entry : entries_) document["entries"].push_back(to_json(entry));
  const std::string written = document.dump(1) + "\n";
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw IoError("cannot make the folder '" + folder_.string() + "': " + error.message());
  const FolderLock lock(folder_);
  write_atomically(lock, path().filename().string(), std::as_bytes(std::span(written)));
}

std::map<std::string, LineTiming> Registration::timings(
    const std::optional<std::string>& first_training_utc) const {
  std::map<std::string, LineTiming> timings;
  std::map<std::string, std::string> before;
  for (const RegistrationEntry& entry : entries_) {
    const bool late =
        entry.trainings > 0 || (first_training_utc && *first_training_utc < entries_.front().time_utc);
    const std::map<std::string, std::string> now = lines_of(entry);
    for (const auto& [name, text] : now) {
      const auto earlier = before.find(name);
      if (earlier != before.end() && earlier->second == text) continue;
      const bool new_name = earlier == before.end() && !timings.contains(name);
      timings[name] = !late ? LineTiming::beforehand : new_name ? LineTiming::added : LineTiming::changed;
    }
    for (const auto& [name, text] : before) {
      if (now.contains(name)) continue;
      if (late)
        timings[name] = LineTiming::withdrawn;
      else
        timings.erase(name);
    }
    before = now;
  }
  return timings;
}

}  // namespace ltlab
