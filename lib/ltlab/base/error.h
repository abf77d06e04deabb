#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace ltlab {

/// Returns a path as messages name it, between apostrophes.
inline std::string in_quotes(const std::filesystem::path& path) {
  return std::string("'").append(path.string()).append("'");
}

/// Exit statuses of the command line; each kind of fault has its own.
enum class ExitStatus : int { done = 0, config = 2, data = 3, diverged = 4, io = 5, interrupted = 130 };

/// Base of all errors that ltlab throws. A message says what is wrong, where (file, option, layer) and what
/// to do.
class Error : public std::runtime_error {
 public:
  Error(ExitStatus status, const std::string& message) : std::runtime_error(message), status_(status) {}
  ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

/// A wrong option, config entry or argument of a public function.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(ExitStatus::config, message) {}
};

/// Input data that is damaged or not what it claims to be.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitStatus::data, message) {}
};

/// A run folder or run file that is damaged, inconsistent or of a newer format.
class StoreError : public Error {
 public:
  explicit StoreError(const std::string& message) : Error(ExitStatus::data, message) {}
};

/// Training diverged: a loss or weight became NaN or infinite.
class NumericError : public Error {
 public:
  explicit NumericError(const std::string& message) : Error(ExitStatus::diverged, message) {}
};

/// Returns what `read` returns, which takes what is stored at `where`: a ConfigError becomes a StoreError
/// that begins with that place.
template <class Read>
auto as_stored_at(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (const ConfigError& error) {
    throw StoreError(where + ": " + error.what());
  }
}

/// Returns what `read` returns, which takes its settings from a run's file. Where they make no sense, the run
/// is at fault and not the caller: a ConfigError becomes a StoreError that begins with the file's name.
template <class Read>
auto as_stored(const std::string& file, const Read& read) {
  return as_stored_at(in_quotes(file), read);
}

/// The operating system refused to read or write (disk full, no permission, network down).
class IoError : public Error {
 public:
  explicit IoError(const std::string& message) : Error(ExitStatus::io, message) {}
};

/// The user asked to stop (SIGINT, SIGTERM); what was done so far is saved.
class Interrupted : public Error {
 public:
  Interrupted() : Error(ExitStatus::interrupted, "interrupted") {}
};

}  // namespace ltlab
