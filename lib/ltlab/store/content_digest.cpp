#include "ltlab/store/content_digest.h"

#include <cstddef>
#include <string>
#include <variant>

#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/hdf5/limits.h"

namespace ltlab {
namespace {

void add_attributes(Sha256& hash, const hdf5::Object& object) {
  for (const std::string& name : object.attribute_names()) {
    if (object.path() == "/" && name == kDigestAttribute) continue;
    hash.add_value("attribute " + name);
    const hdf5::Attribute value = object.attribute(name);
    hash.add_value(value.index());
    std::visit([&](const auto& one) { hash.add_value(one); }, value);
  }
}

// Counts what a walk through a file meets: shared groups can make it meet an entry many times, so limits on
// each alone would not suffice.
class Budget {
 public:
  explicit Budget(const hdf5::File& file)
      : where_(file.where()), bytes_(hdf5::kFreeBytes + hdf5::kMostExpansion * file.bytes()) {}

  void spend_entry(std::size_t depth) {
    if (depth > hdf5::kMostDepth)
      throw StoreError(where_ + " nests groups more than " + std::to_string(hdf5::kMostDepth) + " deep");
    if (entries_-- == 0)
      throw StoreError(where_ + " has more than " + std::to_string(hdf5::kMostEntries) + " entries");
  }
  void spend_bytes(std::size_t bytes) {
    if (bytes > bytes_) throw StoreError(where_ + " states more values than a file of its length can hold");
    bytes_ -= bytes;
  }

 private:
  std::string where_;
  std::size_t entries_ = hdf5::kMostEntries;
  std::size_t bytes_;
};

// The links that the digest skips may only lead from a run to its levels and members.
void check_link(const hdf5::Group& group, const hdf5::Link& link) {
  if (link.kind == hdf5::LinkKind::external && group.path() == "/" && group.has_attribute("kind")) {
    const std::string kind = group.string_attribute("kind");
    if (kind == "run" || kind == "collection") return;
  }
  throw StoreError(group.where() + ": '" + link.name + "' is no array or group of this file");
}

void add_dataset(Sha256& hash, const hdf5::Dataset& dataset) {
  hash.add_value("dataset " + dataset.path() + " " + dataset.element().name);
  hash.add_value(dataset.shape().size());
  for (const std::size_t extent : dataset.shape()) hash.add_value(extent);
  hash.add(dataset.read_raw());
  add_attributes(hash, dataset);
}

void add_group(Sha256& hash, const hdf5::Group& group, std::size_t depth, Budget& budget) {
  hash.add_value("group " + group.path());
  add_attributes(hash, group);
  for (const hdf5::Link& link : group.links()) {
    budget.spend_entry(depth);
    if (link.kind == hdf5::LinkKind::group) {
      add_group(hash, group.group(link.name), depth + 1, budget);
    } else if (link.kind == hdf5::LinkKind::dataset) {
      const hdf5::Dataset dataset = group.dataset(link.name);
      budget.spend_bytes(dataset.size() * dataset.element().bytes);
      add_dataset(hash, dataset);
    } else {
      check_link(group, link);
    }
  }
}

}  // namespace

std::string content_digest(const hdf5::File& file) {
  Sha256 hash;
  Budget budget(file);
  add_group(hash, file, 0, budget);
  return hash.hex();
}

}  // namespace ltlab
