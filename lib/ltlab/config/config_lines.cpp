#include "ltlab/config/config_lines.h"

#include "ltlab/base/error.h"
#include "ltlab/base/text.h"

namespace ltlab {
namespace {

char unescaped(char escape) {
  if (escape == 'n') return '\n';
  if (escape == '"' || escape == '\\') return escape;
  throw ConfigError(
      std::string("in quotation marks \\") + escape +
      R"( means nothing: write \\ for a backslash, \" for a quotation mark, \n for a line break)");
}

// Returns a value, and what follows its closing quotation mark.
std::pair<std::string, std::string> unquoted(const std::string& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return {value, text.substr(i + 1)};
    value += text[i] == '\\' && i + 1 < text.size() ? unescaped(text[++i]) : text[i];
  }
  throw ConfigError("a quotation mark has no second one: " + text);
}

std::string without_comment(const std::string& text) {
  return trimmed(text.substr(0, text.find('#')));
}

std::string written_value(const std::string& text) {
  const std::string value = trimmed(text);
  if (!value.starts_with('"')) return without_comment(value);
  const auto [inside, rest] = unquoted(value);
  if (!without_comment(rest).empty()) throw ConfigError("'" + rest + "' follows the closing quotation mark");
  return inside;
}

bool needs_quotes(const std::string& value) {
  return value != without_comment(value) || value.find('\n') != std::string::npos || value.starts_with('"');
}

std::pair<std::string, std::string> written_line(const std::string& line) {
  const auto equals = line.find('=');
  const std::string name = trimmed(line.substr(0, equals));
  if (equals == std::string::npos || name.empty())
    throw ConfigError("'" + trimmed(line) + "' is no setting: write NAME = VALUE");
  return {name, written_value(line.substr(equals + 1))};
}

}  // namespace

std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + '"';
}

std::string stored_line(const std::string& name, const std::string& value) {
  const bool plain = value.find('\n') == std::string::npos && !value.starts_with('"');
  return name + " = " + (plain ? value : quoted(value)) + '\n';
}

ConfigLines stored_lines(const std::string& text) {
  ConfigLines lines;
  for (const std::string& line : split(text, '\n')) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string value = line.substr(equals + 3);
    lines.emplace_back(line.substr(0, equals), value.starts_with('"') ? unquoted(value).first : value);
  }
  return lines;
}

ConfigLines written_lines(const std::string& text) {
  ConfigLines lines;
  std::string prefix;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const std::string plain = without_comment(line);
    if (plain.empty()) continue;
    if (plain.starts_with('[') && plain.ends_with(']')) {
      prefix = plain.substr(1, plain.size() - 2) + ".";
      continue;
    }
    try {
      lines.push_back(written_line(line));
    } catch (const ConfigError& error) {
      throw ConfigError("line " + std::to_string(number) + ": " + error.what());
    }
    lines.back().first.insert(0, prefix);
  }
  return lines;
}

std::string as_written(const std::string& stored) {
  std::string text;
  for (const auto& [name, value] : stored_lines(stored))
    text += name + " = " + (needs_quotes(value) ? quoted(value) : value) + '\n';
  return text;
}

}  // namespace ltlab
