#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "ltlab/hdf5/handle.h"

// Inside lib/ltlab/hdf5/ only: what every wrapper needs to call the C library safely.
//
// Every result of the library is checked: it goes through one of the check functions below, or into a Handle,
// which checks it too. tests/faults/ makes each call fail, and scripts/lint.sh finds results that are
// dropped.

namespace ltlab::hdf5 {

/// Keeps HDF5 from printing errors while it lives (if even that call fails, it prints, which is harmless).
class Quiet {
 public:
  Quiet() noexcept : known_(H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_) >= 0) {
    if (known_) static_cast<void>(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr));
  }
  ~Quiet() {
    if (known_) static_cast<void>(H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_));
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
  bool known_ = false;
};

/// HDF5 need not be built thread-safe, so one thread at a time may be inside it. Every function of this
/// folder that calls the library holds a LibraryLock meanwhile; nesting is fine. The lock lives as long as
/// one operation and not as long as a handle, so threads with open files never wait for each other's
/// lifetimes.
///
/// While held, HDF5 does not print its error stack: check() turns it into an exception.
///
/// Once the library has failed to close something, it may still list what it has freed, and so write a file
/// with other content than it was given: the constructor then throws an IoError, as does every later one.
class LibraryLock {
 public:
  LibraryLock();
  ~LibraryLock();
  LibraryLock(const LibraryLock&) = delete;
  LibraryLock& operator=(const LibraryLock&) = delete;

 private:
  std::optional<Quiet> quiet_;  // while the lock is held
};

/// Lifts the LibraryLock in a child process that was forked while it was held: no thread owns it there.
void lift_lock_in_child();

/// Returns the result of an HDF5 call that depends on a file's content. Where that is negative, throws from
/// HDF5's error stack: "WHERE: cannot ACTION: <what HDF5 says>", a StoreError, or an IoError where the system
/// refused (disk, lock, open files) or memory ran out. Call with the LibraryLock held.
std::int64_t check(std::int64_t result, const std::string& where, const std::string& action);
/// Does the same for calls that return 0 (a size) or a null pointer (a text) when they fail.
std::size_t check_size(std::size_t size, const std::string& where, const std::string& action);
/// Returns a copy of the text and frees the original.
std::string check_text(char* text, const std::string& where, const std::string& action);

/// Does the same for calls that no file's content can make fail, such as those that make a type or property
/// list: throws an IoError.
std::int64_t check_made(std::int64_t result);

/// To be called after a call that may fail has failed: throws where check() would throw an IoError, and
/// returns where the failure is the file's.
void check_system(const std::string& where, const std::string& action);

/// Closes the identifier; returns false where HDF5 fails to, and from then on.
bool give_back(std::int64_t id) noexcept;
[[noreturn]] void throw_unclosed(const std::string& what);

/// An iteration of the library over links (H5L_info_t) or attributes (H5A_info_t).
template <class Info>
using Iteration = herr_t (*)(hid_t, H5_index_t, H5_iter_order_t, hsize_t*,
                             herr_t (*)(hid_t, const char*, const Info*, void*), void*);

/// Returns the names that the iteration meets, sorted. Errors as of check().
template <class Info>
std::vector<std::string> collect_names(Iteration<Info> iterate, std::int64_t object, const std::string& where,
                                       const std::string& action) {
  struct Names {
    std::vector<std::string> found;
    std::exception_ptr failure;  // an exception must not pass through the library
  } names;
  const auto collect = [](hid_t, const char* name, const Info*, void* to) -> herr_t {
    try {
      static_cast<Names*>(to)->found.emplace_back(name);
      return 0;
    } catch (...) {
      static_cast<Names*>(to)->failure = std::current_exception();
      return -1;  // ends the iteration
    }
  };
  hsize_t position = 0;
  const herr_t listed = iterate(object, H5_INDEX_NAME, H5_ITER_NATIVE, &position, collect, &names);
  if (names.failure) std::rethrow_exception(names.failure);
  check(listed, where, action);
  std::ranges::sort(names.found);
  return std::move(names.found);
}

/// Makes a group (or file) that is created with this property list reproducible and small: no timestamps, and
/// up to hundreds of attributes and links in its header and not in heaps and trees, whose gaps hold arbitrary
/// bytes.
void keep_plain(const Handle& creation);

/// The library's types of a number: as files hold it, little-endian, and as memory does.
struct NumberTypes {
  std::int64_t file, memory;
};

template <class Number>
NumberTypes number_types() {
  if constexpr (std::is_same_v<Number, float>) return {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT};
  if constexpr (std::is_same_v<Number, double>) return {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE};
  if constexpr (std::is_same_v<Number, std::uint8_t>) return {H5T_STD_U8LE, H5T_NATIVE_UINT8};
  if constexpr (std::is_same_v<Number, std::int64_t>) return {H5T_STD_I64LE, H5T_NATIVE_INT64};
  if constexpr (std::is_same_v<Number, std::uint64_t>) return {H5T_STD_U64LE, H5T_NATIVE_UINT64};
}

/// Returns the type of UTF-8 strings of this fixed length, or of 1: HDF5 has no strings of length 0.
Handle string_type(std::size_t bytes);

}  // namespace ltlab::hdf5
