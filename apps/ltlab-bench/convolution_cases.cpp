#include "cases.h"
#include "dense_sides.h"
#include "layer_operands.h"
#include "ltlab/dense/dense_convolution.h"

namespace ltlab::bench {
namespace {

// The dense sides are oneDNN with all operands in its own layouts ("blocked"), and as ltlab runs it on panels
// ("panels").
class ConvolutionOperands : public SparseConvolutionLayer {
 public:
  explicit ConvolutionOperands(const LayerShape& its_shape)
      : SparseConvolutionLayer(its_shape), dense_(shape.convolution) {}

  std::vector<Part> parts() {
    const auto [forward, backward_data, backward_weights] =
        onednn_convolution(shape, w.data(), image_major(x).data(), image_major(dy).data());
    return {part(Product::forward, moved_bytes(y), {forward},
                 [this] { dense_.forward(w.data(), nullptr, Activation::identity, x, y); }),
            refresh_part(),
            part(Product::backward_data, moved_bytes(dx), {backward_data},
                 [this] { dense_.backward_data(w.data(), dy, dx); }),
            part(Product::backward_weights, moved_bytes(dy), {backward_weights},
                 [this] { dense_.backward_weights(dy, x, false, dw.data()); })};
  }

 private:
  // A survivor loads its input's values at each output position of each image; outputs are stored once.
  double moved_bytes(const Activations<float>& outputs) const {
    const std::size_t positions = y.batch() * y.image().height * y.image().width;
    return 4 * static_cast<double>(values.size() * positions + outputs.batch() * outputs.features());
  }

  DenseConvolution<float> dense_;
};

}  // namespace

std::vector<Case> convolution_cases(bool quick) {
  struct Extent {
    std::size_t channels, size;
  };
  const std::vector<std::size_t> batches =
      quick ? std::vector<std::size_t>{16} : std::vector<std::size_t>{16, 64};
  const std::vector<double> densities =
      quick ? std::vector<double>{1, 0.1, 0.02} : std::vector<double>{1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01};
  std::vector<Case> cases;
  for (const auto& [channels, size] : {Extent{64, 32}, Extent{128, 16}, Extent{256, 8}}) {
    for (const std::size_t batch : batches) {
      for (const double density : densities) {
        cases.push_back({"convolution", convolution(channels, size, batch, density), product_names(),
                         compare_layer<ConvolutionOperands>});
      }
    }
  }
  return cases;
}

}  // namespace ltlab::bench
