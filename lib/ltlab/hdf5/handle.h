#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace ltlab::hdf5 {

/// Owns one HDF5 identifier (file, group, dataset, dataspace, datatype, property list) and gives it back.
class Handle {
 public:
  Handle() = default;
  /// Takes what a call returned, which must not have failed: `Handle(check(H5Gopen2(...), ...))`, or
  /// `Handle(check_made(H5Tcopy(...)))`. IoError, as of check_made(), where it has.
  explicit Handle(std::int64_t id);
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, kNone)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  /// Where HDF5 fails to close it, no later call of the library is made: see LibraryLock.
  ~Handle();

  /// Gives it back now. IoError naming `what` where HDF5 fails to.
  void close(const std::string& what);

  /// The library's hid_t.
  std::int64_t id() const { return id_; }

 private:
  static constexpr std::int64_t kNone = -1;
  std::int64_t id_ = kNone;
};

}  // namespace ltlab::hdf5
