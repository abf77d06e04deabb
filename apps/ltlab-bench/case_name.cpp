#include "cases.h"

namespace ltlab::bench {

std::string case_name(const std::string& family, const std::string& extents, std::size_t batch,
                      double density, const std::string& part) {
  std::string percent = std::to_string(100 * density);
  percent.erase(percent.find_last_not_of('0') + 1);
  if (percent.ends_with('.')) percent.pop_back();
  return family + "/" + extents + "/batch:" + std::to_string(batch) + "/density:" + percent + "/" + part;
}

}  // namespace ltlab::bench
