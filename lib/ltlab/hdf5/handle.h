#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace ltlab::hdf5 {

/// Owns one HDF5 identifier (file, group, dataset, dataspace, datatype, property list) and closes it.
class Handle {
 public:
  Handle() = default;
  /// Takes the result of a call that must not have failed: `Handle(check(H5Gopen2(...), ...))`, or
  /// `Handle(check_made(H5Tcopy(...)))`. IoError, as of check_made(), where it has.
  explicit Handle(std::int64_t id);
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, kNone)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  /// Closes the identifier. If HDF5 fails to, no later call of the library is made: see LibraryLock.
  ~Handle();

  /// Closes the identifier now. IoError naming `what` where HDF5 fails to.
  void close(const std::string& what);

  /// The library's hid_t.
  std::int64_t id() const { return id_; }

 private:
  static constexpr std::int64_t kNone = -1;
  std::int64_t id_ = kNone;
};

}  // namespace ltlab::hdf5
