#include "ltlab/nn/model_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/base/names.h"
#include "ltlab/base/text.h"

namespace ltlab {
namespace {

using TextLayer = ModelText::Layer;
using Words = std::vector<std::string>;

constexpr std::size_t kMostLayers = 10'000;
constexpr std::size_t kLargestNumber = 1'000'000;
constexpr std::size_t kMostLines = 10'000'000;  // lines read, repeated ones counted each time
constexpr std::size_t kDeepest = 100;           // blocks within blocks

const Words kKinds{"conv",    "linear",   "batch-norm", "max-pool", "average-pool", "global-average-pool",
                   "dropout", "residual", "repeat",     "end",      "inputs"};

struct Line {
  std::string where;  // "line 3 ('conv 16')"
  Words words;
};

// Lines end at newlines and semicolons; in a text on one line, the parts between semicolons are counted.
std::vector<Line> split_lines(const std::string& text) {
  const bool one_line = text.find('\n') == std::string::npos;
  std::vector<Line> lines;
  std::size_t number = 1;  // of the part, or line
  for (const std::string& line : split(text, '\n')) {
    for (const std::string& part : split(line.substr(0, line.find('#')), ';')) {
      Words words = split_words(part);
      const std::string where =
          (one_line ? "part " : "line ") + std::to_string(number) + " ('" + join(words, " ") + "')";
      if (!words.empty()) lines.push_back({where, std::move(words)});
      if (one_line) ++number;
    }
    if (!one_line) ++number;
  }
  return lines;
}

bool is_setting(const Line& line) {
  return line.words.size() == 3 && line.words[1] == "=";
}

class Parser {
 public:
  explicit Parser(const std::string& text) : lines_(split_lines(text)) {}

  ModelText parse() {
    block(0, lines_.size());
    check_last_layer();
    drop_needless_biases();
    return std::move(model_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw ConfigError("model, " + (line_ ? line_->where : std::string("its end")) + ": " + message);
  }

  // Reads lines first, ..., last - 1, between which every block begins and ends.
  void block(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      line_ = &lines_[i];
      count_line();
      const std::string& kind = line_->words.front();
      if (is_setting(*line_)) {
        setting();
      } else if (kind == "repeat" || kind == "residual") {
        const std::size_t end = end_of(i);
        kind == "repeat" ? repeat(i, end) : residual(i, end);
        i = end;
      } else {
        statement();
      }
    }
  }

  // Returns the line that ends the block begun by line i.
  std::size_t end_of(std::size_t i) {
    std::size_t depth = 0;
    for (std::size_t end = i; end < lines_.size(); ++end) {
      const std::string& word = lines_[end].words.front();
      if (word == "repeat" || word == "residual") ++depth;
      if (depth > kDeepest) fail("more than " + std::to_string(kDeepest) + " blocks lie within each other");
      if (word == "end" && --depth == 0) return end;
    }
    fail("nothing ends this block: a line 'end' must follow its lines");
  }

  void repeat(std::size_t begin, std::size_t end) {
    Words options = take_words();
    const std::size_t times = number(take(options, "how many times"), 0);
    refuse(options);
    if (lines_[end].words.size() > 1) {
      line_ = &lines_[end];
      fail("the end of a 'repeat' takes no words");
    }
    for (std::size_t n = 0; n < times; ++n) {
      count_line();  // also if there is none to repeat
      block(begin + 1, end);
    }
  }

  void count_line() {
    if (++lines_read_ > kMostLines)
      fail("lines are repeated until there are more than " + std::to_string(kMostLines));
  }

  void residual(std::size_t begin, std::size_t end) {
    refuse(take_words());
    const std::size_t shortcut = model_.layers.size();
    append({TextLayer::Kind::shortcut, numbered("shortcut"), line_->where});
    block(begin + 1, end);
    line_ = &lines_[end];
    Words options = take_words();
    const bool relu = take_flag(options, "relu");
    refuse(options);
    TextLayer& last = model_.layers.back();
    if (model_.layers.size() == shortcut + 1) fail("there must be layers between 'residual' and its 'end'");
    if (last.relu || last.adds_shortcut || last.kind == TextLayer::Kind::max_pooling)
      fail("the shortcut cannot come on top of '" + last.name +
           "': the last line of a residual block must be conv, linear or batch-norm without relu, "
           "average-pool or dropout");
    last.adds_shortcut = true;
    last.sum_relu = relu;
    last.shortcut = shortcut;
    model_.layers[shortcut].block_end = model_.layers.size() - 1;
  }

