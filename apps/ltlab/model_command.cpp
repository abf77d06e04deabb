#include <boost/program_options.hpp>
#include <charconv>
#include <iostream>
#include <string>
#include <vector>

#include "commands.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/data/dataset.h"
#include "ltlab/nn/model_text.h"
#include "ltlab/nn/models.h"
#include "text_table.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

using nlohmann::ordered_json;

constexpr char kUsage[] =
    R"(usage: ltlab model NAME|FILE|TEXT [--image CxHxW] [--classes N] [--data SOURCE] [--text] [--json]
       ltlab model list

Shows a model: its layers, the shapes of their outputs, parameters, and the FLOPs of one image's forward pass (a
multiply-add counted as two, products with weights only). What is prunable is pruned by `ltlab search`.

NAME is a built-in model (`ltlab model list`), with or without settings: resnet-20, resnet-20:width=2; or
mlp:INPUTS-WIDTH-...-CLASSES. A model of your own is a FILE, or a TEXT with semicolons between its lines:

    conv CHANNELS [HxW] [stride N] [padding N] [relu]     3x3; stride 1; padding that keeps height and width;
                                                          without bias where batch-norm follows
    linear OUTPUTS [relu]                                 'classes' is the data's number of classes
    batch-norm [relu]
    max-pool HxW [stride N], average-pool HxW [stride N]  stride: the window's height
    global-average-pool
    dropout RATE
    residual ... end [relu]                               the lines between, and their input on top; where they
                                                          change its shape, subsampled, with channels of zeros
    repeat N ... end                                      the lines between, N times
    inputs N                                              values that an image must have
    NAME = N                                              a setting, for numbers NAME, A*B, A-B below

The last line is 'linear classes'. `ltlab model resnet-20 --text` shows an example. `ltlab search --model` takes the
same names, files and texts.

)";

struct Request {
  std::string model, image, data, directory;
  std::size_t classes = 10;
  bool text = false, json = false;
};

po::options_description make_options(Request& request) {
  po::options_description options("options");
  auto add = options.add_options();
  add("help,h", "tell all this");
  add("image", po::value(&request.image)->value_name("CxHxW"),
      "channels, height and width (what the model is made for, or else 3x32x32)");
  add("classes", po::value(&request.classes)->value_name("N"), "(10)");
  add("data", po::value(&request.data)->value_name("SOURCE"),
      "images and classes of this data, as ltlab search --data");
  add("data-dir", po::value(&request.directory)->value_name("DIR"), "where the data are");
  add("text", po::bool_switch(&request.text), "print the model's text instead");
  add("json", po::bool_switch(&request.json), "print for machines: one JSON document");
  return options;
}

