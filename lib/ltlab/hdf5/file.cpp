#include "ltlab/hdf5/file.h"

#include <hdf5.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kImageGrowth = std::size_t{1} << 20;

std::string in_quotes(const std::filesystem::path& path) {
  return std::string("'").append(path.string()).append("'");
}

// Where the superblock (version 2 or 3) of a closed file says how long the file is.
constexpr std::size_t kEndOfFileAddress = 28;

// HDF5 frees the bytes of a file in memory when it closes the file, and of a property list's copy of them.
// The former are then complete, so this is the moment to keep them. (H5Fget_file_image would be the plain
// way, but of an open file it returns a superblock whose checksum is wrong, in HDF5 1.10.)
herr_t keep_image(void* memory, H5FD_file_image_op_t operation, void* image) {
  if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE) {
    const auto* bytes = static_cast<const std::byte*>(memory);
    std::uint64_t size = 0;  // little-endian, as is every machine that this library's dependencies support
    std::memcpy(&size, bytes + kEndOfFileAddress, sizeof size);
    static_cast<Bytes*>(image)->assign(bytes, bytes + size);
  }
  return H5free_memory(memory);
}

void* same_image(void* image) {
  return image;
}
herr_t keep_owner(void*) {
  return 0;
}

Handle file_access() {
  Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "HDF5", "create a property list"));
  check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_V110), "HDF5", "choose the format");
  return access;
}

// HDF5 takes two open files in memory for the same one if their names agree.
std::string unique_name(const Handle& access) {
  return "image-" + std::to_string(access.id());
}

constexpr auto kOpening = "open it as an HDF5 file (damaged, truncated, or something else)";

}  // namespace

File::File(Handle file, Image image, const std::filesystem::path& name)
    : Group(Handle(check(H5Gopen2(file.id(), "/", H5P_DEFAULT), in_quotes(name), "open its root")),
            name.string(), "/"),
      image_(std::move(image)),
      file_(std::move(file)) {}

File File::open(const std::filesystem::path& path) {
  // HDF5 tells a file that is missing or forbidden no better than a damaged one; the system does.
  if (!std::ifstream(path, std::ios::binary)) {
    throw IoError("cannot read " + in_quotes(path) + ": " + std::strerror(errno));
  }
  if (std::filesystem::is_directory(path))
    throw IoError("cannot read " + in_quotes(path) + ": it is a folder");
  const LibraryLock lock;
  const Handle access = file_access();
  Handle file(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), in_quotes(path), kOpening));
  return File(std::move(file), nullptr, path);
}

Handle File::image_access(const Image& image) {
  Handle access = file_access();
  check(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG), "HDF5", "choose how to close");
  check(H5Pset_meta_block_size(access.id(), 0), "HDF5", "leave no gaps");
  check(H5Pset_small_data_block_size(access.id(), 0), "HDF5", "leave no gaps");
  check(H5Pset_fapl_core(access.id(), kImageGrowth, false), "HDF5", "keep a file in memory");
  H5FD_file_image_callbacks_t callbacks{nullptr,    nullptr,    nullptr,    keep_image,
                                        same_image, keep_owner, image.get()};
  check(H5Pset_file_image_callbacks(access.id(), &callbacks), "HDF5", "keep a file in memory");
  return access;
}

File File::create_image(const std::filesystem::path& name) {
  const LibraryLock lock;
  Image image = std::make_unique<Bytes>();
  const Handle access = image_access(image);
  const std::string unique = unique_name(access);
  const Handle creation(check(H5Pcreate(H5P_FILE_CREATE), in_quotes(name), "create a property list"));
  keep_plain(creation);
  Handle file(check(H5Fcreate(unique.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), in_quotes(name),
                    "create it in memory"));
  return File(std::move(file), std::move(image), name);
}

File File::open_image(const std::filesystem::path& path) {
  Bytes bytes = read_bytes(path);
  const LibraryLock lock;
  Image image = std::make_unique<Bytes>();
  const Handle access = image_access(image);
  check(H5Pset_file_image(access.id(), bytes.data(), bytes.size()), in_quotes(path), "load it into memory");
  const std::string unique = unique_name(access);
  Handle file(check(H5Fopen(unique.c_str(), H5F_ACC_RDWR, access.id()), in_quotes(path), kOpening));
  return File(std::move(file), std::move(image), path);
}

Bytes File::close_image() {
  const LibraryLock lock;
  check(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL), in_quotes(file_name()), "flush it");
  { const Handle closed = std::move(file_); }
  return std::move(*image_);
}

std::string library_version() {
  const LibraryLock lock;
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  check(H5get_libversion(&major, &minor, &release), "HDF5", "tell its version");
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

Bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw IoError("cannot read " + in_quotes(path) + ": " + std::strerror(errno));
  Bytes bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  if (!bytes.empty())
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw IoError("cannot read " + in_quotes(path) + ": " + std::strerror(errno));
  return bytes;
}

}  // namespace ltlab::hdf5
