#include "search_options.h"

namespace ltlab::app {
namespace {

// How the small networks of Frankle & Carbin 2019 are trained, here and in the quick presets.
const std::string kAdam = R"(
init = glorot-normal-truncated
batch = 60
optimizer = adam
)";

// Frankle & Carbin 2019, figure 2 and appendix G: the paper's own settings.
const std::string kPaper = kAdam + R"(
validation = 5000
validate-every = 100
rate = 0.2
output-rate = 0.1
scope = layerwise
rewind = 0
target-density = 0.02
)";
const std::string kLenetMnist = R"(
data = mnist
model = lenet-300-100
steps = 50000
learning-rate = 0.0012
)";

// The same experiment on the embedded glyphs, small enough for a first look.
const std::string kQuick = R"(
data = embedded
validation = 2000
embedded-train = 20000
embedded-test = 5000
model = lenet-300-100
steps = 3000
validate-every = 100
learning-rate = 0.0012
rate = 0.4
output-rate = 0.2
target-density = 0.02
control = random-reinit
replicates = 5
)";

// Frankle & Carbin 2019, figure 2; output layers as in appendix H.2. Iterations, learning rate and the rate
// of convolutions (appendix H.4) are each network's own.
const std::string kConv2 = R"(
data = cifar10
model = conv-2
steps = 20000
learning-rate = 0.0002
convolution-rate = 0.1
)";
const std::string kConv4 = R"(
data = cifar10
model = conv-4
steps = 25000
learning-rate = 0.0003
convolution-rate = 0.1
)";
const std::string kConv6 = R"(
data = cifar10
model = conv-6
steps = 30000
learning-rate = 0.0003
convolution-rate = 0.15
)";

// He et al. 2016, section 4.2: data, training and initialization. Pruning as in Frankle & Carbin 2019,
// appendix I: convolutions globally, and not the output layer.
const std::string kResidual = R"(
data = cifar10
augment = crop-flip
init = kaiming-normal
optimizer = sgd
momentum = 0.9
weight-decay = 0.0001
schedule = step
output-rate = 0
scope = global
)";
const std::string kResidualCifar = kResidual + R"(
validation = 5000
batch = 128
validate-every = 500
milestones = 32000,48000
rate = 0.2
)";
// Rewound to where its subnetworks become stable (Frankle et al. 2020, section 4.3). That paper trains it for
// 63 thousand steps, Frankle & Carbin 2019 for 30 thousand, with drops at 20 and 25 thousand.
const std::string kResnet20 = R"(
model = resnet-20
steps = 64000
learning-rate = 0.1
rewind = 500
target-density = 0.05
)";
// The variant of Frankle et al. 2020 that needs no rewinding. Frankle & Carbin 2019 warm up for 20 of their
// 30 thousand steps.
const std::string kResnet20Warmup = R"(
model = resnet-20
steps = 64000
learning-rate = 0.03
warmup = 30000
rewind = 0
target-density = 0.05
)";
// Frankle et al. 2020; the VGG of Frankle & Carbin 2019 is VGG-19.
const std::string kVgg16 = R"(
model = vgg-16
steps = 63000
learning-rate = 0.1
rewind = 1000
target-density = 0.01
)";

// As above, but fewer and harder rounds of short trainings, which show how it goes and not how far.
const std::string kConvQuick = kAdam + R"(
data = cifar10
validation = 1000
validate-every = 50
learning-rate = 0.0006
rate = 0.6
convolution-rate = 0.4
output-rate = 0.3
scope = layerwise
rewind = 0
levels = 3
control = random-reinit
)";
const std::string kResidualQuick = kResidual + R"(
validation = 1000
validate-every = 50
levels = 2
)";
const std::string kResnet20Quick = R"(
model = resnet-20
steps = 400
batch = 64
learning-rate = 0.1
milestones = 200,300
rate = 0.6
rewind = 40
)";
// At a rate of 0.1, so few steps would teach it nothing.
const std::string kVgg16Quick = R"(
model = vgg-16
steps = 200
batch = 32
learning-rate = 0.01
milestones = 100,150
rate = 0.8
rewind = 20
)";

}  // namespace

const std::map<std::string, std::string>& presets() {
  static const std::map<std::string, std::string> table = {
      {"lenet-mnist", kPaper + kLenetMnist},
      {"quick", kAdam + kQuick},
      {"conv2-cifar", kPaper + kConv2},
      {"conv4-cifar", kPaper + kConv4},
      {"conv6-cifar", kPaper + kConv6},
      {"resnet20-cifar", kResidualCifar + kResnet20},
      {"resnet20-cifar-warmup", kResidualCifar + kResnet20Warmup},
      {"vgg16-cifar", kResidualCifar + kVgg16},
      {"conv2-cifar-quick", kConvQuick + "model = conv-2\nsteps = 500\n"},
      {"conv4-cifar-quick", kConvQuick + "model = conv-4\nsteps = 300\n"},
      {"conv6-cifar-quick", kConvQuick + "model = conv-6\nsteps = 200\n"},
      {"resnet20-cifar-quick", kResidualQuick + kResnet20Quick},
      {"vgg16-cifar-quick", kResidualQuick + kVgg16Quick},
  };
  return table;
}

}  // namespace ltlab::app
