#pragma once

#include <nlohmann/json.hpp>

#include "ltlab/store/fields.h"

namespace ltlab::app {

/// Returns all fields of a record by name, as masks/README.md describes them; null for an unknown value.
template <class Record>
nlohmann::ordered_json record_json(const Record& record) {
  nlohmann::ordered_json json;
  for (const Field<Record>& field : fields<Record>())
    std::visit([&](const auto& value) { json[field.name] = value; }, field.get(record));
  return json;
}

}  // namespace ltlab::app
