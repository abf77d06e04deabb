#include "ltlab/data/cifar10.h"

#include "ltlab/base/error.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

constexpr ImageShape kShape{3, 32, 32};
constexpr std::size_t kPixels = std::size_t{3} * 32 * 32;
constexpr std::size_t kRecord = 1 + kPixels;
constexpr unsigned kClasses = 10;

}  // namespace

void append_cifar10(std::span<const std::uint8_t> bytes, std::size_t records, const std::string& name,
                    ImageSet& images) {
  if (bytes.size() != records * kRecord)
    throw DataError("'" + name + "' has " + std::to_string(bytes.size()) + " bytes, not the " +
                    std::to_string(records * kRecord) + " of " + std::to_string(records) +
                    " CIFAR-10 records: fetch or copy it again");
  images.shape = kShape;
  auto& pixels = std::get<AlignedVector<std::uint8_t>>(images.pixels);
  for (std::size_t i = 0; i < records; ++i) {
    const std::uint8_t* const record = bytes.data() + i * kRecord;
    if (record[0] >= kClasses)
      throw DataError("'" + name + "' has label " + std::to_string(record[0]) + " in record " +
                      std::to_string(i) + ", but only 10 classes exist: fetch or copy it again");
    images.labels.push_back(record[0]);
    pixels.insert(pixels.end(), record + 1, record + kRecord);
  }
}

ImageSet read_cifar10(const std::vector<std::filesystem::path>& files, std::size_t records) {
  ImageSet images;
  std::get<AlignedVector<std::uint8_t>>(images.pixels).reserve(files.size() * records * kPixels);
  for (const auto& file : files) append_cifar10(read_whole_file(file), records, file.string(), images);
  return images;
}

}  // namespace ltlab
