#include "ltlab/study/claim.h"

#include <algorithm>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/base/text.h"
#include "ltlab/config/values.h"

namespace ltlab {
namespace {

// Reads a sentence word by word. A comma that ends a word is a word of its own.
class Words {
 public:
  explicit Words(const std::string& text) {
    for (const std::string& word : split_words(text)) {
      const bool comma = word.size() > 1 && word.ends_with(',');
      words_.push_back(comma ? word.substr(0, word.size() - 1) : word);
      if (comma) words_.emplace_back(",");
    }
  }

  bool at_end() const { return next_ == words_.size(); }

  // Takes the words if they come next.
  bool takes(const std::string& words) {
    const std::vector<std::string> asked = split_words(words);
    if (words_.size() - next_ < asked.size() ||
        !std::equal(asked.begin(), asked.end(), words_.begin() + place()))
      return false;
    next_ += asked.size();
    return true;
  }

  void expect(const std::string& words) {
    if (!takes(words)) refuse("'" + words + "'");
  }

  std::string take(const std::string& what) {
    if (at_end() || words_[next_] == ",") refuse(what);
    return words_[next_++];
  }

  double take_number(const std::string& what) {
    const std::string word = take(what);
    try {
      double value = 0;
      parse_value(word, value);
      return value;
    } catch (const WrongKind&) {
      --next_;
      refuse(what);
    }
  }

  std::vector<double> take_densities() {
    const std::string word = take("a density, as 0.2 or 0.2,0.1");
    std::vector<double> densities;
    for (const std::string& one : split(word, ',')) {
      double density = 0;
      try {
        parse_value(one, density);
      } catch (const WrongKind&) {
        throw ConfigError("'" + one + "' is no density: write a fraction, as 0.2");
      }
      if (!(density > 0 && density <= 1))
        throw ConfigError("a density of " + one + " does not lie above 0 and up to 1, the dense network's");
      densities.push_back(density);
    }
    return densities;
  }

  // Whether the next words are FIGURE of.
  bool sees_figure() const {
    return words_.size() - next_ > 1 && words_[next_ + 1] == "of" && find_row(kFigures, words_[next_]);
  }
  Figure take_figure() {
    const Figure figure = figure_names().parse(take("a figure"));
    expect("of");
    return figure;
  }

  [[noreturn]] void refuse(const std::string& expected) const {
    const std::string before = next_ == 0 ? "at the beginning" : "after '" + words_[next_ - 1] + "'";
    throw ConfigError(before + " " + expected + " is expected, and " +
                      (at_end() ? "nothing follows" : "there is '" + words_[next_] + "'"));
  }

