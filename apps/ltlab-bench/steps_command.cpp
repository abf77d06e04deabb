#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "commands.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/kernels/sparse_products.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/models.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/train/trainer.h"
#include "measuring.h"

namespace ltlab::bench {
namespace po = boost::program_options;
namespace {

// Timed stretches of steps, as in scripts/bench_pytorch.py: fewer where a step takes long.
constexpr double kMostBlocks = 7, kLeastBlocks = 3;

struct Request {
  std::string model = "lenet-300-100", optimizer = "adam", kernel = "auto";
  std::size_t batch = 60, threads = 1;
  double density = 1, seconds = 5;
  std::uint64_t seed = 0;
  bool json = false, help = false;
};

Request parse(const Arguments& arguments) {
  Request r;
  po::options_description options("Options", 110, 55);
  const auto word = [](std::string& to) { return po::value(&to)->value_name("NAME"); };
  // One line per option reads best.
  // clang-format off
  options.add_options()("help", po::bool_switch(&r.help), "show this text")
      ("model", word(r.model), "as ltlab search --model (lenet-300-100)")
      ("batch", po::value(&r.batch)->value_name("N"), "images a step (60)")
      ("optimizer", word(r.optimizer), "adam (default) | sgd, which has momentum 0.9 and weight decay 1e-4")
      ("density", po::value(&r.density)->value_name("D"), "of each prunable parameter, at random places (1)")
      ("kernel", word(r.kernel), "auto (default) | dense | sparse")
      ("threads", po::value(&r.threads)->value_name("T"), "networks trained side by side, one a thread (1)")
      ("seconds", po::value(&r.seconds)->value_name("S"), "to measure, in 7 blocks or 3 longer steps (5)")
      ("seed", po::value(&r.seed)->value_name("N"), "(0)")
      ("json", po::bool_switch(&r.json), "print for machines: one JSON object");
  // clang-format on
  app::parse_arguments(arguments, options);
  if (!(r.density > 0 && r.density <= 1)) throw ConfigError("--density must be above 0 and at most 1");
  if (r.threads == 0 || r.batch == 0) throw ConfigError("--threads and --batch must be at least 1");
  if (r.help) {
    std::cout
        << "Usage: ltlab-bench steps [OPTION...]\n\nMeasures whole training steps on random images: batches "
           "gathered, forward and backward pass,\noptimizer, as a search trains them, without validation.\n\n"
        << options;
  }
  return r;
}

// Returns bytes like MNIST's and CIFAR-10's, of the size that scripts/bench_pytorch.py draws from.
TrainingData random_data(const Request& request) {
  Dataset data;
  data.name = "random";
  data.classes = 10;
  ImageSet& train = data.train;
  train.shape = usual_image(request.model);
  const std::size_t images = train.shape.features() == 784 ? 60000 : 10000;
  AlignedVector<std::uint8_t> pixels(images * train.shape.features());
  RandomStream stream({request.seed, "pixels", 0, 0});
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(stream() >> 56);
  train.pixels = std::move(pixels);
  for (std::size_t i = 0; i < images; ++i)
    train.labels.push_back(static_cast<std::uint8_t>(stream.below(10)));
  data.normalization.scale.assign(train.shape.channels, 1.0f / 74.0f);  // deviation 1
  data.normalization.shift.assign(train.shape.channels, -127.5f / 74.0f);
  data.training.resize(images);
  std::iota(data.training.begin(), data.training.end(), 0u);
  data.validation.assign(data.training.begin(), data.training.begin() + 1);  // a Trainer looks at it once
  data.test.shape = train.shape;
  data.test.pixels = AlignedVector<std::uint8_t>();
  const ActivationShape layout = input_layout(request.model, train.shape, data.classes, request.batch);
  return TrainingData(std::move(data), layout);
}

TrainingConfig training_config(const Request& request) {
  TrainingConfig config;
  config.steps = config.validate_every = std::numeric_limits<std::uint64_t>::max();
  config.batch = request.batch;
  config.optimizer.kind = optimizer_names().parse(request.optimizer);
  if (config.optimizer.kind == OptimizerConfig::Kind::sgd) {
    config.optimizer.momentum = 0.9;
    config.optimizer.weight_decay = 1e-4;
    config.learning_rate.base = 0.01;
  }
  return config;
}

// One network in training, like that of a search's worker.
class Training {
 public:
  Training(const Request& request, const TrainingData& data, std::uint64_t seed)
      : network_(make_network<float>(request.model, data.dataset.train.shape, data.dataset.classes,
                                     request.batch)) {
    std::vector<Tensor> weights;
    std::vector<Mask> masks;
    for (const Parameter<float>* p : network_.arrays()) {
      weights.push_back(draw_initial(p->info(), Initialization::glorot_normal, seed, "init", 0, 0));
      if (!p->info().prunable) continue;
      masks.push_back(full_mask(p->info().name, p->info().shape));
      const double kept = std::max(1.0, std::round(request.density * static_cast<double>(p->dense_size())));
      std::fill(masks.back().keep.begin() + static_cast<std::ptrdiff_t>(kept), masks.back().keep.end(), 0);
    }
    network_.assign(weights);
    network_.apply(random_masks(masks, seed, 0, 0));
    choices_ = network_.choose_kernels(parse_kernel_policies(request.kernel));
    trainer_ = std::make_unique<Trainer>(network_, data, training_config(request), seed, 0, 0);
  }

