#include "ltlab/store/content_digest.h"

#include <cstdint>
#include <span>

#include "ltlab/base/sha256.h"

namespace ltlab {
namespace {

void add_number(Sha256& hash, std::uint64_t number) {
  hash.add(std::as_bytes(std::span(&number, 1)));
}

void add_number(Sha256& hash, double number) {
  hash.add(std::as_bytes(std::span(&number, 1)));
}

// With its length, so that "ab", "c" and "a", "bc" differ.
void add_text(Sha256& hash, const std::string& text) {
  add_number(hash, std::uint64_t{text.size()});
  hash.add(std::as_bytes(std::span(text)));
}

void add_attributes(Sha256& hash, const hdf5::Object& object) {
  for (const std::string& name : object.attribute_names()) {
    if (object.path() == "/" && name == kDigestAttribute) continue;
    add_text(hash, "attribute " + name);
    const hdf5::Attribute value = object.attribute(name);
    add_number(hash, std::uint64_t{value.index()});
    if (const auto* text = std::get_if<std::string>(&value)) add_text(hash, *text);
    if (const auto* number = std::get_if<double>(&value)) add_number(hash, *number);
    if (const auto* number = std::get_if<std::uint64_t>(&value)) add_number(hash, *number);
  }
}

void add_dataset(Sha256& hash, const hdf5::Dataset& dataset) {
  add_text(hash, "dataset " + dataset.path() + " " + dataset.element().name);
  add_number(hash, std::uint64_t{dataset.shape().size()});
  for (const std::size_t extent : dataset.shape()) add_number(hash, std::uint64_t{extent});
  hash.add(dataset.read_raw());
  add_attributes(hash, dataset);
}

void add_group(Sha256& hash, const hdf5::Group& group) {
  add_text(hash, "group " + group.path());
  add_attributes(hash, group);
  for (const hdf5::Link& link : group.links()) {
    if (link.kind == hdf5::LinkKind::group) add_group(hash, group.group(link.name));
    if (link.kind == hdf5::LinkKind::dataset) add_dataset(hash, group.dataset(link.name));
  }
}

}  // namespace

std::string content_digest(const hdf5::File& file) {
  Sha256 hash;
  add_group(hash, file);
  return hash.hex();
}

}  // namespace ltlab
