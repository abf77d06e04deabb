#include "blocked_convolution.h"

#include <dnnl.hpp>

namespace ltlab::bench {
namespace {

using dnnl::memory;

memory::dim dim(std::size_t n) {
  return static_cast<memory::dim>(n);
}

memory::desc any_layout(const memory::dims& dims) {
  return {dims, memory::data_type::f32, memory::format_tag::any};
}

// [image][channel][y][x]
AlignedVector<float> image_major(const Activations<float>& a) {
  AlignedVector<float> values;
  for (std::size_t b = 0; b < a.batch(); ++b) {
    for (std::size_t f = 0; f < a.features(); ++f) values.push_back(a.at(f, b));
  }
  return values;
}

}  // namespace

struct BlockedConvolution::Primitives {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive forward, backward_data, backward_weights;
  memory weights, x, y, dy, dx, weights_for_dx, dy_for_dx, dw, x_for_dw, dy_for_dw;

  memory make(const memory::desc& layout) const { return {layout, engine}; }

  // A row-major array in the layout asked for.
  memory arranged(const float* values, const memory::desc& layout) {
    const memory::desc row_major(layout.dims(), memory::data_type::f32, memory::format_tag::abcd);
    // oneDNN only reads it.
    memory from(row_major, engine,
                const_cast<float*>(values));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    memory to = make(layout);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }
};

BlockedConvolution::BlockedConvolution(const ConvolutionShape& shape, const float* weights,
                                       const Activations<float>& x, const Activations<float>& dy)
    : primitives_(std::make_shared<Primitives>()) {
  Primitives& p = *primitives_;
  const ImageShape out = shape.output();
  const memory::desc x_any = any_layout(
      {dim(x.batch()), dim(shape.input.channels), dim(shape.input.height), dim(shape.input.width)});
  const memory::desc y_any = any_layout({dim(x.batch()), dim(out.channels), dim(out.height), dim(out.width)});
  const memory::desc w_any = any_layout(
      {dim(shape.outputs), dim(shape.input.channels), dim(shape.kernel_height), dim(shape.kernel_width)});
  const memory::dims strides(2, dim(shape.stride)), padding(2, dim(shape.padding));
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, direct, x_any, w_any, y_any, strides, padding, padding}, p.engine);
  const dnnl::convolution_backward_data::primitive_desc data(
      {direct, x_any, w_any, y_any, strides, padding, padding}, p.engine, forward);
  const dnnl::convolution_backward_weights::primitive_desc gradient(
      {direct, x_any, w_any, y_any, strides, padding, padding}, p.engine, forward);
  const AlignedVector<float> x_values = image_major(x), dy_values = image_major(dy);
  p.forward = dnnl::convolution_forward(forward);
  p.backward_data = dnnl::convolution_backward_data(data);
  p.backward_weights = dnnl::convolution_backward_weights(gradient);
  p.weights = p.arranged(weights, forward.weights_desc());
  p.x = p.arranged(x_values.data(), forward.src_desc());
  p.y = p.make(forward.dst_desc());
  p.weights_for_dx = p.arranged(weights, data.weights_desc());
  p.dy_for_dx = p.arranged(dy_values.data(), data.diff_dst_desc());
  p.dx = p.make(data.diff_src_desc());
  p.x_for_dw = p.arranged(x_values.data(), gradient.src_desc());
  p.dy_for_dw = p.arranged(dy_values.data(), gradient.diff_dst_desc());
  p.dw = p.make(gradient.diff_weights_desc());
}

namespace {

std::span<const float> values_of(const memory& m) {
  return {static_cast<const float*>(m.get_data_handle()), m.get_desc().get_size() / sizeof(float)};
}

}  // namespace

BlockedConvolution::Step BlockedConvolution::forward() const {
  return {[p = primitives_] {
            p->forward.execute(p->stream,
                               {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_WEIGHTS, p->weights}, {DNNL_ARG_DST, p->y}});
          },
          values_of(primitives_->y)};
}

BlockedConvolution::Step BlockedConvolution::backward_data() const {
  return {[p = primitives_] {
            p->backward_data.execute(p->stream, {{DNNL_ARG_DIFF_DST, p->dy_for_dx},
                                                 {DNNL_ARG_WEIGHTS, p->weights_for_dx},
                                                 {DNNL_ARG_DIFF_SRC, p->dx}});
          },
          values_of(primitives_->dx)};
}

BlockedConvolution::Step BlockedConvolution::backward_weights() const {
  return {[p = primitives_] {
            p->backward_weights.execute(p->stream, {{DNNL_ARG_SRC, p->x_for_dw},
                                                    {DNNL_ARG_DIFF_DST, p->dy_for_dw},
                                                    {DNNL_ARG_DIFF_WEIGHTS, p->dw}});
          },
          values_of(primitives_->dw)};
}

}  // namespace ltlab::bench
