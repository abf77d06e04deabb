#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace ltlab {

/// Bytes to which numeric buffers are aligned: a cache line, and the widest vector register.
inline constexpr std::size_t kAlignment = 64;

/// Standard allocator that aligns every block to kAlignment.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete (p, std::align_val_t{kAlignment}); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const noexcept {
    return true;
  }
};

/// A std::vector whose data() is aligned to kAlignment bytes.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace ltlab
