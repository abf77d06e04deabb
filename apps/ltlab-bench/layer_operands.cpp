#include "layer_operands.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "ltlab/base/random.h"

namespace ltlab::bench {
namespace {

// Returns a mask that keeps exactly `density` of `size` weights.
std::vector<std::uint8_t> random_keep(std::size_t size, double density) {
  std::vector<std::uint8_t> keep(size, 0);
  const auto survivors = static_cast<std::ptrdiff_t>(std::llround(density * static_cast<double>(size)));
  const auto order = RandomStream({0, "mask", 0, 0}).permutation(static_cast<std::uint32_t>(size));
  std::for_each(order.begin(), order.begin() + survivors, [&](std::uint32_t i) { keep[i] = 1; });
  return keep;
}

Matrix random_weights(const std::vector<std::uint8_t>& keep) {
  RandomStream stream({0, "w", 0, 0});
  Matrix weights(keep.size());
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const auto value = static_cast<float>(stream.uniform(-1, 1));
    weights[i] = keep[i] ? value : 0;
  }
  return weights;
}

// Returns activations with zeros in padding lanes and borders. The purpose names the random stream.
Activations<float> random_images(const ActivationShape& shape, std::string_view purpose) {
  Activations<float> images(shape);
  RandomStream stream({0, purpose, 0, 0});
  for (std::size_t f = 0; f < images.features(); ++f) {
    for (std::size_t b = 0; b < images.batch(); ++b)
      images.at(f, b) = static_cast<float>(stream.uniform(-1, 1));
  }
  return images;
}

}  // namespace

std::vector<std::string> product_names() {
  std::vector<std::string> names;
  for (const Product product : kProducts) names.emplace_back(to_string(product));
  return names;
}

Matrix feature_major(const Activations<float>& from) {
  Matrix to;
  for (std::size_t f = 0; f < from.features(); ++f) {
    for (std::size_t b = 0; b < from.batch(); ++b) to.push_back(from.at(f, b));
  }
  return to;
}

Matrix image_major(const Activations<float>& from) {
  Matrix to;
  for (std::size_t b = 0; b < from.batch(); ++b) {
    for (std::size_t f = 0; f < from.features(); ++f) to.push_back(from.at(f, b));
  }
  return to;
}

LayerOperands::LayerOperands(const LayerShape& its_shape, std::size_t lanes)
    : shape(its_shape),
      keep(random_keep(element_count(shape.convolution.weights()), shape.density)),
      w(random_weights(keep)),
      dw(w.size()),
      x(random_images({shape.convolution.input, shape.batch, lanes, input_border(shape.convolution)}, "x")),
      dy(random_images({shape.convolution.output(), shape.batch, lanes, gradient_border(shape.convolution)},
                       "dy")),
      y({dy.image(), shape.batch, lanes, 0}),
      dx({x.image(), shape.batch, lanes, 0}) {
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (keep[i]) values.push_back(w[i]);
  }
  transposed_values.resize(values.size());
  gradient.resize(values.size());
}

Part LayerOperands::part(Product product, double moved_bytes, std::vector<Side> dense,
                         std::function<void()> panels) {
  const std::span<const float> outputs[] = {{y.data(), y.size()}, {dx.data(), dx.size()}, dw};
  const std::span<const float> output = outputs[static_cast<std::size_t>(product)];
  const auto number = [](std::size_t n) { return static_cast<double>(n); };
  const double nonzeros = number(values.size());
  const double positions = number(y.batch() * y.image().height * y.image().width);
  const double operands = 4 * number(x.batch() * (x.features() + y.features())) + 6 * nonzeros;
  dense.push_back({"onednn", "panels", std::move(panels), output});
  // The sparse gradient of weights has fewer numbers: only those at the survivors.
  return {to_string(product),
          {2 * nonzeros * positions, 2 * number(w.size()) * positions, operands, moved_bytes},
          {"sparse", "", [this, product] { run_sparse(product); },
           product == Product::backward_weights ? std::span<const float>() : output},
          std::move(dense)};
}

Part LayerOperands::refresh_part() {
  const double bytes = 12 * static_cast<double>(values.size());  // an index and a value in, a value out
  return {"refresh", {0, 0, bytes, bytes}, {"sparse", "", [this] { refresh_transposed(); }, {}}, {}};
}

void LayerOperands::transpose_values(const std::vector<std::uint32_t>& order) {
  for (std::size_t k = 0; k < order.size(); ++k) transposed_values[k] = values[order[k]];
}

SparseLinearLayer::SparseLinearLayer(const LayerShape& its_shape)
    : LayerOperands(its_shape, panel_lanes(its_shape.batch)),
      structure(make_sparse_matrix(keep, y.features(), x.features())) {
  transpose_values(structure.row_order);
}

void SparseLinearLayer::run_sparse(Product product) {
  switch (product) {
    case Product::forward:
      return sparse_multiply<float>(structure.by_row, values.data(), nullptr, Activation::identity, x, y);
    case Product::backward_data:
      return sparse_multiply_transposed<float>(structure.by_column, transposed_values.data(), dy, nullptr,
                                               dx);
    case Product::backward_weights:
      return sparse_weight_gradient(structure.by_row, dy, x, false, gradient.data());
  }
}

SparseConvolutionLayer::SparseConvolutionLayer(const LayerShape& its_shape)
    : LayerOperands(its_shape, kLaneMultiple),
      sparse(shape.convolution, keep, x.shape().border, dy.shape().border) {
  transpose_values(sparse.transposed_order());
}

void SparseConvolutionLayer::run_sparse(Product product) {
  switch (product) {
    case Product::forward:
      return sparse.forward<float>(values.data(), nullptr, Activation::identity, x, y);
    case Product::backward_data:
      return sparse.backward_data<float>(transposed_values.data(), dy, nullptr, dx);
    case Product::backward_weights:
      return sparse.backward_weights(dy, x, false, gradient.data());
  }
}

}  // namespace ltlab::bench
