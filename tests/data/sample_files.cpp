#include "data/sample_files.h"

#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ltlab::test {
namespace {

void append_big_endian(std::uint32_t value, Bytes& bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

Bytes idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width, unsigned seed) {
  Bytes bytes;
  for (const std::uint32_t word : {0x803u, count, height, width}) append_big_endian(word, bytes);
  for (std::uint32_t i = 0; i < count * height * width; ++i)
    bytes.push_back(static_cast<std::uint8_t>(7 * i + seed));
  return bytes;
}

Bytes idx_labels(std::uint32_t count, unsigned classes) {
  Bytes bytes;
  for (const std::uint32_t word : {0x801u, count}) append_big_endian(word, bytes);
  for (std::uint32_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(i % classes));
  return bytes;
}

Bytes cifar10_records(std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i % 10));
    for (std::size_t p = 0; p < 3072; ++p)
      bytes.push_back(static_cast<std::uint8_t>(i + p / 1024 * 50 + p % 7));
  }
  return bytes;
}

Bytes gzipped(const Bytes& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  Bytes packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Bytes tar(const std::vector<std::pair<std::string, Bytes>>& members) {
  Bytes archive;
  for (const auto& [path, content] : members) {
    std::string header(512, '\0');
    header.replace(0, path.size(), path);
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", content.size());
    header.replace(124, 11, size);
    header[156] = '0';
    header.replace(257, 5, "ustar");
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    char checksum[8];
    std::snprintf(checksum, sizeof checksum, "%06o", sum);
    header.replace(148, 7, std::string(checksum, 7));
    archive.insert(archive.end(), header.begin(), header.end());
    archive.insert(archive.end(), content.begin(), content.end());
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  archive.resize(archive.size() + 1024);
  return archive;
}

void save(const Bytes& bytes, const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

Bytes load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace ltlab::test
