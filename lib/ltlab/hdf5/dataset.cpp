#include "ltlab/hdf5/dataset.h"

#include <hdf5.h>

#include <algorithm>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

constexpr auto kReadType = "read its type";

ElementType describe(hid_t type, const std::string& where);

std::string describe_members(hid_t type, const std::string& where) {
  std::string members;
  const auto count = static_cast<unsigned>(check(H5Tget_nmembers(type), where, kReadType));
  for (unsigned i = 0; i < count; ++i) {
    const Handle member(check(H5Tget_member_type(type, i), where, kReadType));
    if (!members.empty()) members += ',';
    members +=
        check_text(H5Tget_member_name(type, i), where, kReadType) + ':' + describe(member.id(), where).name;
  }
  return members;
}

std::string number_name(const std::string& stem, hid_t type, std::size_t bytes, const std::string& where) {
  std::string name = stem + std::to_string(bytes * 8);
  const std::size_t precision = check_size(H5Tget_precision(type), where, kReadType);
  if (precision != bytes * 8) name += " (" + std::to_string(precision) + " bit)";
  if (bytes > 1 && check(H5Tget_order(type), where, kReadType) == H5T_ORDER_BE) name += " big-endian";
  return name;
}

ElementType describe(hid_t type, const std::string& where) {
  const std::size_t bytes = check_size(H5Tget_size(type), where, kReadType);
  const std::int64_t kind = check(H5Tget_class(type), where, kReadType);
  if (kind == H5T_INTEGER) {
    const bool is_signed = check(H5Tget_sign(type), where, kReadType) == H5T_SGN_2;
    return {ElementClass::integer, bytes, is_signed,
            number_name(is_signed ? "int" : "uint", type, bytes, where)};
  }
  if (kind == H5T_FLOAT)
    return {ElementClass::floating, bytes, true, number_name("float", type, bytes, where)};
  if (kind == H5T_STRING) {
    if (check(H5Tis_variable_str(type), where, kReadType) > 0)
      return {ElementClass::other, bytes, false, "variable-length string"};
    return {ElementClass::string, bytes, false, "string[" + std::to_string(bytes) + "]"};
  }
  if (kind == H5T_COMPOUND)
    return {ElementClass::compound, bytes, false, "compound{" + describe_members(type, where) + "}"};
  return {ElementClass::other, bytes, false, "neither number, string nor table"};
}

}  // namespace

Dataset::Dataset(Handle handle, std::string file_name, std::string path)
    : Object(std::move(handle), std::move(file_name), std::move(path)) {
  const LibraryLock lock;
  const Handle type(check(H5Dget_type(id()), where(), kReadType));
  const Handle space(check(H5Dget_space(id()), where(), "read its shape"));
  if (check(H5Sget_simple_extent_type(space.id()), where(), "read its shape") == H5S_NULL)
    throw StoreError(where() + " holds nothing");
  const auto rank = check(H5Sget_simple_extent_ndims(space.id()), where(), "read its shape");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.id(), extents.data(), nullptr), where(), "read its shape");
  shape_.assign(extents.begin(), extents.end());
  element_ = describe(type.id(), where());
}

void Dataset::read_as(std::int64_t memory_type, void* values, std::size_t count) const {
  if (count != size()) {
    throw ConfigError(where() + " has " + std::to_string(size()) + " elements, but is read into room for " +
                      std::to_string(count));
  }
  if (count == 0) return;
  const LibraryLock lock;
  check(H5Dread(id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), where(), "read it");
}

void Dataset::read(const Numbers& values) const {
  const auto read_numbers = [&]<class Number>(std::span<Number> numbers) {
    read_as(number_types<Number>().memory, numbers.data(), numbers.size());
  };
  std::visit(read_numbers, values);
}

std::vector<std::byte> Dataset::read_raw() const {
  if (element_.kind == ElementClass::other)
    throw StoreError(where() + " has elements of an unsupported type");
  const LibraryLock lock;
  const Handle type(check(H5Dget_type(id()), where(), kReadType));
  std::vector<std::byte> bytes(size() * element_.bytes);
  read_as(type.id(), bytes.data(), size());
  return bytes;
}

}  // namespace ltlab::hdf5
