#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

struct evp_md_ctx_st;

namespace ltlab {

/// Computes the SHA-256 of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  /// Adds the bytes of a number.
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void add_value(Number number) { add(std::as_bytes(std::span(&number, 1))); }
  /// Adds the length of a text and its bytes, so that "ab", "c" and "a", "bc" differ.
  void add_value(std::string_view text) {
    add_value(text.size());
    add(std::as_bytes(std::span(text)));
  }
  /// Returns 64 hexadecimal digits and ends the computation.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Returns the SHA-256 of a text, 64 hexadecimal digits.
std::string sha256(std::string_view text);

}  // namespace ltlab
