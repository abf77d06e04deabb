#include "ltlab/base/aligned.h"

#include <sys/mman.h>

#include <new>

namespace ltlab {
namespace {

// Size of a transparent huge page on x86-64, and on AArch64 with pages of 4 KiB.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{bytes < kHugePage ? kAlignment : kHugePage};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  void* block = ::operator new(bytes, alignment_of(bytes));
  // This is only advice: if the system has no huge pages, the block is as good as without them.
  if (bytes >= kHugePage) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return block;
}

void deallocate_aligned(void* block, std::size_t bytes) noexcept {
  ::operator delete(block, alignment_of(bytes));
}

}  // namespace ltlab
