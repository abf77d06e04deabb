#include "ltlab/kernels/sparse_convolution.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Output positions of a kernel's tile: one vector of the widest kind each.
constexpr std::size_t kTilePositions = 8;

// Returns how far an output's input reaches past an edge of the input, in output positions, and the reverse.
std::size_t gradient_overhang(std::size_t input, std::size_t kernel, const ConvolutionShape& shape,
                              std::size_t output) {
  const std::size_t before =
      kernel - 1 > shape.padding ? (kernel - 1 - shape.padding + shape.stride - 1) / shape.stride : 0;
  const std::size_t last = (input - 1 + shape.padding) / shape.stride;
  return std::max(before, last >= output ? last - output + 1 : 0);
}

// Returns the bytes of one channel that a tile's outputs depend on.
std::size_t window_bytes(std::size_t kernel_height, std::size_t kernel_width, std::size_t stride) {
  return kernel_height * ((kTilePositions - 1) * stride + kernel_width) * kLaneMultiple * sizeof(float);
}

// Runs go along the rows of an image or, if those are shorter than the batch is deep, along its panels.
// Products go from the images `from` to the images `to`; `gate` has the image of `to`.
struct Sweep {
  std::size_t rows, columns;           // output positions
  std::size_t from_stride, to_stride;  // positions of `from` and `to` between neighbours
  std::size_t kernel_height;           // rows of `from` that an output depends on
  ActivationShape from, to, gate;
};

// The start of a run: a panel, and the first position of it in each operand.
struct RunStart {
  std::size_t panel, from, to, gate;
};

// Returns the same sweep as one long row, if no operand has anything between its rows, as in a 1x1
// convolution between outputs without border.
Sweep in_one_row(Sweep s) {
  const auto follows = [&](const ActivationShape& shape, std::size_t stride) {
    return stride == 1 && shape.row_positions() == s.columns;
  };
  if (follows(s.from, s.from_stride) && follows(s.to, s.to_stride) && follows(s.gate, s.to_stride))
    s.columns *= std::exchange(s.rows, 1);
  return s;
}

// Calls body(RunStart, PositionRun) until all positions and panels are done.
template <class Body>
void sweep(const Sweep& rows, const Body& body) {
  const Sweep s = in_one_row(rows);
  const ActivationShape &from = s.from, &to = s.to, &gate = s.gate;
  const std::size_t lanes = to.lanes;
  const std::size_t to_channel = to.channel_positions() * lanes,
                    gate_channel = gate.channel_positions() * lanes;
  const std::size_t frontier = ((s.kernel_height - 1) * from.row_positions() + kTilePositions) * lanes;
  const bool along_panels = s.columns < kTilePositions && s.columns < to.panels();
  for (std::size_t p = 0; p < (along_panels ? 1 : to.panels()); ++p) {
    for (std::size_t i = 0; i < s.rows; ++i) {
      const auto start = [&](std::size_t j) {
        return RunStart{p, s.from_stride * (i * from.row_positions() + j),
                        s.to_stride * (i * to.row_positions() + j),
                        s.to_stride * (i * gate.row_positions() + j)};
      };
      if (!along_panels) {
        const std::size_t to_step = s.to_stride * lanes;
        body(start(0),
             PositionRun{s.columns, lanes, s.from_stride * lanes, to_step, to_channel, to_step, gate_channel,
                         from.image.channels, from.channel_positions() * lanes, frontier});
        continue;
      }
      for (std::size_t j = 0; j < s.columns; ++j) {
        body(start(j), PositionRun{to.panels(), lanes, from.panel_size(), to.panel_size(), to_channel,
                                   gate.panel_size(), gate_channel});
      }
    }
  }
}

}  // namespace

std::size_t input_border(const ConvolutionShape& shape) {
  return shape.padding;
}

std::size_t gradient_border(const ConvolutionShape& shape) {
  const ImageShape output = shape.output();
  return std::max(gradient_overhang(shape.input.height, shape.kernel_height, shape, output.height),
                  gradient_overhang(shape.input.width, shape.kernel_width, shape, output.width));
}

SparseConvolution::SparseConvolution(const ConvolutionShape& shape, std::span<const std::uint8_t> keep,
                                     std::size_t x_border, std::size_t dy_border)
    : shape_(shape), x_{shape.input, 1, 1, x_border}, dy_{shape.output(), 1, 1, dy_border} {
  if (x_border < input_border(shape_) || dy_border < gradient_border(shape_)) {
    throw ConfigError("a convolution needs borders of " + std::to_string(input_border(shape_)) + " and " +
                      std::to_string(gradient_border(shape_)) +
                      " zeros around its input and its output's gradient");
  }
  SurvivorList list;
  std::vector<std::uint32_t> number(keep.size());  // each weight's, among the survivors
  std::size_t weight = 0;
  for (std::size_t o = 0; o < shape_.outputs; ++o) {
    for (std::size_t c = 0; c < shape_.input.channels; ++c) {
      for (std::size_t a = 0; a < shape_.kernel_height; ++a) {
        for (std::size_t b = 0; b < shape_.kernel_width; ++b, ++weight) {
          number[weight] = static_cast<std::uint32_t>(list.position.size());
          if (keep[weight])
            list.position.push_back(
                static_cast<std::uint32_t>(x_.position(c, a, b) - shape_.padding * (x_.row_positions() + 1)));
        }
      }
    }
    list.end_row();
  }
  forward_ = make_sparse_rows(list, {shape_.input.channels, x_.channel_positions(),
                                     window_bytes(shape_.kernel_height, shape_.kernel_width, shape_.stride)});
  for (std::size_t y = 0; y < std::min(shape_.stride, shape_.input.height); ++y)
    for (std::size_t x = 0; x < std::min(shape_.stride, shape_.input.width); ++x)
      add_phase(keep, number, y, x);
}