  void statement() {
    using Kind = TextLayer::Kind;
    const std::string kind = line_->words.front();
    Words options = take_words();
    if (kind == "inputs") {
      model_.inputs = number(take(options, "the number of an image's values"), 1);
    } else if (kind == "conv") {
      convolution(options);
    } else if (kind == "linear") {
      TextLayer layer{Kind::linear, numbered("fc"), line_->where};
      const std::string outputs = take(options, "the number of outputs");
      if (outputs != "classes") layer.outputs = number(outputs, 1);
      layer.relu = take_flag(options, "relu");
      append(layer);
    } else if (kind == "batch-norm") {
      TextLayer layer{Kind::batch_norm, numbered("bn"), line_->where};
      layer.relu = take_flag(options, "relu");
      append(layer);
    } else if (kind == "max-pool") {
      pooling(Kind::max_pooling, options);
    } else if (kind == "average-pool") {
      pooling(Kind::average_pooling, options);
    } else if (kind == "global-average-pool") {
      append({Kind::global_average_pooling, numbered("pool"), line_->where});
    } else if (kind == "dropout") {
      TextLayer layer{Kind::dropout, numbered("dropout"), line_->where};
      layer.rate = rate(take(options, "the share of values to drop"));
      append(layer);
    } else if (kind == "end") {
      fail("there is no 'residual' or 'repeat' that this would end");
    } else {
      fail(std::string(unknown_name("layer", kind, kKinds).what()) + ", and settings NAME = NUMBER");
    }
    refuse(options);
  }

  void setting() {
    const std::string& name = line_->words[0];
    const bool taken = name == "classes" || std::ranges::count(kKinds, name) > 0;
    if (taken || !std::isalpha(static_cast<unsigned char>(name[0])) ||
        name.find_first_of("*-") != std::string::npos)
      fail("'" + name +
           "' cannot be the name of a setting: it begins with a letter, has neither * nor -, and is neither "
           "'classes' nor a layer");
    settings_[name] = number(line_->words[2], 0);
  }

  void convolution(Words& options) {
    TextLayer layer{TextLayer::Kind::convolution, numbered("conv"), line_->where};
    layer.outputs = number(take(options, "the number of channels"), 1);
    layer.height = layer.width = 3;
    if (!options.empty() && is_window(options.front())) take_window(options, layer);
    layer.stride = take_option(options, "stride", 1).value_or(1);
    layer.padding = take_option(options, "padding", 0);
    layer.relu = take_flag(options, "relu");
    append(layer);
  }

  void pooling(TextLayer::Kind kind, Words& options) {
    TextLayer layer{kind, numbered("pool"), line_->where};
    if (options.empty() || !is_window(options.front())) fail("the window is missing, as in 2x2");
    take_window(options, layer);
    layer.stride = take_option(options, "stride", 1).value_or(layer.height);
    if (kind == TextLayer::Kind::max_pooling) layer.relu = take_flag(options, "relu");
    append(layer);
  }

  // Returns the words after the first.
  Words take_words() const { return {line_->words.begin() + 1, line_->words.end()}; }

  std::string take(Words& options, const std::string& what) {
    if (options.empty()) fail(what + " is missing");
    std::string word = options.front();
    options.erase(options.begin());
    return word;
  }

  bool take_flag(Words& options, const std::string& flag) const {
    const std::size_t times = std::erase(options, flag);
    if (times > 1) fail("'" + flag + "' is given twice");
    return times > 0;
  }

  // Returns the number after the word `name`, which must be at least `least`.
  std::optional<std::size_t> take_option(Words& options, const std::string& name, std::size_t least) {
    const auto found = std::ranges::find(options, name);
    if (found == options.end()) return std::nullopt;
    if (found + 1 == options.end()) fail("a number must follow '" + name + "'");
    const std::size_t value = number(*(found + 1), least);
    options.erase(found, found + 2);
    if (std::ranges::count(options, name) > 0) fail("'" + name + "' is given twice");
    return value;
  }

  void refuse(const Words& options) const {
    if (options.empty()) return;
    const Words known{"relu", "stride", "padding"};
    fail("'" + options.front() + "' is not understood here" + suggestion(options.front(), known));
  }

