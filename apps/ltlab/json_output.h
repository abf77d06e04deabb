#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/store/fields.h"

/// Lets JSON be made of an optional value: null where there is none.
template <class Value>
struct nlohmann::adl_serializer<std::optional<Value>> {
  template <class Json>
  static void to_json(Json& json, const std::optional<Value>& value) {
    if (value)
      json = *value;
    else
      json = nullptr;
  }
};

namespace ltlab::app {

/// Returns the value where it is `known`, else null.
template <class Value>
nlohmann::ordered_json json_if(bool known, const Value& value) {
  return known ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

/// Returns an array of what `to_json` makes of each item.
template <class Items, class ToJson>
nlohmann::ordered_json json_array(const Items& items, const ToJson& to_json) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const auto& item : items) array.push_back(to_json(item));
  return array;
}

/// Returns all fields of a record by name, as masks/README.md describes them; null for an unknown value.
template <class Record>
nlohmann::ordered_json record_json(const Record& record) {
  nlohmann::ordered_json json;
  for (const Field<Record>& field : fields<Record>())
    std::visit([&](const auto& value) { json[field.name] = value; }, field.get(record));
  return json;
}

/// Returns the document's text, on one line or indented. What is not UTF-8 in it, as a path need not be, is
/// replaced.
std::string json_text(const nlohmann::ordered_json& document, int indent = -1);

/// Prints a document, indented.
void print_json(std::ostream& out, const nlohmann::ordered_json& document);

/// Prints CSV: the line of names, and a line for each row, whose fields are all values inside it, however
/// deep. Numbers have nine digits; null is an empty field.
void print_csv(std::ostream& out, const std::string& names, const std::vector<nlohmann::ordered_json>& rows);

}  // namespace ltlab::app
