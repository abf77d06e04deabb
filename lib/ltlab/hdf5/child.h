#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "ltlab/base/regular_file.h"

namespace ltlab::hdf5 {

/// One end of the pipe through which parent and child exchange bytes.
class ChildPipe {
 public:
  explicit ChildPipe(FileDescriptor end) : end_(std::move(end)) {}

  /// Writes the bytes; for the child, which ends if the parent is gone.
  void write(std::span<const std::byte> bytes) const;
  /// Writes the bytes; returns false if the other process is gone.
  bool try_write(std::span<const std::byte> bytes) const;
  /// Reads bytes; returns false if the other process ended before so many came.
  bool read(std::span<std::byte> bytes) const;

  /// Write and read the bytes of one value, as write() and read() do.
  template <class T>
  void write_value(const T& value) const {
    write(std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  bool read_value(T& value) const {
    return read(std::as_writable_bytes(std::span(&value, 1)));
  }

 private:
  FileDescriptor end_;
};

class Child;

/// Reads a file in a child process, since HDF5 itself may crash, loop or ask for all memory: on a damaged
/// file whose metadata carry no checksums (as in superblocks 0 and 1), or on one forged with right checksums.
///
/// `read` runs in the child and returns a function that writes what it read to the pipe. `receive` then reads
/// that here. An error that `read` throws is thrown here, as the same type. StoreError, naming the file,
/// where the child crashes twice or takes more time than such a file can need; IoError, naming it, where the
/// system starts no child or kills it, or its memory runs out: it gets 2 GiB beside what the arrays of such a
/// file may take, and no more than the machine has.
///
/// The child is a fork that holds HDF5's lock and uses nothing but HDF5 and memory, which the C library keeps
/// usable in a child whatever other threads were doing. The function may be called from any thread.
void read_in_child(const std::filesystem::path& path,
                   const std::function<std::function<void(const ChildPipe&)>()>& read,
                   const std::function<bool(const ChildPipe&)>& receive);

/// Checks files, one after the other, in a child process that lives on until a file is at fault, so that many
/// sound files cost one child. The child holds copies of the descriptors that were open when it began: a
/// caller that locks by flock() must unlock explicitly, since closing does not lift the lock.
class FileChecker {
 public:
  /// `check` runs in the child, which is as this process was when the child began.
  explicit FileChecker(std::function<void(const std::filesystem::path&)> check);
  ~FileChecker();
  FileChecker(const FileChecker&) = delete;
  FileChecker& operator=(const FileChecker&) = delete;

  /// Checks a file. Errors as for read_in_child().
  void check(const std::filesystem::path& path);

 private:
  void serve(const ChildPipe& pipe, std::uint64_t memory_at_begin) const;

  std::function<void(const std::filesystem::path&)> check_;
  std::mutex mutex_;
  std::unique_ptr<Child> child_;
};

}  // namespace ltlab::hdf5
