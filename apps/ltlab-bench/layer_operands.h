#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "comparison.h"
#include "ltlab/base/activations.h"
#include "ltlab/kernels/sparse_convolution.h"
#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/nn/kernel_choice.h"

namespace ltlab::bench {

using Matrix = AlignedVector<float>;

/// Returns forward, backward-data, backward-weights: the parts to be shown by themselves.
std::vector<std::string> product_names();

/// Returns values as dense libraries take them, [feature][image] or [image][feature], from panels.
Matrix feature_major(const Activations<float>& from);
Matrix image_major(const Activations<float>& from);

/// What a layer's products compute with, and where they write. Values are random, uniform in [-1, 1).
class LayerOperands {
 public:
  LayerOperands(const LayerShape& its_shape, std::size_t lanes);
  virtual ~LayerOperands() = default;
  LayerOperands(const LayerOperands&) = delete;
  LayerOperands& operator=(const LayerOperands&) = delete;

  virtual void run_sparse(Product product) = 0;
  /// Renews what sparse backward-data needs after each step of the optimizer, as nn/weighted_layer.cpp does
  /// it: the survivors' values in the order of the transposed matrix.
  virtual void refresh_transposed() = 0;

  /// Returns a product's part: sparse beside `dense` and, as "panels", the dense kernels of ltlab.
  /// `moved_bytes` is that of its Work. These operands must outlive it.
  Part part(Product product, double moved_bytes, std::vector<Side> dense, std::function<void()> panels);
  Part refresh_part();

  LayerShape shape;
  std::vector<std::uint8_t> keep;  ///< of the weights: keeps exactly the density, at random places
  Matrix w, dw;                    ///< row-major, with zeros where pruned
  Activations<float> x, dy, y, dx;
  Matrix values, transposed_values, gradient;  ///< of the survivors

 protected:
  void transpose_values(const std::vector<std::uint32_t>& order);
};

/// A linear layer with ltlab's sparse kernels.
struct SparseLinearLayer : LayerOperands {
  explicit SparseLinearLayer(const LayerShape& its_shape);
  void run_sparse(Product product) override;
  void refresh_transposed() override { transpose_values(structure.row_order); }

  SparseMatrix structure;
};

/// A convolution with ltlab's sparse kernels.
struct SparseConvolutionLayer : LayerOperands {
  explicit SparseConvolutionLayer(const LayerShape& its_shape);
  void run_sparse(Product product) override;
  void refresh_transposed() override { transpose_values(sparse.transposed_order()); }

  SparseConvolution sparse;
};

}  // namespace ltlab::bench
