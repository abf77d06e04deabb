#include "ltlab/base/json_file.h"

namespace ltlab {
namespace {

constexpr int kDeepest = 100;

}  // namespace

nlohmann::ordered_json parse_json(const std::string& text) {
  return nlohmann::ordered_json::parse(
      text, [](int depth, nlohmann::ordered_json::parse_event_t, const nlohmann::ordered_json&) {
        if (depth > kDeepest) throw DataError("it is nested more than " + std::to_string(kDeepest) + " deep");
        return true;
      });
}

}  // namespace ltlab
