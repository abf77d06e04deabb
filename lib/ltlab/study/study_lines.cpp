#include "ltlab/study/study_lines.h"

#include <algorithm>
#include <limits>

#include "ltlab/base/error.h"
#include "ltlab/base/text.h"
#include "ltlab/config/values.h"

namespace ltlab {
namespace {

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ',')) words.push_back(trimmed(word));
  return words;
}

QuotedNumber read_quote(const std::string& text) {
  const auto comma = text.find(',');
  QuotedNumber quoted;
  try {
    parse_value(trimmed(text.substr(0, comma)), quoted.value);
  } catch (const WrongKind&) {
    throw ConfigError("write the number that was printed, a comma, and where: 2.51, figure 3");
  }
  if (comma != std::string::npos) quoted.source = trimmed(text.substr(comma + 1));
  return quoted;
}

std::uint64_t read_count(const std::string& word) {
  const std::optional<std::uint64_t> count = parse_count(word);
  if (!count) throw ConfigError("'" + word + "' is not " + kWholeNumber);
  return *count;
}

std::vector<unsigned> read_looks(const std::string& text) {
  std::vector<unsigned> looks;
  for (const std::string& word : list_of(text)) {
    const std::uint64_t seeds = read_count(word);
    if (seeds < 2 || seeds > std::numeric_limits<unsigned>::max() ||
        (!looks.empty() && seeds <= looks.back()))
      throw ConfigError("looks are rising numbers of seeds, the first 2 or more");
    looks.push_back(static_cast<unsigned>(seeds));
  }
  return looks;
}

// The kinds of study lines that have a name of their own after the first dot.
constexpr std::string_view kNamedKinds[] = {"claim", "quote", "family", "exclude", "deviation"};

// Reads one line into the study.
void read_line(const std::string& kind, const std::string& name, const std::string& text, StudyLines& to) {
  if (kind == "question") to.question = text;
  if (kind == "source") to.source = text;
  if (kind == "looks") to.looks = read_looks(text);
  if (kind == "claim") to.claims.push_back(parse_claim(name, text));
  if (kind == "quote") to.quotes[name] = read_quote(text);
  if (kind == "family") to.families[name] = list_of(text);
  if (kind == "exclude") to.exclusions[read_count(name)] = text;
  if (kind == "deviation") to.deviations[name] = text;
}

void require_claim(const StudyLines& study, const std::string& line, const std::string& name) {
  std::vector<std::string> names;
  for (const Claim& claim : study.claims) names.push_back(claim.name);
  if (std::ranges::count(names, name) == 0)
    throw ConfigError("'" + line + "': " + unknown_name("claim", name, names).what());
}

void check_names(const StudyLines& study) {
  for (const auto& [name, quoted] : study.quotes) require_claim(study, "quote." + name, name);
  std::set<std::string> in_family;
  for (const auto& [family, claims] : study.families) {
    for (const std::string& name : claims) {
      require_claim(study, "family." + family, name);
      if (!in_family.insert(name).second)
        throw ConfigError("'family." + family + "': claim '" + name + "' is in another family already");
    }
  }
}

}  // namespace

bool is_study_line(const std::string& name) {
  if (name == "question" || name == "source" || name == "looks") return true;
  const std::string kind = name.substr(0, name.find('.'));
  return kind.size() < name.size() && std::ranges::count(kNamedKinds, kind) > 0;
}

StudyLines read_study_lines(const ConfigLines& lines) {
  StudyLines study;
  for (const auto& [name, text] : lines) {
    const auto dot = name.find('.');
    try {
      read_line(name.substr(0, dot), dot == std::string::npos ? "" : name.substr(dot + 1), text, study);
    } catch (const ConfigError& error) {
      throw ConfigError("'" + name + "': " + error.what());
    }
  }
  check_names(study);
  return study;
}

void check_variants(const StudyLines& study, const std::vector<std::string>& variants) {
  const auto check = [&](const Claim& claim, const std::string& variant) {
    if (std::ranges::count(variants, variant) == 0)
      throw ConfigError("'claim." + claim.name + "': " + unknown_name("variant", variant, variants).what());
  };
  for (const Claim& claim : study.claims) {
    check(claim, claim.of.variant);
    if (claim.to) check(claim, claim.to->variant);
    if (claim.unlike) check(claim, *claim.unlike);
  }
}

}  // namespace ltlab
