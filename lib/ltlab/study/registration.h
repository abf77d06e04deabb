#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ltlab {

/// A study file as it stood when it was registered: before the first training, or when it had changed.
struct RegistrationEntry {
  std::string time_utc;         ///< ISO 8601
  std::string text;             ///< of the study file
  std::uint64_t trainings = 0;  ///< recorded in the study's folder by then
  std::string previous;         ///< digest() of the entry before; empty for the first

  std::string digest() const;  ///< SHA-256 over all of it
};

/// When a line of a study file was written.
enum class LineTiming {
  beforehand,  ///< before any training of the study was recorded
  added,       ///< when results existed
  changed,     ///< likewise, in place of another one of that name
  withdrawn    ///< it is not there any more, and went when results existed
};

/// The history of a study file: `registration.json` in the study's folder. Entries are only ever added, and
/// each has the digest of the one before, so that none can be changed by itself without being found. It does
/// not protect from someone who makes all of it anew: for that, publish the last digest when you register.
class Registration {
 public:
  /// Reads the registration in a study's folder; an empty one where there is none. StoreError where an entry
  /// was changed, or the file is none of ltlab's.
  explicit Registration(std::filesystem::path folder);

  const std::vector<RegistrationEntry>& entries() const { return entries_; }
  std::filesystem::path path() const { return folder_ / "registration.json"; }
  /// Registers the text, unless it is the last entry's, and writes the file. IoError.
  void add(const std::string& text, std::uint64_t trainings, const std::string& time_utc);

  /// Returns when each line of the study file was written, by its name ("claim.faster"); comments do not
  /// count. Where the study's first training began before its first entry, at `first_training_utc`, no line
  /// was written beforehand: the registration was lost, or made anew.
  std::map<std::string, LineTiming> timings(const std::optional<std::string>& first_training_utc) const;

 private:
  std::filesystem::path folder_;
  std::vector<RegistrationEntry> entries_;
};

}  // namespace ltlab