 private:
  std::ptrdiff_t place() const { return static_cast<std::ptrdiff_t>(next_); }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

// Takes a variant and its densities, which may be left out.
Subject take_subject(Words& words) {
  Subject subject{words.take("a variant"), {}};
  if (words.takes("at")) subject.densities = words.take_densities();
  return subject;
}

// Takes the other side, which may name the figure again.
void take_other_side(Words& words, Claim& claim) {
  if (words.sees_figure() && words.take_figure() != claim.figure)
    throw ConfigError("both sides of a claim are about one figure");
  claim.to = take_subject(words);
}

// Gives both sides as many densities.
void complete(Claim& claim) {
  if (!claim.to) return;
  if (claim.to->densities.empty()) claim.to->densities = claim.of.densities;
  if (claim.of.densities.empty()) claim.of.densities = claim.to->densities;
  if (claim.to->densities.size() == 1)
    claim.to->densities.resize(claim.of.densities.size(), claim.to->densities[0]);
  if (claim.to->densities.size() != claim.of.densities.size())
    throw ConfigError("the two sides have different numbers of densities");
}

// Takes a number of the figure's unit.
double take_amount(Words& words, const std::string& what) {
  const double amount = words.take_number(what);
  return words.takes("points") ? amount / 100 : amount;
}

void take_width(Words& words, Claim& claim) {
  words.expect("within");
  claim.width = take_amount(words, "a number");
  claim.width_in_deviations = claim.to && words.takes("sd");
  if (!(claim.width > 0)) throw ConfigError("a claim holds within a number above 0");
}

// Takes "above X", "below X" or "is X within W".
void take_relation_to_number(Words& words, Claim& claim) {
  if (words.takes("is")) {
    claim.relation = Relation::within;
    claim.value = take_amount(words, "a number");
    return take_width(words, claim);
  }
  claim.relation = words.takes("above") ? Relation::above : Relation::below;
  if (claim.relation == Relation::below) words.expect("below");
  claim.value = take_amount(words, "a number");
}

// Takes "from D to D".
void take_course(Words& words, Claim& claim) {
  words.expect("from");
  claim.of.densities = words.take_densities();
  words.expect("to");
  for (const double end : words.take_densities()) claim.of.densities.push_back(end);
  if (claim.of.densities.size() != 2 || claim.of.densities[0] <= claim.of.densities[1])
    throw ConfigError("a course goes from one density to a lower one, as from 0.8 to 0.05");
}

// Takes the rest of "FIGURE of A at D above|below ...".
void take_order(Words& words, Claim& claim, Relation relation) {
  claim.relation = relation;
  double ignored = 0;
  Words ahead = words;
  const std::string word = ahead.take("a number or a variant");
  bool is_number = true;
  try {
    parse_value(word, ignored);
  } catch (const WrongKind&) {
    is_number = false;
  }
  if (is_number) {
    claim.effect = Effect::value;
    claim.value = take_amount(words, "a number");
    return;
  }
  claim.effect = Effect::difference;
  take_other_side(words, claim);
  if (!words.takes("by")) return;
  const double amount = take_amount(words, "a number");
  claim.value = relation == Relation::above ? amount : -amount;
}

// Takes the rest of "FIGURE of A at D as good as|equal to ...".
void take_likeness(Words& words, Claim& claim, Relation relation) {
  claim.effect = Effect::difference;
  claim.relation = relation;
  take_other_side(words, claim);
  take_width(words, claim);
  words.takes(",");
  if (words.takes("unlike")) claim.unlike = words.take("a variant");
}

void take_statement(Words& words, Claim& claim) {
  if (words.takes("above")) return take_order(words, claim, Relation::above);
  if (words.takes("below")) return take_order(words, claim, Relation::below);
  if (words.takes("as good as")) return take_likeness(words, claim, Relation::not_worse);
  if (words.takes("equal to")) return take_likeness(words, claim, Relation::within);
  const bool rises = words.takes("rises");
  if (!rises && !words.takes("falls")) words.refuse("above, below, as good as, equal to, rises or falls");
  claim.effect = Effect::trend;
  claim.relation = rises ? Relation::above : Relation::below;
  take_course(words, claim);
}

void take_claim(Words& words, Claim& claim) {
  const bool ratio = words.takes("ratio of");
  if (ratio || words.takes("difference of")) {
    claim.effect = ratio ? Effect::ratio : Effect::difference;
    claim.figure = words.take_figure();
    claim.of = take_subject(words);
    words.expect("to");
    take_other_side(words, claim);
    return take_relation_to_number(words, claim);
  }
  if (words.takes("exponent of")) {
    claim.effect = Effect::exponent;
    claim.figure = words.take_figure();
    claim.of.variant = words.take("a variant");
    take_course(words, claim);
    return take_relation_to_number(words, claim);
  }
  claim.figure = words.take_figure();
  claim.of = take_subject(words);
  take_statement(words, claim);
}

}  // namespace

Claim parse_claim(const std::string& name, const std::string& text) {
  Claim claim;
  claim.name = name;
  claim.text = text;
  Words words(text);
  take_claim(words, claim);
  if (!words.at_end()) words.refuse("the end of the claim");
  complete(claim);
  if (claim.of.densities.empty()) throw ConfigError("the claim tells no density: add `at 0.2`");
  if (claim.effect == Effect::ratio && claim.relation == Relation::within && claim.value <= claim.width)
    throw ConfigError("a ratio's range lies above 0");
  return claim;
}

}  // namespace ltlab
