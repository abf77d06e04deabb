#pragma once

#include <cstdint>
#include <string>

#include "ltlab/hdf5/handle.h"

// Inside lib/ltlab/hdf5/ only: what every wrapper needs to call the C library safely.

namespace ltlab::hdf5 {

/// HDF5 need not be built thread-safe, so one thread at a time may be inside it. Every function of this
/// folder that calls the library holds a LibraryLock meanwhile; nesting is fine. The lock lives as long as
/// one operation and not as long as a handle, so threads with open files never wait for each other's
/// lifetimes.
///
/// While held, HDF5 does not print its error stack: check() turns it into an exception.
class LibraryLock {
 public:
  LibraryLock();
  ~LibraryLock();
  LibraryLock(const LibraryLock&) = delete;
  LibraryLock& operator=(const LibraryLock&) = delete;

 private:
  using ErrorPrinter = int (*)(std::int64_t stack, void* data);
  ErrorPrinter printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// Returns what an HDF5 call returned. Where that is negative, throws a StoreError from HDF5's error stack:
/// "WHERE: cannot ACTION: <what HDF5 says>". Call with the LibraryLock held.
std::int64_t check(std::int64_t result, const std::string& where, const std::string& action);

/// Makes a group (or file) that is created with this property list reproducible and small: no timestamps, and
/// up to hundreds of attributes and links in its header and not in heaps and trees, whose gaps hold arbitrary
/// bytes.
void keep_plain(const Handle& creation);

}  // namespace ltlab::hdf5
