#include "dense_sides.h"

#include <cblas.h>
#include <omp.h>

#include <dnnl.hpp>
#include <map>

#include "ltlab/base/error.h"

namespace ltlab::bench {
namespace {

using dnnl::memory;

void multiply_by_onednn(const Gemm& gemm) {
  const auto size = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
  const dnnl_status_t status = dnnl_sgemm(
      gemm.transpose_a ? 'T' : 'N', gemm.transpose_b ? 'T' : 'N', size(gemm.m), size(gemm.n), size(gemm.k),
      1.0f, gemm.a, size(gemm.lda()), gemm.b, size(gemm.ldb()), 0.0f, gemm.c, size(gemm.n));
  if (status != dnnl_success) throw NumericError("oneDNN's sgemm failed");
}

void multiply_by_openblas(const Gemm& gemm) {
  const auto size = [](std::size_t n) { return static_cast<blasint>(n); };
  cblas_sgemm(CblasRowMajor, gemm.transpose_a ? CblasTrans : CblasNoTrans,
              gemm.transpose_b ? CblasTrans : CblasNoTrans, size(gemm.m), size(gemm.n), size(gemm.k), 1.0f,
              gemm.a, size(gemm.lda()), gemm.b, size(gemm.ldb()), 0.0f, gemm.c, size(gemm.n));
}

memory::desc any_layout(std::initializer_list<std::size_t> extents) {
  return {memory::dims(extents.begin(), extents.end()), memory::data_type::f32, memory::format_tag::any};
}

// Returns a row-major array in the layout asked for.
memory arranged(const float* values, const memory::desc& layout, dnnl::stream& stream) {
  const memory::dims dims = layout.dims();
  const auto tag = dims.size() == 2 ? memory::format_tag::ab : memory::format_tag::abcd;
  // oneDNN only reads it.
  memory from(memory::desc(dims, memory::data_type::f32, tag), stream.get_engine(),
              const_cast<float*>(values));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  memory to(layout, stream.get_engine());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

// Returns the side of a planned primitive that reads row-major arrays, by oneDNN's number of the argument,
// and writes the argument `written`.
Side onednn_side(const std::string& variant, const dnnl::primitive_desc& plan,
                 const std::map<int, const float*>& read, int written) {
  dnnl::stream stream(plan.get_engine());
  const auto wanted = [&](int argument) { return plan.query_md(dnnl::query::exec_arg_md, argument); };
  const memory output(wanted(written), plan.get_engine());
  std::unordered_map<int, memory> operands{{written, output}};
  for (const auto& [argument, values] : read)
    operands.emplace(argument, arranged(values, wanted(argument), stream));
  return {
      "onednn",
      variant,
      [=, primitive = dnnl::primitive(plan)] { primitive.execute(stream, operands); },
      {static_cast<const float*>(output.get_data_handle()), output.get_desc().get_size() / sizeof(float)}};
}

OneDnnSides onednn_sides(const std::string& variant, const dnnl::primitive_desc& plan,
                         const dnnl::primitive_desc& data, const dnnl::primitive_desc& gradient,
                         const float* weights, const float* x, const float* dy) {
  return {
      onednn_side(variant, plan, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weights}}, DNNL_ARG_DST),
      onednn_side(variant, data, {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_WEIGHTS, weights}}, DNNL_ARG_DIFF_SRC),
      onednn_side(variant, gradient, {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}}, DNNL_ARG_DIFF_WEIGHTS)};
}

}  // namespace

void use_one_thread() {
  omp_set_num_threads(1);  // oneDNN reads it at each call
  openblas_set_num_threads(1);
}

std::vector<Side> gemm_sides(const std::string& variant, const Gemm& gemm) {
  const std::span<const float> output(gemm.c, gemm.m * gemm.n);
  return {{"onednn", variant, [gemm] { multiply_by_onednn(gemm); }, output},
          {"openblas", variant, [gemm] { multiply_by_openblas(gemm); }, output},
          {"eigen", variant, [gemm] { multiply_by_eigen(gemm); }, output}};
}

OneDnnSides onednn_inner_product(const LayerShape& shape, const float* weights, const float* x,
                                 const float* dy) {
  using namespace dnnl;  // NOLINT(google-build-using-namespace): long names of three primitives
  const engine cpu(engine::kind::cpu, 0);
  const std::size_t outputs = shape.convolution.outputs, inputs = shape.convolution.input.channels;
  const memory::desc x_any = any_layout({shape.batch, inputs}), w_any = any_layout({outputs, inputs}),
                     y_any = any_layout({shape.batch, outputs});
  const inner_product_forward::primitive_desc plan({prop_kind::forward_training, x_any, w_any, y_any}, cpu);
  const inner_product_backward_data::primitive_desc data({x_any, w_any, y_any}, cpu, plan);
  const inner_product_backward_weights::primitive_desc gradient({x_any, w_any, y_any}, cpu, plan);
  return onednn_sides("inner-product", plan, data, gradient, weights, x, dy);
}

OneDnnSides onednn_convolution(const LayerShape& shape, const float* weights, const float* x,
                               const float* dy) {
  using namespace dnnl;  // NOLINT(google-build-using-namespace): long names of three primitives
  const engine cpu(engine::kind::cpu, 0);
  const ConvolutionShape& c = shape.convolution;
  const ImageShape in = c.input, out = c.output();
  const memory::desc x_any = any_layout({shape.batch, in.channels, in.height, in.width}),
                     y_any = any_layout({shape.batch, out.channels, out.height, out.width}),
                     w_any = any_layout({c.outputs, in.channels, c.kernel_height, c.kernel_width});
  const memory::dims strides(2, static_cast<memory::dim>(c.stride)),
      padding(2, static_cast<memory::dim>(c.padding));
  const auto direct = algorithm::convolution_direct;
  const convolution_forward::primitive_desc plan(
      {prop_kind::forward_training, direct, x_any, w_any, y_any, strides, padding, padding}, cpu);
  const convolution_backward_data::primitive_desc data(
      {direct, x_any, w_any, y_any, strides, padding, padding}, cpu, plan);
  const convolution_backward_weights::primitive_desc gradient(
      {direct, x_any, w_any, y_any, strides, padding, padding}, cpu, plan);
  return onednn_sides("blocked", plan, data, gradient, weights, x, dy);
}

}  // namespace ltlab::bench