  static bool is_window(const std::string& word) {
    const auto by = word.find('x');
    return by != std::string::npos && word.find_first_not_of("0123456789x") == std::string::npos;
  }

  void take_window(Words& options, TextLayer& layer) {
    const std::string window = take(options, "the window");
    const auto by = window.find('x');
    layer.height = number(window.substr(0, by), 1);
    layer.width = number(window.substr(by + 1), 1);
  }

  // Reads "16", "width", "16*width", "blocks-1".
  std::size_t number(const std::string& word, std::size_t least) const {
    const auto operation = word.find_first_of("*-");
    std::size_t value = plain_number(word.substr(0, operation), word);
    if (operation != std::string::npos) {
      const std::size_t other = plain_number(word.substr(operation + 1), word);
      if (word[operation] == '-' && other > value) fail("'" + word + "' is below 0");
      value = word[operation] == '*' ? value * other : value - other;
    }
    if (value < least) fail("'" + word + "' must be at least " + std::to_string(least));
    if (value > kLargestNumber) fail("'" + word + "' is too large");
    return value;
  }

  std::size_t plain_number(const std::string& text, const std::string& word) const {
    const auto setting = settings_.find(text);
    if (setting != settings_.end()) return setting->second;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > kLargestNumber)
      fail("'" + word +
           "' is no number: numbers are whole, up to a million, or settings made above by a line "
           "NAME = NUMBER, or two such with * or - between");
    return value;
  }

  double rate(const std::string& word) const {
    double value = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !(value >= 0 && value < 1))
      fail("'" + word + "' is no share: it must be at least 0 and below 1");
    return value;
  }

  std::string numbered(const std::string& kind) { return kind + std::to_string(++count_[kind]); }

  void append(TextLayer layer) {
    if (model_.layers.size() == kMostLayers)
      fail("the model has more than " + std::to_string(kMostLayers) + " layers");
    layer.word = line_->words.front();
    model_.layers.push_back(std::move(layer));
  }

  void check_last_layer() {
    line_ = nullptr;
    const bool ends_well = !model_.layers.empty() && model_.layers.back().kind == TextLayer::Kind::linear &&
                           !model_.layers.back().relu && !model_.layers.back().adds_shortcut;
    if (!ends_well) fail("the last line must be 'linear classes', without relu and outside all blocks");
  }

  void drop_needless_biases() {
    for (std::size_t i = 0; i + 1 < model_.layers.size(); ++i) {
      TextLayer& layer = model_.layers[i];
      const bool normalized = model_.layers[i + 1].kind == TextLayer::Kind::batch_norm;
      if (layer.kind == TextLayer::Kind::convolution && normalized && !layer.relu && !layer.adds_shortcut)
        layer.bias = false;
    }
  }

  std::vector<Line> lines_;
  const Line* line_ = nullptr;  // the line being read; null at the end
  ModelText model_;
  std::map<std::string, std::size_t> settings_, count_;
  std::size_t lines_read_ = 0;
};

}  // namespace

ModelText parse_model_text(const std::string& text) {
  return Parser(text).parse();
}

std::string with_settings(const std::string& text,
                          const std::vector<std::pair<std::string, std::string>>& settings) {
  std::map<std::string, std::string> wanted(settings.begin(), settings.end());
  Words known;
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(text[at] == '#' ? "\n" : "\n;#", at), text.size());
    const Line line{"", split_words(text.substr(at, end - at))};
    if (is_setting(line)) known.push_back(line.words[0]);
    const auto found = is_setting(line) ? wanted.find(line.words[0]) : wanted.end();
    result += found == wanted.end() ? text.substr(at, end - at) : found->first + " = " + found->second;
    if (end < text.size() && text[end] != '#') result += text[end];
    at = end + (end < text.size() && text[end] == '#' ? 0 : 1);
  }
  for (const auto& [name, value] : settings) {
    if (known.empty()) throw ConfigError("the model has no setting '" + name + "', nor any other");
    if (std::ranges::count(known, name) == 0) throw unknown_name("setting of the model", name, known);
  }
  return result;
}

std::string one_line(const std::string& text) {
  return join(split_lines(text), "; ", [](const Line& line) { return join(line.words, " "); });
}

}  // namespace ltlab
