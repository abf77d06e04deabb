#include "onednn_layer.h"

#include <dnnl.hpp>
#include <utility>

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

std::span<const float> values_of(const memory& m) {
  return {static_cast<const float*>(m.get_data_handle()), m.get_desc().get_size() / sizeof(float)};
}

}  // namespace

struct OneDnnLayer::Primitives {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive forward, backward_data, backward_weights;
  memory weights, x, y, dy, dx, weights_for_dx, dy_for_dx, dw, x_for_dw, dy_for_dw;

  // Makes the primitives for the descriptions, and their operands from row-major arrays.
  template <class Forward, class Data, class Weights, class ForwardPlan, class DataPlan, class WeightsPlan>
  void prepare(const ForwardPlan& plan, const DataPlan& data, const WeightsPlan& gradient,
               const float* w_values, const float* x_values, const float* dy_values) {
    forward = Forward(plan);
    backward_data = Data(data);
    backward_weights = Weights(gradient);
    weights = arranged(w_values, plan.weights_desc());
    x = arranged(x_values, plan.src_desc());
    y = memory(plan.dst_desc(), engine);
    weights_for_dx = arranged(w_values, data.weights_desc());
    dy_for_dx = arranged(dy_values, data.diff_dst_desc());
    dx = memory(data.diff_src_desc(), engine);
    x_for_dw = arranged(x_values, gradient.src_desc());
    dy_for_dw = arranged(dy_values, gradient.diff_dst_desc());
    dw = memory(gradient.diff_weights_desc(), engine);
  }

  // Returns a row-major array in the layout asked for.
  memory arranged(const float* values, const memory::desc& layout) {
    const memory::dims dims = layout.dims();
    const auto tag = dims.size() == 2 ? memory::format_tag::ab : memory::format_tag::abcd;
    // oneDNN only reads it.
    memory from(memory::desc(dims, memory::data_type::f32, tag), engine,
                const_cast<float*>(values));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    memory to(layout, engine);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }
};

OneDnnLayer::Step OneDnnLayer::forward() const {
  return {[p = primitives_] {
            p->forward.execute(p->stream,
                               {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_WEIGHTS, p->weights}, {DNNL_ARG_DST, p->y}});
          },
          values_of(primitives_->y)};
}

OneDnnLayer::Step OneDnnLayer::backward_data() const {
  return {[p = primitives_] {
            p->backward_data.execute(p->stream, {{DNNL_ARG_DIFF_DST, p->dy_for_dx},
                                                 {DNNL_ARG_WEIGHTS, p->weights_for_dx},
                                                 {DNNL_ARG_DIFF_SRC, p->dx}});
          },
          values_of(primitives_->dx)};
}

OneDnnLayer::Step OneDnnLayer::backward_weights() const {
  return {[p = primitives_] {
            p->backward_weights.execute(p->stream, {{DNNL_ARG_SRC, p->x_for_dw},
                                                    {DNNL_ARG_DIFF_DST, p->dy_for_dw},
                                                    {DNNL_ARG_DIFF_WEIGHTS, p->dw}});
          },
          values_of(primitives_->dw)};
}

OneDnnLayer onednn_inner_product(std::size_t outputs, std::size_t inputs, std::size_t batch,
                                 const float* weights, const float* x, const float* dy) {
  using namespace dnnl;  // NOLINT(google-build-using-namespace): long names of three primitives
  const auto p = std::make_shared<OneDnnLayer::Primitives>();
  const memory::desc x_any = any_layout({dim(batch), dim(inputs)}),
                     w_any = any_layout({dim(outputs), dim(inputs)}),
                     y_any = any_layout({dim(batch), dim(outputs)});
  const inner_product_forward::primitive_desc plan({prop_kind::forward_training, x_any, w_any, y_any},
                                                   p->engine);
  const inner_product_backward_data::primitive_desc data({x_any, w_any, y_any}, p->engine, plan);
  const inner_product_backward_weights::primitive_desc gradient({x_any, w_any, y_any}, p->engine, plan);
  p->prepare<inner_product_forward, inner_product_backward_data, inner_product_backward_weights>(
      plan, data, gradient, weights, x, dy);
  return OneDnnLayer(p);
}

OneDnnLayer onednn_convolution(const ConvolutionShape& shape, const float* weights,
                               const Activations<float>& x, const Activations<float>& dy) {
  using namespace dnnl;  // NOLINT(google-build-using-namespace): long names of three primitives
  const auto p = std::make_shared<OneDnnLayer::Primitives>();
  const ImageShape in = shape.input, out = shape.output();
  const memory::desc x_any = any_layout({dim(x.batch()), dim(in.channels), dim(in.height), dim(in.width)});
  const memory::desc y_any = any_layout({dim(x.batch()), dim(out.channels), dim(out.height), dim(out.width)});
  const memory::desc w_any =
      any_layout({dim(shape.outputs), dim(in.channels), dim(shape.kernel_height), dim(shape.kernel_width)});
  const memory::dims strides(2, dim(shape.stride)), padding(2, dim(shape.padding));
  const auto direct = algorithm::convolution_direct;
  const convolution_forward::primitive_desc plan(
      {prop_kind::forward_training, direct, x_any, w_any, y_any, strides, padding, padding}, p->engine);
  const convolution_backward_data::primitive_desc data(
      {direct, x_any, w_any, y_any, strides, padding, padding}, p->engine, plan);
  const convolution_backward_weights::primitive_desc gradient(
      {direct, x_any, w_any, y_any, strides, padding, padding}, p->engine, plan);
  p->prepare<convolution_forward, convolution_backward_data, convolution_backward_weights>(
      plan, data, gradient, weights, image_major(x).data(), image_major(dy).data());
  return OneDnnLayer(p);
}

}  // namespace ltlab::bench
