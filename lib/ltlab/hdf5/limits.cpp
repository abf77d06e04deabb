#include "ltlab/hdf5/limits.h"

#include <hdf5.h>

#include <algorithm>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

// Returns the product of all, or more than any limit if it is greater than that.
std::size_t bounded_product(std::size_t bytes, const Shape& extents) {
  if (std::ranges::count(extents, 0U) > 0) return 0;
  for (const std::size_t extent : extents) {
    if (extent > kMostArrayBytes / std::max<std::size_t>(bytes, 1)) return kMostArrayBytes + 1;
    bytes *= extent;
  }
  return bytes;
}

Shape chunk_shape(const Handle& creation, std::size_t rank) {
  std::vector<hsize_t> extents(rank);
  check_made(H5Pget_chunk(creation.id(), static_cast<int>(rank), extents.data()));
  return {extents.begin(), extents.end()};
}

}  // namespace

void check_limits(std::int64_t dataset, const Dataset& described) {
  const std::string where = described.where();
  const std::size_t bytes = bounded_product(described.element().bytes, described.shape());
  const std::string stated =
      where + " states " + extents_text(described.shape()) + " elements of " + described.element().name;
  if (bytes > kMostArrayBytes) throw StoreError(stated + ": more than any array that ltlab reads");
  const Handle creation(check(H5Dget_create_plist(dataset), where, "read its layout"));
  const auto layout = check_made(H5Pget_layout(creation.id()));
  if (layout == H5D_VIRTUAL || check_made(H5Pget_external_count(creation.id())) > 0)
    throw StoreError(where + " keeps its values in other files: copy them into this one");
  if (layout == H5D_CHUNKED) {
    const Shape chunk = chunk_shape(creation, described.shape().size());
    if (bounded_product(described.element().bytes, chunk) > std::max(bytes, kMostChunkBytes))
      throw StoreError(where + " has chunks of " + extents_text(chunk) + " elements: too large to be read");
  }
  const Handle file(check(H5Iget_file_id(dataset), where, "find its file"));
  hsize_t file_bytes = 0;
  check(H5Fget_filesize(file.id(), &file_bytes), where, "read its file's length");
  const std::size_t stored = std::min<std::size_t>(H5Dget_storage_size(dataset), file_bytes);
  if (stored == 0 && H5Eget_num(H5E_DEFAULT) != 0) check(-1, where, "read its layout");  // 0 may be right
  if (bytes > kFreeBytes && bytes / kMostExpansion > stored)
    throw StoreError(stated + ", of which the file holds but " + std::to_string(stored) + " bytes");
}

}  // namespace ltlab::hdf5