// dx at (stride u + y, stride v + x) gets w[o][c][a][b] dy[o][i][j] where i = u + (y + padding - a) / stride,
// for the a that leave no remainder, and j is found in the same way.
void SparseConvolution::add_phase(std::span<const std::uint8_t> keep,
                                  const std::vector<std::uint32_t>& number, std::size_t y, std::size_t x) {
  const std::size_t stride = shape_.stride, kernel = shape_.kernel_height * shape_.kernel_width;
  // Returns the input position for kernel row or column a, `border` included; none if there is a remainder.
  const auto place = [&](std::size_t at, std::size_t a) -> std::ptrdiff_t {
    const auto ahead = static_cast<std::ptrdiff_t>(at + shape_.padding) - static_cast<std::ptrdiff_t>(a);
    const auto step = static_cast<std::ptrdiff_t>(stride);
    return ahead % step == 0 ? ahead / step + static_cast<std::ptrdiff_t>(dy_.border) : -1;
  };
  Phase phase{y, x, transposed_order_.size(), {}};
  SurvivorList list;
  for (std::size_t c = 0; c < shape_.input.channels; ++c) {
    for (std::size_t o = 0; o < shape_.outputs; ++o) {
      // This goes from the last kernel position to the first, so that positions ascend.
      for (std::size_t k = kernel; k-- > 0;) {
        const std::size_t weight = (o * shape_.input.channels + c) * kernel + k;
        const std::ptrdiff_t i = place(y, k / shape_.kernel_width), j = place(x, k % shape_.kernel_width);
        if (!keep[weight] || i < 0 || j < 0) continue;
        list.position.push_back(static_cast<std::uint32_t>(o * dy_.channel_positions() +
                                                           static_cast<std::size_t>(i) * dy_.row_positions() +
                                                           static_cast<std::size_t>(j)));
        transposed_order_.push_back(number[weight]);
      }
    }
    list.end_row();
  }
  phase.rows = make_sparse_rows(list, {shape_.outputs, dy_.channel_positions(),
                                       window_bytes((shape_.kernel_height + stride - 1) / stride,
                                                    (shape_.kernel_width + stride - 1) / stride, 1)});
  phases_.push_back(std::move(phase));
}

template <class T>
void SparseConvolution::forward(const T* values, const T* bias, Activation activation,
                                const Activations<T>& x, Activations<T>& y) const {
  const ActivationShape &from = x.shape(), &to = y.shape();
  sweep({to.image.height, to.image.width, shape_.stride, 1, shape_.kernel_height, from, to, to},
        [&](const RunStart& start, const PositionRun& run) {
          multiply_rows<T>(forward_, values, bias, activation, x.panel(start.panel) + start.from * from.lanes,
                           y.panel(start.panel) + (to.position(0, 0, 0) + start.to) * to.lanes, nullptr, run);
        });
}

template <class T>
void SparseConvolution::backward_data(const T* transposed_values, const Activations<T>& dy,
                                      const Activations<T>* rectified, Activations<T>& dx) const {
  const ActivationShape &from = dy.shape(), &to = dx.shape(), &gate = rectified ? rectified->shape() : to;
  for (const Phase& phase : phases_) {
    const std::size_t rows = (to.image.height - phase.y + shape_.stride - 1) / shape_.stride;
    const std::size_t columns = (to.image.width - phase.x + shape_.stride - 1) / shape_.stride;
    const std::size_t kernel_height = (shape_.kernel_height + shape_.stride - 1) / shape_.stride;
    sweep({rows, columns, 1, shape_.stride, kernel_height, from, to, gate},
          [&](const RunStart& start, const PositionRun& run) {
            const auto at = [&](auto& a, const ActivationShape& shape, std::size_t position) {
              return a.panel(start.panel) + (shape.position(0, phase.y, phase.x) + position) * shape.lanes;
            };
            multiply_rows<T>(phase.rows, transposed_values + phase.first, nullptr, Activation::identity,
                             dy.panel(start.panel) + start.from * from.lanes, at(dx, to, start.to),
                             rectified ? at(*rectified, gate, start.gate) : nullptr, run);
          });
  }
}

template <class T>
void SparseConvolution::backward_weights(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                                         T* gradient) const {
  const ActivationShape &from = x.shape(), &to = dy.shape();
  sweep({to.image.height, to.image.width, shape_.stride, 1, shape_.kernel_height, from, to, to},
        [&](const RunStart& start, const PositionRun& run) {
          sample_products(forward_, dy.panel(start.panel) + (to.position(0, 0, 0) + start.to) * to.lanes,
                          x.panel(start.panel) + start.from * from.lanes, std::exchange(accumulate, true),
                          gradient, run);
        });
}

template void SparseConvolution::forward(const float*, const float*, Activation, const Activations<float>&,
                                         Activations<float>&) const;
template void SparseConvolution::forward(const double*, const double*, Activation, const Activations<double>&,
                                         Activations<double>&) const;
template void SparseConvolution::backward_data(const float*, const Activations<float>&,
                                               const Activations<float>*, Activations<float>&) const;
template void SparseConvolution::backward_data(const double*, const Activations<double>&,
                                               const Activations<double>*, Activations<double>&) const;
template void SparseConvolution::backward_weights(const Activations<float>&, const Activations<float>&, bool,
                                                  float*) const;
template void SparseConvolution::backward_weights(const Activations<double>&, const Activations<double>&,
                                                  bool, double*) const;

}  // namespace ltlab
