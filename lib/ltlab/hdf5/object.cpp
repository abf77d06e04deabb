#include "ltlab/hdf5/object.h"

#include <hdf5.h>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/library.h"
#include "ltlab/hdf5/limits.h"

namespace ltlab::hdf5 {
namespace {

void write_attribute(hid_t object, const std::string& where, const std::string& name, hid_t file_type,
                     hid_t memory_type, const void* value) {
  const Handle space(H5Screate(H5S_SCALAR));
  const Handle attribute(check(
      H5Acreate2(object, name.c_str(), file_type, space.id(), H5P_DEFAULT, H5P_DEFAULT), where, "create it"));
  check(H5Awrite(attribute.id(), memory_type, value), where, "write it");
}

bool is_variable(hid_t type, const std::string& where) {
  return check(H5Tis_variable_str(type), where, "read its type") > 0;
}

std::string read_variable_string(hid_t attribute, hid_t type, const std::string& where) {
  const Handle memory_type(H5Tcopy(H5T_C_S1));
  check_made(H5Tset_size(memory_type.id(), H5T_VARIABLE));
  const auto set = static_cast<H5T_cset_t>(check(H5Tget_cset(type), where, "read its type"));
  check_made(H5Tset_cset(memory_type.id(), set));
  char* text = nullptr;
  check(H5Aread(attribute, memory_type.id(), &text), where, "read it");
  return text ? check_text(text, where, "read it") : "";
}

std::string read_string(hid_t attribute, hid_t type, const std::string& where) {
  if (is_variable(type, where)) return read_variable_string(attribute, type, where);
  std::string value(check_size(H5Tget_size(type), where, "read its type"), '\0');
  check(H5Aread(attribute, type, value.data()), where, "read it");
  value.resize(value.find_last_not_of('\0') + 1);
  return value;
}

template <class Number>
Number read_number(hid_t attribute, const std::string& where) {
  Number value = 0;
  check(H5Aread(attribute, number_types<Number>().memory, &value), where, "read it");
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
  return collect_names(H5Aiterate2, id(), where(), "list its attributes");
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
  if (H5Aget_storage_size(attribute.id()) > kMostAttributeBytes) throw StoreError(here + " is too long");
  if (check(H5Sget_simple_extent_npoints(space.id()), here, "read its extent") != 1)
    throw StoreError(here + " is not a single value");
  const std::int64_t kind = check(H5Tget_class(type.id()), here, "read its type");
  if (kind == H5T_STRING) return read_string(attribute.id(), type.id(), here);
  if (kind == H5T_FLOAT) return read_number<double>(attribute.id(), here);
  if (kind == H5T_INTEGER) return read_number<std::uint64_t>(attribute.id(), here);
  throw StoreError(here + " is neither a string nor a number");
}

Attribute Object::attribute_like(const std::string& name, const Attribute& like) const {
  constexpr const char* kTypes[] = {"a string", "a floating-point number", "an integer"};
  Attribute value = attribute(name);
  if (value.index() == like.index()) return value;
  throw StoreError(where() + ", attribute '" + name + "' is not " + kTypes[like.index()]);
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
