#pragma once

#include <cstdint>
#include <utility>

namespace ltlab::hdf5 {

/// Owns one HDF5 identifier (file, group, dataset, dataspace, datatype, property list) and gives it back.
class Handle {
 public:
  Handle() = default;
  explicit Handle(std::int64_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, kNone)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle();

  /// The library's hid_t.
  std::int64_t id() const { return id_; }

 private:
  static constexpr std::int64_t kNone = -1;
  std::int64_t id_ = kNone;
};

}  // namespace ltlab::hdf5
