#include "ltlab/nn/model_text.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"
#include "support/temporary_folder.h"

using namespace ltlab;

namespace {

using Kind = ModelText::Layer::Kind;

std::size_t count_parameters(const std::string& model, const ImageShape& image = {3, 32, 32}) {
  const Network<float> network = make_network<float>(model, image, 10, 16);
  std::size_t count = 0;
  for (const Parameter<float>* parameter : network.parameters()) count += parameter->size();
  return count;
}

std::size_t count_layers(const std::string& model) {
  return layer_names(model).size();
}

// "conv1 relu" for each layer, in the order of the steps.
std::vector<std::string> step_names(const std::string& model) {
  const Network<float> network = make_network<float>(model, {3, 32, 32}, 10, 1);
  std::vector<std::string> names;
  for (const Step<float>& step : network.steps()) names.push_back(step.layer->name());
  return names;
}

}  // namespace

TEST_CASE("A model's text tells its layers", "[nn]") {
  const ModelText model = parse_model_text(R"(
    channels = 8            # a comment
    conv channels*2 5x5 stride 2 padding 1 relu
    batch-norm
    repeat channels-6
      conv 4
      batch-norm relu
    end
    max-pool 3x2 stride 1; average-pool 2x2
    dropout 0.25
    linear classes
  )");
  REQUIRE(model.layers.size() == 10);
  const ModelText::Layer& conv = model.layers[0];
  CHECK(conv.kind == Kind::convolution);
  CHECK(conv.name == "conv1");
  CHECK(conv.outputs == 16);
  CHECK(conv.height == 5);
  CHECK(conv.stride == 2);
  CHECK(conv.padding == 1);
  CHECK(conv.relu);
  CHECK(conv.bias);  // its ReLU stands between it and the batch norm
  CHECK_FALSE(model.layers[2].bias);
  CHECK(model.layers[2].name == "conv2");
  CHECK(model.layers[4].name == "conv3");
  CHECK_FALSE(model.layers[1].relu);
  CHECK(model.layers[3].relu);
  CHECK(model.layers[6].kind == Kind::max_pooling);
  CHECK(model.layers[6].height == 3);
  CHECK(model.layers[6].width == 2);
  CHECK(model.layers[6].stride == 1);
  CHECK(model.layers[7].stride == 2);
  CHECK(model.layers[7].name == "pool2");
  CHECK(model.layers[8].rate == 0.25);
  CHECK(model.layers[9].outputs == 0);
}

