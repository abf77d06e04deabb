#include "inner_product.h"

#include <dnnl.hpp>

namespace ltlab::bench {
namespace {

using dnnl::memory;

memory::desc any_layout(std::size_t rows, std::size_t columns) {
  return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(columns)},
          memory::data_type::f32,
          memory::format_tag::any};
}

}  // namespace

struct InnerProduct::Primitives {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive forward, backward_data, backward_weights;
  memory weights, x, y, dy, dx, weights_for_dx, dy_for_dx, dw, x_for_dw, dy_for_dw;

  memory make(const memory::desc& layout) const { return {layout, engine}; }

  // A row-major matrix in the layout asked for.
  memory arranged(const float* values, const memory::desc& layout) {
    const memory::desc row_major(layout.dims(), memory::data_type::f32, memory::format_tag::ab);
    // oneDNN only reads it.
    memory from(row_major, engine,
                const_cast<float*>(values));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    memory to = make(layout);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }
};

InnerProduct::InnerProduct(std::size_t outputs, std::size_t inputs, std::size_t batch, const float* weights,
                           const float* x, const float* dy)
    : primitives_(std::make_shared<Primitives>()) {
  Primitives& p = *primitives_;
  const memory::desc x_any = any_layout(batch, inputs), w_any = any_layout(outputs, inputs),
                     y_any = any_layout(batch, outputs);
  const dnnl::inner_product_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, x_any, w_any, y_any}, p.engine);
  const dnnl::inner_product_backward_data::primitive_desc data({x_any, w_any, y_any}, p.engine, forward);
  const dnnl::inner_product_backward_weights::primitive_desc gradient({x_any, w_any, y_any}, p.engine,
                                                                      forward);
  p.forward = dnnl::inner_product_forward(forward);
  p.backward_data = dnnl::inner_product_backward_data(data);
  p.backward_weights = dnnl::inner_product_backward_weights(gradient);
  p.weights = p.arranged(weights, forward.weights_desc());
  p.x = p.arranged(x, forward.src_desc());
  p.y = p.make(forward.dst_desc());
  p.weights_for_dx = p.arranged(weights, data.weights_desc());
  p.dy_for_dx = p.arranged(dy, data.diff_dst_desc());
  p.dx = p.make(data.diff_src_desc());
  p.x_for_dw = p.arranged(x, gradient.src_desc());
  p.dy_for_dw = p.arranged(dy, gradient.diff_dst_desc());
  p.dw = p.make(gradient.diff_weights_desc());
}

namespace {

std::span<const float> values_of(const memory& m) {
  return {static_cast<const float*>(m.get_data_handle()), m.get_desc().get_size() / sizeof(float)};
}

}  // namespace

InnerProduct::Step InnerProduct::forward() const {
  return {[p = primitives_] {
            p->forward.execute(p->stream,
                               {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_WEIGHTS, p->weights}, {DNNL_ARG_DST, p->y}});
          },
          values_of(primitives_->y)};
}

InnerProduct::Step InnerProduct::backward_data() const {
  return {[p = primitives_] {
            p->backward_data.execute(p->stream, {{DNNL_ARG_DIFF_DST, p->dy_for_dx},
                                                 {DNNL_ARG_WEIGHTS, p->weights_for_dx},
                                                 {DNNL_ARG_DIFF_SRC, p->dx}});
          },
          values_of(primitives_->dx)};
}

InnerProduct::Step InnerProduct::backward_weights() const {
  return {[p = primitives_] {
            p->backward_weights.execute(p->stream, {{DNNL_ARG_SRC, p->x_for_dw},
                                                    {DNNL_ARG_DIFF_DST, p->dy_for_dw},
                                                    {DNNL_ARG_DIFF_WEIGHTS, p->dw}});
          },
          values_of(primitives_->dw)};
}

}  // namespace ltlab::bench
