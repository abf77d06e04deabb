#include "ltlab/dense/dense_convolution.h"

#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/dense/channel_blocks.h"
#include "ltlab/dense/failure.h"
#include "ltlab/dense/plain_convolution.h"
#include "ltlab/dense/volume_operand.h"

// A batch is processed in runs of few panels, whose copies in oneDNN's layout are used while they are in the
// cache. Converting x again in backward_weights thus costs hardly more than fetching a copy of the whole
// batch that forward would have kept.
namespace ltlab {
namespace {

using dnnl::memory;

enum class Task { forward, forward_relu, backward_data, backward_weights };

// A task of given extents, as a request to oneDNN version 2 or 3.
class Request {
 public:
  Request(const ConvolutionShape& shape, const CallersRun& x, const CallersRun& y, Lanes lanes,
          const dnnl::engine& engine)
      : x_(extents(x, lanes), kFloat, memory::format_tag::any),
        weights_(weights_extents(shape, lanes), kFloat, memory::format_tag::any),
        bias_(bias_layout(shape)),
        y_(extents(y, lanes), kFloat, memory::format_tag::any),
        stride_(spatial(lanes, shape.stride, 1)),
        padding_(spatial(lanes, shape.padding, 0)),
        engine_(engine) {}

  dnnl::convolution_forward::primitive_desc forward(bool relu) const {
    dnnl::post_ops after;
    if (relu) append_relu(after);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    return describe<dnnl::convolution_forward>(attributes, dnnl::prop_kind::forward_training, kDirect, x_,
                                               weights_, bias_, y_, stride_, padding_, padding_);
  }
  dnnl::convolution_backward_data::primitive_desc backward_data() const {
    return describe<dnnl::convolution_backward_data>(forward(false), kDirect, x_, weights_, y_, stride_,
                                                     padding_, padding_);
  }
  dnnl::convolution_backward_weights::primitive_desc backward_weights() const {
    return describe<dnnl::convolution_backward_weights>(forward(false), kDirect, x_, weights_, y_, stride_,
                                                        padding_, padding_);
  }

 private:
  static constexpr auto kDirect = dnnl::algorithm::convolution_direct;

  static memory::dims spatial(Lanes lanes, std::size_t in_images, memory::dim along_lanes) {
    if (lanes == Lanes::depth) return {along_lanes, dim(in_images), dim(in_images)};
    return {dim(in_images), dim(in_images), along_lanes};
  }

  static void append_relu(dnnl::post_ops& after) {
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#else
    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#endif
  }

  // `last` is the argument of the primitive's description after its operands: attributes, or a forward hint.
  template <class Primitive, class Last, class... Operands>
  typename Primitive::primitive_desc describe(const Last& last, const Operands&... operands) const {
#if DNNL_VERSION_MAJOR >= 3
    return {engine_, operands..., last};
#else
    const typename Primitive::desc description(operands...);
    if constexpr (std::is_same_v<Last, dnnl::primitive_attr>)
      return {description, last, engine_};
    else
      return {description, engine_, last};
#endif
  }

  memory::desc x_, weights_, bias_, y_;
  memory::dims stride_, padding_;
  const dnnl::engine& engine_;
};

// A task for runs of one extent.
struct Plan {
  dnnl::primitive primitive;
  VolumeOperand x, weights, y;
};

// The key of a convolution's plans: panels and lanes of a run, borders and blocks of x and y.
using PlanKey =
    std::tuple<Task, std::size_t, std::size_t, std::size_t, std::size_t, std::size_t, std::size_t>;

// Returns the panels of a run. Reading and writing the weights should cost a run little beside its
// activations, which should stay in the cache.
std::size_t panels_a_run(const ConvolutionShape& shape) {
  constexpr std::size_t kActivationsPerWeight = 4;
  const std::size_t activations = kLanes * (shape.input.features() + shape.output().features());
  return std::max<std::size_t>(1, kActivationsPerWeight * element_count(shape.weights()) / activations);
}

class OneDnnConvolution {
 public:
  explicit OneDnnConvolution(const ConvolutionShape& shape) try
      : shape_(shape),
        panels_a_run_(panels_a_run(shape)),
        no_bias_(shape.outputs, 0.0f),
        bias_(bias_layout(shape), engine_, nullptr) {
  } catch (const dnnl::error& error) {
    throw_failure("convolution", error.status);
  }

  void forward(const float* weights, const float* bias, Activation activation, const Activations<float>& x,
               Activations<float>& y) {
    point_to(bias_, bias ? bias : no_bias_.data());
    const Task task = activation == Activation::relu ? Task::forward_relu : Task::forward;
    each_run(task, x, y, [&](Plan& plan, std::size_t panel) {
      float* y_run = y.row(panel, 0, 0);
      plan.primitive.execute(stream_, {{DNNL_ARG_SRC, plan.x.load(x.row(panel, 0, 0), stream_)},
                                       {DNNL_ARG_WEIGHTS, plan.weights.load(weights, stream_)},
                                       {DNNL_ARG_BIAS, bias_},
                                       {DNNL_ARG_DST, plan.y.place(y_run)}});
      plan.y.store(y_run, stream_);
    });
    clear_other_lanes(x, y, y);
  }