ImageShape parse_image(const std::string& text) {
  std::vector<std::size_t> extents;
  for (const char *at = text.data(), *const end = at + text.size(); at < end; ++at) {
    std::size_t extent = 0;
    const auto [next, error] = std::from_chars(at, end, extent);
    if (error != std::errc() || extent == 0 || extent > 10'000 || (next != end && *next != 'x')) break;
    extents.push_back(extent);
    at = next;
    if (next == end && extents.size() == 3) return {extents[0], extents[1], extents[2]};
  }
  throw ConfigError("--image '" + text + "' is no image: channels, height and width, as in 3x32x32");
}

// Flat features are described by their number.
std::string extents(const ImageShape& shape) {
  return shape.height == 1 && shape.width == 1 ? std::to_string(shape.channels) : to_string(shape);
}

// "1,234,567"
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

// One step of a network, as a row of the table.
struct Row {
  std::string name, from, plus;  // names of layers, "images"; `plus` is empty without a shortcut
  ImageShape input, output;
  std::size_t parameters = 0, prunable = 0, flops = 0;

  std::string reads() const { return plus.empty() ? from : from + " + " + plus; }
};

Row describe(const Network<float>& network, const Step<float>& step) {
  const auto name_of = [&](std::size_t output) {
    return output == 0 ? std::string("images") : network.steps()[output - 1].layer->name();
  };
  Row row{step.layer->name(), name_of(step.input), step.shortcut ? name_of(*step.shortcut) : "",
          step.layer->input(), step.layer->output()};
  for (const Parameter<float>* parameter : step.layer->parameters()) {
    const std::size_t size = parameter->dense_size();
    row.parameters += size;
    if (!parameter->info().prunable) continue;
    row.prunable += size;
    row.flops += 2 * size * row.output.height * row.output.width;
  }
  return row;
}

std::vector<Row> describe(const Network<float>& network) {
  std::vector<Row> rows;
  for (const Step<float>& step : network.steps()) rows.push_back(describe(network, step));
  return rows;
}

Row total_of(const std::vector<Row>& rows) {
  Row total;
  total.name = "total";
  for (const Row& row : rows) {
    total.parameters += row.parameters;
    total.prunable += row.prunable;
    total.flops += row.flops;
  }
  return total;
}

void show_text(const std::vector<Row>& rows) {
  const auto count = [](std::size_t number) { return number > 0 ? grouped(number) : std::string("-"); };
  TextTable table{"", {"layer", "reads"}, {}};
  table.add({"output", "parameters", "prunable", "FLOPs"}, Align::right);
  for (const Row& row : rows) {
    table.rows.push_back({row.name, row.reads(), extents(row.output), count(row.parameters),
                          count(row.prunable), count(row.flops)});
  }
  const Row total = total_of(rows);
  table.rows.push_back(
      {total.name, "", "", grouped(total.parameters), grouped(total.prunable), grouped(total.flops)});
  print_terminal(std::cout, table);
}

ordered_json extents_json(const ImageShape& shape) {
  return {shape.channels, shape.height, shape.width};
}

// Returns what the table tells, and all that another program needs to compute the same: what the layer does,
// its inputs, and what comes on top and behind.
ordered_json layer_json(const ModelText::Layer& layer, const Row& row) {
  const std::size_t padding =
      layer.kind == ModelText::Layer::Kind::convolution ? layer.padding.value_or(layer.height / 2) : 0;
  return {{"name", row.name},
          {"reads", row.reads()},
          {"output", extents_json(row.output)},
          {"parameters", row.parameters},
          {"prunable", row.prunable},
          {"flops", row.flops},
          {"kind", layer.word},
          {"from", row.from},
          {"input", extents_json(row.input)},
          {"window", {layer.height, layer.width}},
          {"stride", layer.stride},
          {"padding", padding},
          {"bias", layer.bias},
          {"rate", layer.rate},
          {"relu", layer.relu},
          {"plus", json_if(!row.plus.empty(), row.plus)},
          {"sum_relu", layer.sum_relu}};
}

void show_json(const std::string& description, const ImageShape& image, const std::vector<Row>& rows) {
  const ModelText text = parse_model_text(model_text(description));
  const auto json_of = [&](const Row& row) { return layer_json(*find_named(text.layers, row.name), row); };
  const Row total = total_of(rows);
  print_json(std::cout, {{"model", description},
                         {"image", extents_json(image)},
                         {"layers", json_array(rows, json_of)},
                         {"parameters", total.parameters},
                         {"prunable", total.prunable},
                         {"flops", total.flops}});
}

// Lists the models by name, with the images that each is made for.
void list_models_json() {
  print_json(std::cout, json_array(built_in_models(), [](const BuiltInModel& model) {
               return ordered_json{{"name", model.name}, {"image", extents_json(model.image)}};
             }));
}

// Lists the models' names, with the first line of their texts.
void list_models() {
  TextTable table{"", {"", ""}, {}};
  for (const BuiltInModel& model : built_in_models())
    table.rows.push_back({model.name, model.text.substr(2, model.text.find('\n') - 2)});
  table.rows.push_back({"mlp:784-500-10", "fully connected, of any widths from inputs to classes"});
  table.rows.push_back({"FILE", "your own: see ltlab model --help"});
  print_terminal(std::cout, table);
}

void show(Request request) {
  const std::string description = read_model(request.model);
  if (request.text) {
    const std::string text = model_text(description);
    std::cout << text << (text.ends_with('\n') ? "" : "\n");
    return;
  }
  ImageShape image = request.image.empty() ? usual_image(description) : parse_image(request.image);
  if (!request.data.empty()) {
    DatasetOptions options;
    options.source = request.data;
    options.directory = request.directory;
    options.validation = 0;  // however few images there are
    const Dataset data = load_dataset(options);
    image = data.train.shape;
    request.classes = data.classes;
  }
  const std::vector<Row> rows = describe(make_network<float>(description, image, request.classes, 1));
  if (request.json) {
    show_json(description, image, rows);
  } else {
    show_text(rows);
  }
}

}  // namespace

int model_command(const Arguments& arguments) {
  Request request;
  const po::options_description options = make_options(request);
  po::options_description all(options);
  all.add_options()("model", po::value(&request.model));
  const po::variables_map values =
      parse_arguments(arguments, all, po::positional_options_description().add("model", 1));
  if (print_help(values, kUsage, options)) return 0;
  if (request.model.empty())
    throw ConfigError("ltlab model: name a model, or 'list' to see which there are; see --help");
  if (!request.data.empty() && (!request.image.empty() || values.count("classes") > 0))
    throw ConfigError("--data tells image and classes: leave out --image and --classes");
  if (request.classes == 0) throw ConfigError("--classes must be at least 1");
  if (request.model == "list") {
    request.json ? list_models_json() : list_models();
  } else {
    show(request);
  }
  return 0;
}

}  // namespace ltlab::app
