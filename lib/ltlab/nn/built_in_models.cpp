#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

constexpr const char* kLenet300100 = R"(# Fully connected (LeCun et al. 1998)
inputs 784
linear 300 relu
linear 100 relu
linear classes
)";

constexpr const char* kLenet5 = R"(# LeNet-5 (LeCun et al. 1998, section II.B), with ReLU and max-pooling
conv 6 5x5
max-pool 2x2 relu
conv 16 5x5 padding 0
max-pool 2x2 relu
linear 120 relu
linear 84 relu
linear classes
)";

constexpr const char* kConv2 = R"(# Conv-2 (Frankle & Carbin 2019, figure 2)
conv 64 relu
conv 64
max-pool 2x2 relu
linear 256 relu
linear 256 relu
linear classes
)";

constexpr const char* kConv4 = R"(# Conv-4 (Frankle & Carbin 2019, figure 2)
conv 64 relu
conv 64
max-pool 2x2 relu
conv 128 relu
conv 128
max-pool 2x2 relu
linear 256 relu
linear 256 relu
linear classes
)";

constexpr const char* kConv6 = R"(# Conv-6 (Frankle & Carbin 2019, figure 2)
conv 64 relu
conv 64
max-pool 2x2 relu
conv 128 relu
conv 128
max-pool 2x2 relu
conv 256 relu
conv 256
max-pool 2x2 relu
linear 256 relu
linear 256 relu
linear classes
)";

constexpr const char* kResnet =
    R"(# Residual network for CIFAR, 6 blocks + 2 layers (He et al. 2016, section 4.2)
blocks = 3
width = 1

conv 16*width
batch-norm relu
repeat blocks
  residual
    conv 16*width
    batch-norm relu
    conv 16*width
    batch-norm
  end relu
end

residual
  conv 32*width stride 2
  batch-norm relu
  conv 32*width
  batch-norm
end relu
repeat blocks-1
  residual
    conv 32*width
    batch-norm relu
    conv 32*width
    batch-norm
  end relu
end

residual
  conv 64*width stride 2
  batch-norm relu
  conv 64*width
  batch-norm
end relu
repeat blocks-1
  residual
    conv 64*width
    batch-norm relu
    conv 64*width
    batch-norm
  end relu
end

global-average-pool
linear classes
)";

constexpr const char* kVgg =
    R"(# VGG for CIFAR, 2 early + 3 late + 1 layers (Simonyan & Zisserman 2015, table 1)
early = 2
late = 3
width = 1

repeat early
  conv 64*width
  batch-norm relu
end
max-pool 2x2
repeat early
  conv 128*width
  batch-norm relu
end
max-pool 2x2
repeat late
  conv 256*width
  batch-norm relu
end
max-pool 2x2
repeat late
  conv 512*width
  batch-norm relu
end
max-pool 2x2
repeat late
  conv 512*width
  batch-norm relu
end
global-average-pool
linear classes
)";

constexpr ImageShape kMnist{1, 28, 28}, kCifar{3, 32, 32};

}  // namespace

const std::vector<BuiltInModel>& built_in_models() {
  static const std::vector<BuiltInModel> models = {
      {"lenet-300-100", kLenet300100, {}, kMnist},
      {"lenet-5", kLenet5, {}, kMnist},
      {"conv-2", kConv2, {}, kCifar},
      {"conv-4", kConv4, {}, kCifar},
      {"conv-6", kConv6, {}, kCifar},
      {"resnet-20", kResnet, {{"blocks", "3"}}, kCifar},
      {"resnet-32", kResnet, {{"blocks", "5"}}, kCifar},
      {"resnet-44", kResnet, {{"blocks", "7"}}, kCifar},
      {"resnet-56", kResnet, {{"blocks", "9"}}, kCifar},
      {"vgg-11", kVgg, {{"early", "1"}, {"late", "2"}}, kCifar},
      {"vgg-13", kVgg, {{"early", "2"}, {"late", "2"}}, kCifar},
      {"vgg-16", kVgg, {{"early", "2"}, {"late", "3"}}, kCifar},
      {"vgg-19", kVgg, {{"early", "2"}, {"late", "4"}}, kCifar},
  };
  return models;
}

}  // namespace ltlab