  void backward_data(const float* weights, const Activations<float>& dy, Activations<float>& dx) {
    each_run(Task::backward_data, dx, dy, [&](Plan& plan, std::size_t panel) {
      float* dx_run = dx.row(panel, 0, 0);
      plan.primitive.execute(stream_, {{DNNL_ARG_DIFF_DST, plan.y.load(dy.row(panel, 0, 0), stream_)},
                                       {DNNL_ARG_WEIGHTS, plan.weights.load(weights, stream_)},
                                       {DNNL_ARG_DIFF_SRC, plan.x.place(dx_run)}});
      plan.x.store(dx_run, stream_);
    });
    clear_other_lanes(dx, dy, dx);
  }

  void backward_weights(const Activations<float>& dy, const Activations<float>& x, bool accumulate,
                        float* gradient) {
    // Each run adds its own share.
    if (!accumulate) std::fill_n(gradient, element_count(shape_.weights()), 0.0f);
    each_run(Task::backward_weights, x, dy, [&](Plan& plan, std::size_t panel) {
      plan.primitive.execute(stream_, {{DNNL_ARG_SRC, plan.x.load(x.row(panel, 0, 0), stream_)},
                                       {DNNL_ARG_DIFF_DST, plan.y.load(dy.row(panel, 0, 0), stream_)},
                                       {DNNL_ARG_DIFF_WEIGHTS, plan.weights.place(gradient)}});
      plan.weights.store(gradient, stream_);
    });
  }

 private:
  // Calls body(plan, first panel) for each run of a batch.
  template <class Body>
  void each_run(Task task, const Activations<float>& x, const Activations<float>& y, const Body& body) try {
    omp_set_num_threads(1);  // applies to the calling thread only; oneDNN reads it at each call
    const auto run = [&](std::size_t panel, std::size_t panels, std::size_t lanes) {
      body(plan_for(task, {{x.shape(), panels, lanes}, x_block(x)}, {{y.shape(), panels, lanes}, y_block(y)}),
           panel);
    };
    const std::size_t whole = whole_panels(x, y);
    for (std::size_t panel = 0; panel < whole; panel += panels_a_run_)
      run(panel, std::min(panels_a_run_, whole - panel), kLanes);
    if (whole < x.panels()) run(whole, 1, last_lanes(x));
    stream_.wait();
  } catch (const dnnl::error& error) {
    throw_failure("convolution", error.status);
  }

  // Returns how many channels lie side by side.
  std::size_t x_block(const Activations<float>& x) const {
    return shape_.input.channels / x.image().channels;
  }
  std::size_t y_block(const Activations<float>& y) const { return shape_.outputs / y.image().channels; }

  // Returns the number of panels of which all lanes are computed. A last panel that is not full is a run of
  // its own, with fewer lanes, unless one run takes all panels: another run would read all weights again. In
  // blocks of channels only a lone panel has fewer.
  std::size_t whole_panels(const Activations<float>& x, const Activations<float>& y) const {
    const bool blocks = x_block(x) > 1 || y_block(y) > 1;
    if (x.panels() > 1 && (blocks || x.panels() <= panels_a_run_)) return x.panels();
    return images(x) / kLanes;
  }
  std::size_t images(const Activations<float>& x) const { return x.batch() / x_block(x); }
  // Returns how many lanes of a last panel that is not whole are computed.
  std::size_t last_lanes(const Activations<float>& x) const { return (images(x) % kLanes + 3) / 4 * 4; }

  // `a` is x or y, whichever was written.
  void clear_other_lanes(const Activations<float>& x, const Activations<float>& y,
                         Activations<float>& a) const {
    if (a.lanes() != kLanes || whole_panels(x, y) == x.panels()) return;
    const std::size_t lanes = last_lanes(x);
    for (std::size_t c = 0; c < a.image().channels; ++c)
      for (std::size_t i = 0; i < a.image().height; ++i)
        for (std::size_t j = 0; j < a.image().width; ++j)
          std::fill_n(a.row(a.panels() - 1, c, i) + j * kLanes + lanes, kLanes - lanes, 0.0f);
  }

  Plan& plan_for(Task task, const CallersRun& x, const CallersRun& y) {
    const PlanKey key{task,    x.panels.panels, x.panels.lanes, x.panels.shape.border, y.panels.shape.border,
                      x.block, y.block};
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    return plans_.emplace(key, make_plan(task, x, y)).first->second;
  }

