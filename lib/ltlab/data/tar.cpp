#include "ltlab/data/tar.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <string_view>

#include "ltlab/base/error.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kBlock = 512;
using Block = std::array<char, kBlock>;

[[noreturn]] void refuse(const fs::path& archive, const std::string& fault) {
  throw DataError("'" + archive.string() + "' " + fault + ": fetch it again");
}

void read_block(GzipReader& reader, const fs::path& archive, Block& block) {
  if (reader.read(block.data(), kBlock) != kBlock) refuse(archive, "is a truncated tar archive");
}

// Returns a field of a header, up to its terminating zero if it has one.
std::string_view field(const Block& header, std::size_t offset, std::size_t size) {
  const std::string_view whole(header.data() + offset, size);
  return whole.substr(0, whole.find('\0'));
}

std::optional<std::uint64_t> octal(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c == ' ') break;
    if (c < '0' || c > '7') return std::nullopt;
    value = 8 * value + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// Checksum of POSIX.1-1988: the sum of the header's bytes, with its own field counted as spaces.
std::uint64_t checksum(const Block& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : static_cast<unsigned char>(header[i]);
  return sum;
}

struct Member {
  std::string name;
  std::uint64_t size = 0;
  bool is_file = false;
};

// Returns the next member, or nothing at the block of zeros that ends an archive.
std::optional<Member> read_header(GzipReader& reader, const fs::path& archive) {
  Block header;
  read_block(reader, archive, header);
  if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) return std::nullopt;
  const auto size = octal(field(header, 124, 12));
  if (octal(field(header, 148, 8)) != checksum(header) || !size)
    refuse(archive, "is no tar archive, or damaged");
  const std::string prefix(field(header, 257, 5) == "ustar" ? field(header, 345, 155) : "");
  const char type = header[156];
  return Member{(prefix.empty() ? "" : prefix + "/") + std::string(field(header, 0, 100)), *size,
                type == '0' || type == '\0'};
}

// Hands the member's bytes to `take` and leaves the reader at the next header.
void read_body(GzipReader& reader, const fs::path& archive, std::uint64_t size,
               const std::function<void(const char*, std::size_t)>& take) {
  Block block;
  for (std::uint64_t left = size; left > 0; left -= std::min<std::uint64_t>(left, kBlock)) {
    read_block(reader, archive, block);
    take(block.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlock)));
  }
}

void write_member(GzipReader& reader, const fs::path& archive, std::uint64_t size, const fs::path& path) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  read_body(reader, archive, size, [&](const char* bytes, std::size_t count) {
    file.write(bytes, static_cast<std::streamsize>(count));
  });
  file.close();
  if (!file) throw IoError("cannot write '" + path.string() + "': " + std::strerror(errno ? errno : EIO));
}

}  // namespace

void unpack_tar(const fs::path& archive, const std::vector<std::string>& names, const fs::path& folder) {
  GzipReader reader(archive);
  std::vector<std::string> missing = names;
  while (const auto member = read_header(reader, archive)) {
    const auto wanted = std::find(missing.begin(), missing.end(), member->name);
    if (member->is_file && wanted != missing.end()) {
      write_member(reader, archive, member->size, folder / fs::path(member->name).filename());
      missing.erase(wanted);
    } else {
      read_body(reader, archive, member->size, [](const char*, std::size_t) {});
    }
  }
  if (!missing.empty()) refuse(archive, "lacks '" + missing.front() + "'");
}

}  // namespace ltlab
