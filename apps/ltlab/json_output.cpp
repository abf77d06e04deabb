#include "json_output.h"

#include "format.h"
#include "ltlab/base/join.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

std::string field(const ordered_json& value) {
  if (value.is_null()) return "";
  if (value.is_number_float()) return format("%.9g", value.get<double>());
  return value.is_string() ? csv_field(value.get<std::string>()) : value.dump();
}

}  // namespace

std::string json_text(const ordered_json& document, int indent) {
  return document.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

void print_json(std::ostream& out, const ordered_json& document) {
  out << json_text(document, 2) << '\n';
}

void print_csv(std::ostream& out, const std::string& names, const std::vector<ordered_json>& rows) {
  out << names << '\n';
  for (const ordered_json& row : rows) out << join(row.flatten(), ",", field) << '\n';
}

}  // namespace ltlab::app