  void advance(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps; ++i) trainer_->advance();
  }

  const Network<float>& network() const { return network_; }
  const std::vector<KernelChoice>& choices() const { return choices_; }

 private:
  Network<float> network_;
  std::vector<KernelChoice> choices_;
  std::unique_ptr<Trainer> trainer_;  // refers to network_
};

using Trainings = std::vector<std::unique_ptr<Training>>;

// Returns the seconds until every network has done `steps` more.
double advance(const Trainings& trainings, std::uint64_t steps) {
  const double start = seconds_of(CLOCK_MONOTONIC);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < trainings.size(); ++i)
      others.emplace_back([&training = *trainings[i], steps] { training.advance(steps); });
    trainings.front()->advance(steps);
  }
  return seconds_of(CLOCK_MONOTONIC) - start;
}

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

struct Rates {
  std::vector<double> steps_per_second;  // of all networks together, one value per block
  double processor_share = 0;            // of the threads' time, with a core
};

Rates measure(const Trainings& trainings, double seconds) {
  double spent = 0;
  std::uint64_t warm_up = 0;
  for (std::uint64_t steps = 1; warm_up == 0 || spent < 0.2 * seconds; steps *= 2) {
    spent += advance(trainings, steps);
    warm_up += steps;
  }
  const double fitting = std::floor(static_cast<double>(warm_up) / spent * seconds);  // steps
  const double blocks = std::clamp(fitting, kLeastBlocks, kMostBlocks);
  const auto steps = static_cast<std::uint64_t>(std::max(1.0, fitting / blocks));
  const auto networks = static_cast<double>(trainings.size());
  Rates rates;
  double elapsed = 0;
  const double processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (int block = 0; block < static_cast<int>(blocks); ++block) {
    const double taken = advance(trainings, steps);
    rates.steps_per_second.push_back(networks * static_cast<double>(steps) / taken);
    elapsed += taken;
  }
  rates.processor_share = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - processor) / elapsed / networks;
  return rates;
}

nlohmann::ordered_json report(const Request& request, const Training& training, const Rates& rates) {
  const Spread of = spread(rates.steps_per_second);
  nlohmann::ordered_json kernels = nlohmann::ordered_json::array();
  for (const KernelChoice& choice : training.choices()) {
    kernels.push_back({{"parameter", choice.parameter},
                       {"product", to_string(choice.product)},
                       {"kernel", to_string(choice.kernel)}});
  }
  const Flops flops = training.network().flops();
  return {{"model", request.model},
          {"batch", request.batch},
          {"optimizer", request.optimizer},
          {"density", request.density},
          {"steps_per_second", rates.steps_per_second},
          {"median", of.median},
          {"min", of.min},
          {"max", of.max},
          {"processor_share", rates.processor_share},
          {"threads", request.threads},
          {"peak_rss_mb", peak_rss_mb()},
          {"flops_per_image", flops.kernels},
          {"dense_flops_per_image", flops.dense},
          {"kernel", request.kernel},
          {"kernels", kernels},
          {"simd_target", simd_target()}};
}

void print_text(const nlohmann::ordered_json& report) {
  const auto number = [&](const char* name) { return report[name].get<double>(); };
  std::cout << report["model"].get<std::string>() << ", batch " << report["batch"] << ", "
            << report["optimizer"].get<std::string>() << ", density " << 100 * number("density") << " %, "
            << report["threads"] << " thread(s): " << number("median") << " steps/s [" << number("min")
            << ", " << number("max") << "], peak " << number("peak_rss_mb") << " MB\n";
  if (number("processor_share") < 0.95) {
    std::cout << "It had " << std::lround(100 * number("processor_share"))
              << " % of its thread(s)' time: other processes took the rest.\n";
  }
}

}  // namespace

int steps_command(const Arguments& arguments) {
  const Request request = parse(arguments);
  if (request.help) return 0;
  const TrainingData data = random_data(request);
  Trainings trainings;
  for (std::size_t i = 0; i < request.threads; ++i)
    trainings.push_back(std::make_unique<Training>(request, data, request.seed + i));
  const nlohmann::ordered_json result =
      report(request, *trainings.front(), measure(trainings, request.seconds));
  if (request.json) {
    std::cout << result.dump() << '\n';
  } else {
    print_text(result);
  }
  return 0;
}

}  // namespace ltlab::bench
