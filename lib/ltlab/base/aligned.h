#pragma once

#include <cstddef>
#include <vector>

namespace ltlab {

/// Bytes to which numeric buffers are aligned: a cache line, and the widest vector register.
inline constexpr std::size_t kAlignment = 64;

/// Returns a block aligned to kAlignment bytes. Blocks of 2 MiB or more lie in huge pages where the system
/// has them: batches and weights that fill megabytes would otherwise miss the cached translations of their
/// addresses, too. Throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
/// Frees a block that allocate_aligned(bytes) returned.
void deallocate_aligned(void* block, std::size_t bytes) noexcept;

/// Standard allocator of blocks aligned to kAlignment bytes.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) noexcept { deallocate_aligned(p, n * sizeof(T)); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const noexcept {
    return true;
  }
};

/// A std::vector whose data() is aligned to kAlignment bytes.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace ltlab
