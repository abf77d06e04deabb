#pragma once

// Loaded before a program (LD_PRELOAD), this layer counts its calls of the system, of memory and of HDF5 from
// the beginning of main() on, and makes one or all from a certain one on fail. What it does is told by the
// environment:
//
//     LTLAB_FAULT=KIND:NUMBER:HOW:ERRNO   as "write:3:once:28". HOW is "once", "ever", and of reads and
//     writes
//                                         "short" (half of it, once) or "nothing" (0 bytes, once)
//     LTLAB_FAULT_COUNTS=FILE             for counts: see FaultCounts
//     LTLAB_FAULT_SITES=FILE              one 8-byte hash of the call stack for each call of LTLAB_FAULT's
//     KIND
//
// faults.py drives it.

#include <cstdint>

namespace ltlab::faults {

enum class Kind : unsigned {
  open,  ///< of files and folders, to read or to write
  look,  ///< at a file's kind and size
  read,
  write,  ///< but of standard output and error
  sync,
  close,
  rename,
  remove,
  make,  ///< of folders
  lock,
  thread,
  memory,
  hdf5,  ///< functions that lib/ltlab/hdf5 calls
  kinds
};

/// What LTLAB_FAULT_COUNTS holds, in the machine's order of bytes.
struct FaultCounts {
  std::uint64_t calls[static_cast<unsigned>(Kind::kinds)];  ///< of each kind
  std::uint64_t failed;                                     ///< by this layer
  char function[64];                                        ///< the first of these
};

/// Whether this call is to fail. Counts it.
bool fails(Kind kind, const char* function) noexcept;
/// Likewise of reads and writes: how many of `bytes` to do; -1 where it is to fail.
std::int64_t allowed(Kind kind, const char* function, std::int64_t bytes) noexcept;
/// The function of that name in the library that comes next.
void* next(const char* function) noexcept;

}  // namespace ltlab::faults