TEST_CASE("A faulty line of a model is told with its number and what would be right", "[nn]") {
  const auto message = [](const std::string& text) {
    try {
      parse_model_text(text);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  using Catch::Contains;
  CHECK_THAT(message("conv 3\ncov 4\nlinear 2"),
             Contains("line 2 ('cov 4')") && Contains("did you mean 'conv'"));
  CHECK_THAT(message("conv 3; conv 4 rleu; linear 2"), Contains("part 2") && Contains("did you mean 'relu'"));
  CHECK_THAT(message("conv\nlinear 2"), Contains("line 1") && Contains("channels is missing"));
  CHECK_THAT(message("conv 0\nlinear 2"), Contains("at least 1"));
  CHECK_THAT(message("conv wide\nlinear 2"), Contains("no number") && Contains("NAME = NUMBER"));
  CHECK_THAT(message("w = 2\nconv w-3\nlinear 2"), Contains("line 2") && Contains("below 0"));
  CHECK_THAT(message("conv 3 stride\nlinear 2"), Contains("must follow 'stride'"));
  CHECK_THAT(message("conv 99999999999999999999\nlinear 2"), Contains("no number"));
  CHECK_THAT(message("max-pool\nlinear 2"), Contains("2x2"));
  CHECK_THAT(message("dropout 1\nlinear 2"), Contains("below 1"));
  CHECK_THAT(message("residual\nconv 3\nlinear 2"), Contains("line 1") && Contains("'end' must follow"));
  CHECK_THAT(message("conv 3\nend\nlinear 2"), Contains("line 2"));
  CHECK_THAT(message("residual\nend\nlinear 2"), Contains("must be layers between"));
  CHECK_THAT(message("residual\nconv 3 relu\nend\nlinear 2"), Contains("line 3") && Contains("'conv1'"));
  CHECK_THAT(message("residual\nresidual\nconv 3\nend\nend\nlinear 2"), Contains("line 5"));
  CHECK_THAT(message("repeat 2\nconv 3\nend relu\nlinear 2"), Contains("line 3"));
  CHECK_THAT(message("repeat 200\nrepeat 200\nconv 3\nend\nend\nlinear 2"),
             Contains("more than 10000 layers"));
  CHECK_THAT(message("repeat 1000000\nrepeat 1000000\nend\nend\nlinear 2"), Contains("more than 10000000"));
  CHECK_THAT(message("conv 3 stride 2 stride 3\nlinear 2"), Contains("'stride' is given twice"));
  CHECK_THAT(message("classes = 4\nlinear 2"), Contains("line 1") && Contains("name of a setting"));
  CHECK_THAT(message("3 = 4\nlinear 2"), Contains("begins with a letter"));
  CHECK_THAT(message("repeat = 4\nlinear 2"), Contains("nor a layer"));
  CHECK_THAT(message("linear 3 relu relu\nlinear 2"), Contains("'relu' is given twice"));
  std::string deep;
  for (int i = 0; i < 101; ++i) deep += "repeat 1\n";
  CHECK_THAT(message(deep), Contains("line 1 ") && Contains("more than 100 blocks"));
  CHECK_THAT(message("linear 2 relu"), Contains("last line must be 'linear classes'"));
  CHECK_THAT(message(""), Contains("last line must be 'linear classes'"));
  CHECK_THAT(message("linear 2\nconv 3"), Contains("last line must be 'linear classes'"));
  CHECK(message("linear 2") == "no error");
}

TEST_CASE("Lines that do not fit the image are told too", "[nn]") {
  const auto make = [](const std::string& model) { make_network<float>(model, {3, 8, 8}, 10, 4); };
  using Catch::Contains;
  CHECK_THROWS_WITH(make("conv 4 9x9 padding 0; linear classes"),
                    Contains("part 1") && Contains("3 x 8 x 8"));
  CHECK_THROWS_WITH(make("conv 4 2x2; linear classes"), Contains("padding 0"));
  CHECK_THROWS_WITH(make("conv 4; max-pool 9x9; linear classes"), Contains("part 2") && Contains("9 x 9"));
  CHECK_THROWS_WITH(make("conv 4; residual; conv 3; end; linear classes"),
                    Contains("part 2") && Contains("4 x 8 x 8"));
  CHECK_THROWS_WITH(make("residual; conv 3 3x1 padding 0; end; linear classes"), Contains("part 1"));
  CHECK_THROWS_WITH(make("linear 7"), Contains("7 classes"));
  CHECK_THROWS_WITH(make("conv 1000000; conv 1000000; linear classes"),
                    Contains("part 2") && Contains("268435456 weights"));
  CHECK_THROWS_WITH(make("conv 128 1x1; conv 524288 524288x524288 padding 262144 stride 33; linear classes"),
                    Contains("part 2") && Contains("too large"));
  CHECK_THROWS_WITH(make("conv 4 3x3 padding 128; linear classes"),
                    Contains("part 1") && Contains("65535 values"));
  CHECK_THROWS_WITH(make("linear 1000000; linear 1000; linear classes"), Contains("part 2"));
  CHECK_THROWS_WITH(make("inputs 9; linear classes"), Contains("9 inputs"));
  CHECK_THROWS_AS(make("conv 4; residual; conv 3; end; linear classes"), ConfigError);
}

TEST_CASE("A residual block's shortcut is no step of its own where the shape stays", "[nn]") {
  CHECK(step_names("conv 4; residual; conv 4; end; linear classes") ==
        std::vector<std::string>{"conv1", "conv2", "fc1"});
  CHECK(step_names("conv 4; residual; conv 6 stride 2; end; linear classes") ==
        std::vector<std::string>{"conv1", "shortcut1", "conv2", "fc1"});
  const Network<float> network =
      make_network<float>("conv 4; residual; conv 6 stride 2; end relu; linear classes", {3, 9, 8}, 10, 1);
  const Step<float>& sum = network.steps()[2];
  CHECK(sum.input == 1);
  CHECK(sum.shortcut == 2);
  CHECK(sum.activation == Activation::relu);
  CHECK(sum.layer->output() == ImageShape{6, 5, 4});
}

TEST_CASE("Residual networks and VGGs have the papers' layers and parameters", "[nn]") {
  // He et al. 2016, table 6: 0.27, 0.46, 0.66, 0.85 million.
  CHECK(count_parameters("resnet-20") == 269'722);
  CHECK(count_parameters("resnet-32") == 464'154);
  CHECK(count_parameters("resnet-44") == 658'586);
  CHECK(count_parameters("resnet-56") == 853'018);
  CHECK(count_layers("resnet-56") == 56);
  CHECK(count_parameters("resnet-20:width=2") > 3.9 * count_parameters("resnet-20"));
  for (const std::size_t layers : {11, 13, 16, 19}) {
    // Two of its three fully connected layers are left out.
    CHECK(count_layers("vgg-" + std::to_string(layers)) == layers - 2);
  }
  CHECK(count_parameters("vgg-16") == 14'724'042);
  CHECK(count_parameters("lenet-5", {1, 28, 28}) == 61'706);
  CHECK(make_network<float>("lenet-300-100", {1, 28, 28}, 47, 1).steps().back().layer->output().channels ==
        47);
}

TEST_CASE("Settings replace those of a built-in model or a file, and nothing hangs on the file", "[nn]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() / "own.txt";
  std::ofstream(path) << "width = 1  # channels\nconv 2*width relu\n\nlinear classes\n";
  CHECK(read_model(path) == "width = 1; conv 2*width relu; linear classes");
  CHECK(read_model(path + ":width=3") == "width = 3; conv 2*width relu; linear classes");
  CHECK(read_model(read_model(path)) == read_model(path));
  CHECK(read_model("resnet-20:width=2") == "resnet-20:width=2");
  CHECK(count_parameters(read_model(path), {1, 2, 2}) == 2 * 9 + 2 + 8 * 10 + 10);
  CHECK_THROWS_WITH(read_model(path + ":wide=3"), Catch::Contains("own.txt") && Catch::Contains("'width'"));
  CHECK_THROWS_WITH(read_model("lenet-5:width=3"), Catch::Contains("no setting 'width'"));
  CHECK_THROWS_WITH(read_model("resnet-20:width=two"), Catch::Contains("'two' is no number"));
  CHECK_THROWS_WITH(read_model("resnet-20:width=2,"), Catch::Contains("commas between"));
  CHECK_THROWS_WITH(read_model("resnet-20:width=2,width=3"), Catch::Contains("'width' is given twice"));
  CHECK_THROWS_WITH(read_model("resnet-21"), Catch::Contains("did you mean 'resnet-20'"));
  CHECK_THROWS_AS(read_model(folder.path()), ConfigError);
  std::ofstream(path) << "conv 2\n\nconf 3\nlinear classes\n";
  CHECK_THROWS_WITH(read_model(path), Catch::Contains("own.txt") && Catch::Contains("line 3"));
}

TEST_CASE("Every built-in model's text reads the same on one line", "[nn]") {
  for (const BuiltInModel& model : built_in_models()) {
    INFO(model.name);
    CHECK(layer_names(one_line(model_text(model.name))) == layer_names(model.name));
    CHECK(count_parameters(one_line(model_text(model.name)), model.image) ==
          count_parameters(model.name, model.image));
  }
}
