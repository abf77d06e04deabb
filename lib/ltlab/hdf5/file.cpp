#include "ltlab/hdf5/file.h"

#include <hdf5.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kImageGrowth = std::size_t{1} << 16;

Handle file_access() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  check_made(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_V110));
  return access;
}

// HDF5 takes two open files in memory for the same file if their names agree.
std::string unique_name(const Handle& access) {
  return "image-" + std::to_string(access.id());
}

constexpr auto kOpening = "open it as an HDF5 file";

// Returns the length of a closed file from its superblock, if that is at the beginning and of the version
// that this program writes; otherwise `room`, which may include what the library allocated in advance, as
// HDF5 allows.
std::size_t file_length(const std::byte* bytes, std::size_t room) {
  constexpr unsigned char kSignature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  constexpr std::size_t kVersion = 8, kBytesOfOffset = 9, kEnd = 28, kSuperblock = 48;
  if (room < kSuperblock || std::memcmp(bytes, kSignature, sizeof kSignature) != 0) return room;
  const auto version = static_cast<unsigned>(bytes[kVersion]);
  if ((version != 2 && version != 3) || static_cast<unsigned>(bytes[kBytesOfOffset]) != 8) return room;
  std::uint64_t end = 0;  // little-endian, as is every machine that this library's dependencies support
  std::memcpy(&end, bytes + kEnd, sizeof end);
  return end <= room ? end : room;
}

}  // namespace

// The bytes that HDF5 hands over when it closes a file in memory, complete only then. (H5Fget_file_image
// would be the plain way, but in HDF5 1.10 it gives an open file a superblock with a wrong checksum.)
struct File::Image {
  std::byte* bytes = nullptr;
  std::size_t room = 0;      // room of the open file
  std::size_t reserved = 0;  // at least as much: it doubles, so that a large file is not copied at each step

  Image() = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() { std::free(bytes); }

  // Allocates what the library asks for a file in memory, and for property lists' copies of it.
  static void* allocate(std::size_t bytes, H5FD_file_image_op_t, void*) { return std::malloc(bytes); }

  static void* grow(void* memory, std::size_t size, H5FD_file_image_op_t, void* image) {
    auto& [bytes, room, reserved] = *static_cast<Image*>(image);
    if (size > reserved) {
      const std::size_t wanted = std::max(size, 2 * reserved);
      memory = std::realloc(memory, wanted);
      if (!memory) return nullptr;
      reserved = wanted;
    }
    room = size;
    return memory;
  }

  static herr_t give(void* memory, H5FD_file_image_op_t operation, void* image) {
    if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE) {
      std::free(std::exchange(static_cast<Image*>(image)->bytes, static_cast<std::byte*>(memory)));
    } else {
      std::free(memory);
    }
    return 0;
  }
};

File::File(Opened opened, const std::filesystem::path& name)
    : Group(Handle(check(H5Gopen2(opened.file.id(), "/", H5P_DEFAULT), in_quotes(name), "open its root")),
            name.string(), "/"),
      opened_(std::move(opened)) {}

File File::open(const std::filesystem::path& path) {
  open_regular_file(path);  // HDF5 reports a missing or forbidden file no better than damage
  const LibraryLock lock;
  const Handle access = file_access();
  const hid_t file = check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), in_quotes(path), kOpening);
  return File({nullptr, Handle(file)}, path);
}

Handle File::image_access(Image& image) {
  Handle access = file_access();
  check_made(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG));
  check_made(H5Pset_meta_block_size(access.id(), 0));        // it would leave gaps
  check_made(H5Pset_small_data_block_size(access.id(), 0));  // the same
  check_made(H5Pset_fapl_core(access.id(), kImageGrowth, false));
  const auto same_image = [](void* data) { return data; };
  const auto keep_owner = [](void*) { return herr_t{0}; };
  H5FD_file_image_callbacks_t callbacks{Image::allocate, nullptr,    Image::grow, Image::give,
                                        same_image,      keep_owner, &image};
  check_made(H5Pset_file_image_callbacks(access.id(), &callbacks));
  return access;
}

File File::create_image(const std::filesystem::path& name) {
  const LibraryLock lock;
  auto image = std::make_shared<Image>();
  const Handle access = image_access(*image);
  const std::string unique = unique_name(access);
  const Handle creation(H5Pcreate(H5P_FILE_CREATE));
  keep_plain(creation);
  Handle file(check_made(H5Fcreate(unique.c_str(), H5F_ACC_TRUNC, creation.id(), access.id())));
  return File({std::move(image), std::move(file)}, name);
}

File File::open_image(const std::filesystem::path& path) {
  Bytes bytes = read_bytes(path);
  const LibraryLock lock;
  auto image = std::make_shared<Image>();
  image->room = image->reserved = bytes.size();
  const Handle access = image_access(*image);
  check_made(H5Pset_file_image(access.id(), bytes.data(), bytes.size()));
  const std::string unique = unique_name(access);
  const hid_t file = check(H5Fopen(unique.c_str(), H5F_ACC_RDWR, access.id()), in_quotes(path), kOpening);
  return File({std::move(image), Handle(file)}, path);
}

std::size_t File::bytes() const {
  const LibraryLock lock;
  hsize_t size = 0;
  check(H5Fget_filesize(opened_.file.id(), &size), in_quotes(file_name()), "read its length");
  return size;
}

Bytes File::close_image() {
  const LibraryLock lock;
  check_made(H5Fflush(opened_.file.id(), H5F_SCOPE_GLOBAL));
  opened_.file.close(in_quotes(file_name()));
  const Image& image = *opened_.image;
  if (!image.bytes || image.room == 0) throw_unclosed(in_quotes(file_name()));
  return {image.bytes, image.bytes + file_length(image.bytes, image.room)};
}

std::string library_version() {
  const LibraryLock lock;
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  check_made(H5get_libversion(&major, &minor, &release));
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

Bytes read_bytes(const std::filesystem::path& path) {
  const FileDescriptor file = open_regular_file(path);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw IoError("cannot read " + in_quotes(path) + ": " + error.message());
  Bytes bytes(size);
  bytes.resize(read_some(file, path, bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace ltlab::hdf5
