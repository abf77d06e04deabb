#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"

namespace ltlab {

/// Parses a text that anybody may have written. DataError where objects and arrays are nested more than a
/// hundred deep, since whatever walks a document calls itself; nlohmann::json::exception where it is no JSON.
nlohmann::ordered_json parse_json(const std::string& text);

/// Returns a number that has neither sign nor fraction. DataError where it is none, or is too large.
template <std::unsigned_integral Number>
Number whole_number(const nlohmann::ordered_json& value) {
  if (!value.is_number_unsigned() || !std::in_range<Number>(value.get<std::uint64_t>()))
    throw DataError("it has " + value.dump() + " where a whole number belongs");
  return value.get<Number>();
}

/// Returns what `read` makes of a file's document, which should be a `kind` ("replication package").
/// DataError where it is none, naming the file; errors of read_text().
template <class Read>
auto read_json(const std::filesystem::path& path, const std::string& kind, std::uintmax_t longest,
               const Read& read) {
  const std::string text = read_text(path, longest);
  const auto none = [&](const std::string& why) {
    return DataError(in_quotes(path) + " is no " + kind + ": " + why);
  };
  try {
    return read(parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    throw none(error.what());
  } catch (const DataError& error) {
    throw none(error.what());
  }
}

}  // namespace ltlab