  // Returns width, which is nearer to the caller's layout, unless oneDNN has code of its own only for depth,
  // or its code is wrong: that of AVX-512 for gradients of weights (2.6 at least) reads and writes beside its
  // arrays where strides along a volume's depth, here the image's height, lead at once from the padding
  // before to that behind.
  Lanes lanes_for(Task task, const CallersRun& x, const CallersRun& y) const {
    const bool is_short = shape_.input.height <= 2 * shape_.kernel_height;
    if (task == Task::backward_weights && shape_.stride > 1 && shape_.padding > 0 && is_short)
      return Lanes::depth;
    const Request wide(shape_, x, y, Lanes::width, engine_);
    const std::string code = task == Task::backward_data      ? wide.backward_data().impl_info_str()
                             : task == Task::backward_weights ? wide.backward_weights().impl_info_str()
                                                              : wide.forward(false).impl_info_str();
    return code.find("gemm") == std::string::npos ? Lanes::width : Lanes::depth;
  }

  Plan make_plan(Task task, const CallersRun& x, const CallersRun& y) {
    const Lanes lanes = lanes_for(task, x, y);
    const Request request(shape_, x, y, lanes, engine_);
    const memory::desc w = weights_layout(shape_, lanes);
    if (task == Task::backward_data) {
      const auto plan = request.backward_data();
      return {dnnl::convolution_backward_data(plan),
              {Use::write, x, lanes, plan.diff_src_desc(), x_room_, engine_},
              {Use::read, w, plan.weights_desc(), weights_room_, engine_},
              {Use::read, y, lanes, plan.diff_dst_desc(), y_room_, engine_}};
    }
    if (task == Task::backward_weights) {
      const auto plan = request.backward_weights();
      return {dnnl::convolution_backward_weights(plan),
              {Use::read, x, lanes, plan.src_desc(), x_room_, engine_},
              {Use::add, w, plan.diff_weights_desc(), weights_room_, engine_},
              {Use::read, y, lanes, plan.diff_dst_desc(), y_room_, engine_}};
    }
    const auto plan = request.forward(task == Task::forward_relu);
    return {dnnl::convolution_forward(plan),
            {Use::read, x, lanes, plan.src_desc(), x_room_, engine_},
            {Use::read, w, plan.weights_desc(), weights_room_, engine_},
            {Use::write, y, lanes, plan.dst_desc(), y_room_, engine_}};
  }

  ConvolutionShape shape_;
  std::size_t panels_a_run_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  AlignedVector<float> no_bias_;  // zeros
  memory bias_;
  AlignedVector<float> x_room_, weights_room_, y_room_;
  std::map<PlanKey, Plan> plans_;
};

// Returns the layout in panels of activations in blocks of channels of `image`; else `shape` as it is.
ActivationShape in_panels(const ActivationShape& shape, const ImageShape& image) {
  const std::size_t block = dense_channel_block();
  const ActivationShape panels{image, shape.batch / block, kLanes, 0};
  return image.channels % block == 0 && shape == in_channel_blocks(panels, block) ? panels : shape;
}

}  // namespace

template <class T>
struct DenseConvolution<T>::Implementation
    : std::conditional_t<std::is_same_v<T, float>, OneDnnConvolution, PlainConvolution> {
  using std::conditional_t<std::is_same_v<T, float>, OneDnnConvolution, PlainConvolution>::conditional_t;
};

template <class T>
DenseConvolution<T>::DenseConvolution(const ConvolutionShape& shape)
    : shape_(shape), implementation_(std::make_unique<Implementation>(shape)) {}
template <class T>
DenseConvolution<T>::~DenseConvolution() = default;

template <class T>
void DenseConvolution<T>::forward(const T* weights, const T* bias, Activation activation,
                                  const Activations<T>& x, Activations<T>& y) {
  check(x, y);
  implementation_->forward(weights, bias, activation, x, y);
}

template <class T>
void DenseConvolution<T>::backward_data(const T* weights, const Activations<T>& dy, Activations<T>& dx) {
  check(dx, dy);
  implementation_->backward_data(weights, dy, dx);
}

template <class T>
void DenseConvolution<T>::backward_weights(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                                           T* gradient) {
  check(x, dy);
  implementation_->backward_weights(dy, x, accumulate, gradient);
}

template <class T>
void DenseConvolution<T>::check(const Activations<T>& x, const Activations<T>& y) const {
  const ActivationShape x_panels = in_panels(x.shape(), shape_.input),
                        y_panels = in_panels(y.shape(), shape_.output());
  if (x_panels.image != shape_.input || y_panels.image != shape_.output())
    throw ConfigError("a convolution from " + to_string(shape_.input) + " to " + to_string(shape_.output()) +
                      " was called with activations of " + to_string(x.image()) + " and " +
                      to_string(y.image()));
  if (x_panels.batch != y_panels.batch)
    throw ConfigError("a convolution was called with batches of " + std::to_string(x_panels.batch) + " and " +
                      std::to_string(y_panels.batch) + " images");
  if (x_panels.lanes != kLanes || y_panels.lanes != kLanes)
    throw ConfigError("a convolution was called with panels of " + std::to_string(x.lanes()) + " and " +
                      std::to_string(y.lanes()) + " images: it needs " + std::to_string(kLanes));
}

template class DenseConvolution<float>;
template class DenseConvolution<double>;

}  // namespace ltlab
