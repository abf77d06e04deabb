#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ltlab {

/// How a product is computed: all weights by a dense library, or the survivors alone.
enum class Kernel { dense, sparse };

/// The three products of training a layer with weights.
enum class Product { forward, backward_data, backward_weights };
inline constexpr Product kProducts[] = {Product::forward, Product::backward_data, Product::backward_weights};

/// Who chooses the kernel: the user, or a measurement at the layer's own shape, batch and density.
enum class KernelPolicy { automatic, dense, sparse };

/// The kernel that runs a layer's product, and the measurements that chose it.
struct KernelChoice {
  std::string parameter;  ///< "fc1.weight"
  Product product = Product::forward;
  Kernel kernel = Kernel::dense;
  double dense_seconds = 0, sparse_seconds = 0;  ///< median of one product over a batch; 0 if not measured
};

const char* to_string(Kernel kernel);
const char* to_string(Product product);
/// Reads a kernel's name; ConfigError for another word.
Kernel parse_kernel(const std::string& word);
Product parse_product(const std::string& word);

/// Returns the median seconds that a call of each function takes. They are measured in turn (a, b, a, b,
/// ...), so that a drift of the machine's speed affects both alike.
template <class A, class B>
std::pair<double, double> time_in_turn(const A& a, const B& b) {
  constexpr std::size_t kRounds = 7;
  std::array<double, kRounds> seconds_a{}, seconds_b{};
  const auto seconds = [](const auto& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  a();  // warm up: caches, and oneDNN's just-in-time code
  b();
  for (std::size_t i = 0; i < kRounds; ++i) {
    seconds_a[i] = seconds(a);
    seconds_b[i] = seconds(b);
  }
  std::sort(seconds_a.begin(), seconds_a.end());
  std::sort(seconds_b.begin(), seconds_b.end());
  return {seconds_a[kRounds / 2], seconds_b[kRounds / 2]};
}

}  // namespace ltlab
