#include "report/layer_images.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "ltlab/base/error.h"

namespace ltlab::app {
namespace {

constexpr float kSteps = 15;  // of a magnitude

// The surviving weight as a signed byte; see LayerImages.
std::uint8_t code(float weight, float scale) {
  const float magnitude = scale > 0 ? std::sqrt(std::abs(weight) / scale) : 0;
  const int steps = std::max(1, static_cast<int>(std::lround(kSteps * magnitude)));
  return static_cast<std::uint8_t>(weight < 0 ? -steps : steps);
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP ends it with a zero
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                      static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

}  // namespace

std::string packed(std::span<const std::uint8_t> bytes) {
  z_stream stream{};
  // Masks and weights repeat nothing but runs of zeros; searching for more costs time and space.
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, 9, Z_RLE) != Z_OK)
    throw std::bad_alloc();
  std::vector<std::uint8_t> packed_bytes(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed_bytes.data();
  stream.avail_out = static_cast<uInt>(packed_bytes.size());
  deflate(&stream, Z_FINISH);
  deflateEnd(&stream);
  return base64(std::span(packed_bytes).first(stream.total_out));
}

void LayerImages::add(const Mask& mask, const Tensor& weights) {
  if (keep_.empty()) keep_.assign(mask.size(), 1);
  if (mask.size() != keep_.size() || mask.shape != weights.shape)
    throw StoreError("'" + mask.name + "' has another shape than its weights or than at the level before");
  std::vector<std::uint8_t> bits((mask.size() + 7) / 8, 0);
  float scale = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bits[i / 8] |= static_cast<std::uint8_t>((mask.keep[i] ^ keep_[i]) << (7 - i % 8));
    if (mask.keep[i]) scale = std::max(scale, std::abs(weights.values[i]));
  }
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) codes_.push_back(code(weights.values[i], scale));
  }
  changes_.insert(changes_.end(), bits.begin(), bits.end());
  scales_.push_back(scale);
  keep_ = mask.keep;
}

nlohmann::ordered_json LayerImages::packed_weights() const {
  return {{"scales", scales_}, {"codes", packed(codes_)}};
}

}  // namespace ltlab::app
