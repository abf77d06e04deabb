#include "ltlab/hdf5/object.h"

#include <hdf5.h>

#include <algorithm>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

Handle string_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.id(), std::max<std::size_t>(bytes, 1));  // HDF5 knows no string of length 0
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

void write_attribute(hid_t object, const std::string& where, const std::string& name, hid_t file_type,
                     hid_t memory_type, const void* value) {
  const Handle space(H5Screate(H5S_SCALAR));
  const Handle attribute(check(
      H5Acreate2(object, name.c_str(), file_type, space.id(), H5P_DEFAULT, H5P_DEFAULT), where, "create it"));
  check(H5Awrite(attribute.id(), memory_type, value), where, "write it");
}

std::string read_string(hid_t attribute, hid_t type, const std::string& where) {
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    const Handle memory_type(H5Tcopy(H5T_C_S1));
    H5Tset_size(memory_type.id(), H5T_VARIABLE);
    H5Tset_cset(memory_type.id(), H5Tget_cset(type));
    check(H5Aread(attribute, memory_type.id(), &text), where, "read it");
    std::string value = text ? text : "";
    H5free_memory(text);
    return value;
  }
  std::string value(H5Tget_size(type), '\0');
  check(H5Aread(attribute, type, value.data()), where, "read it");
  value.resize(value.find_last_not_of('\0') + 1);
  return value;
}

}  // namespace

Object::Object(Handle handle, std::string file_name, std::string path)
    : handle_(std::move(handle)), file_name_(std::move(file_name)), path_(std::move(path)) {}

std::string Object::where() const {
  return "'" + file_name_ + "'" + (path_ == "/" ? std::string() : " at '" + path_ + "'");
}

std::vector<std::string> Object::attribute_names() const {
  const LibraryLock lock;
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  hsize_t position = 0;
  check(H5Aiterate2(id(), H5_INDEX_NAME, H5_ITER_NATIVE, &position, collect, &names), where(),
        "list its attributes");
  std::sort(names.begin(), names.end());
  return names;
}

bool Object::has_attribute(const std::string& name) const {
  const LibraryLock lock;
  return check(H5Aexists(id(), name.c_str()), where(), "look for attribute '" + name + "'") > 0;
}

Attribute Object::attribute(const std::string& name) const {
  const LibraryLock lock;
  const std::string here = where() + ", attribute '" + name + "'";
  if (!has_attribute(name)) throw StoreError(here + " is missing");
  const Handle attribute(check(H5Aopen(id(), name.c_str(), H5P_DEFAULT), here, "open it"));
  const Handle type(check(H5Aget_type(attribute.id()), here, "read its type"));
  const Handle space(check(H5Aget_space(attribute.id()), here, "read its extent"));
  if (H5Sget_simple_extent_npoints(space.id()) != 1) throw StoreError(here + " is not a single value");
  switch (H5Tget_class(type.id())) {
    case H5T_STRING:
      return read_string(attribute.id(), type.id(), here);
    case H5T_FLOAT: {
      double value = 0;
      check(H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, &value), here, "read it");
      return value;
    }
    case H5T_INTEGER: {
      std::uint64_t value = 0;
      check(H5Aread(attribute.id(), H5T_NATIVE_UINT64, &value), here, "read it");
      return value;
    }
    default:
      throw StoreError(here + " is neither a string nor a number");
  }
}

std::string Object::string_attribute(const std::string& name) const {
  const Attribute value = attribute(name);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  throw StoreError(where() + ", attribute '" + name + "' is not a string");
}

double Object::double_attribute(const std::string& name) const {
  const Attribute value = attribute(name);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  throw StoreError(where() + ", attribute '" + name + "' is not a floating-point number");
}

std::uint64_t Object::unsigned_attribute(const std::string& name) const {
  const Attribute value = attribute(name);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  throw StoreError(where() + ", attribute '" + name + "' is not an integer");
}

void Object::set_attribute(const std::string& name, const Attribute& value) {
  const LibraryLock lock;
  const std::string here = where() + ", attribute '" + name + "'";
  if (has_attribute(name)) check(H5Adelete(id(), name.c_str()), here, "replace it");
  if (const auto* text = std::get_if<std::string>(&value)) {
    const Handle type = string_type(text->size());
    write_attribute(id(), here, name, type.id(), type.id(), text->c_str());
  } else if (const auto* number = std::get_if<double>(&value)) {
    write_attribute(id(), here, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, number);
  } else {
    write_attribute(id(), here, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &std::get<std::uint64_t>(value));
  }
}

}  // namespace ltlab::hdf5
